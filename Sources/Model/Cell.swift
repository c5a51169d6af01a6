/// One value of an emitted table.
public enum Cell: Hashable, Sendable {
    case null
    case text(String)
    /// A ``ShortText``'s bits.
    case short(UInt64)
    case integer(Int)
    case flag(Bool)
    /// An exact decimal: units of 10^-places.
    case decimal(Int64, places: Int)
    /// A few short values in one cell, joined by `;` in CSV.
    case list([String])

    /// What stands between the items of a list; no item has it.
    public static let listSeparator = UInt8(ascii: ";")

    public static func decimal(_ value: some ExactDecimal) -> Cell {
        .decimal(value.units, places: type(of: value).places)
    }

    public static func decimal(_ value: (some ExactDecimal)?) -> Cell { value.map { .decimal($0) } ?? .null }

    public static func text<Meaning>(_ value: ShortText<Meaning>) -> Cell {
        value.isBlank ? .null : .short(value.bits)
    }

    public static func text(_ value: String?) -> Cell { value.map { .text($0) } ?? .null }

    /// The value as the CSV tables have it; empty for `null`.
    public var text: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the value as ``text`` has it.
    public func append(to bytes: inout [UInt8]) {
        switch self {
        case .null: break
        case .text(let text): bytes.append(contentsOf: text.utf8)
        case .short(let bits):
            var rest = bits
            while rest != 0 {
                bytes.append(UInt8(truncatingIfNeeded: rest >> 56))
                rest <<= 8
            }
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        case .flag(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .decimal(let units, let places): appendDecimal(units, places: places, to: &bytes)
        case .list(let items):
            bytes.append(contentsOf: items.joined(separator: String(UnicodeScalar(Self.listSeparator))).utf8)
        }
    }

    public static func date(_ value: CalendarDate?) -> Cell { value.map { .text($0.description) } ?? .null }
}

/// A row of an emitted table. The columns' types, units and meanings are in `Schemas/dataset/tables.csv`.
public protocol TableRow {
    /// The table's name: `tables/<name>.csv` and the SQLite table.
    static var table: String { get }
    /// Column names in order.
    static var columns: [String] { get }
    /// The values in the order of ``columns``.
    var cells: [Cell] { get }
}
