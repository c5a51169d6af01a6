/// One value of an emitted table.
public enum Cell: Hashable, Sendable {
    case null
    case text(String)
    case integer(Int)
    case flag(Bool)
    /// An exact decimal: units of 10^-places.
    case decimal(Int64, places: Int)
    /// A few short values in one cell, joined by `;` in CSV.
    case list([String])

    public static func decimal(_ value: some ExactDecimal) -> Cell {
        .decimal(value.units, places: type(of: value).places)
    }

    public static func decimal(_ value: (some ExactDecimal)?) -> Cell { value.map { .decimal($0) } ?? .null }

    public static func text<Meaning>(_ value: ShortText<Meaning>) -> Cell {
        value.isBlank ? .null : .text(value.description)
    }

    public static func text(_ value: String?) -> Cell { value.map { .text($0) } ?? .null }
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
