public import CSV
public import JSON
public import Model
public import Schemas

/// A published revision as the diff reads it: its manifest and its tables.
public struct Snapshot: Sendable {
    public let manifest: JSONValue
    /// By name; a table that the revision lacks has no rows.
    let tables: [String: PublishedTable]
    /// Where the overlay of a code lies.
    let overlayPlaces: [String: Place]
    /// The checks whose failures only warn.
    let warningChecks: Set<String>

    /// - Parameter tables: each table as its file has it, the header first.
    public init(
        manifest: JSONValue, tables: [String: CanonicalCSV], overlayPlaces: [String: Place] = [:], schemas: Schemas
    ) {
        self.manifest = manifest
        self.overlayPlaces = overlayPlaces
        warningChecks = Set(schemas.checks.filter { $0.severity == .warn }.map(\.check))
        var published: [String: PublishedTable] = [:]
        for schema in schemas.tables {
            published[schema.name] = PublishedTable(
                keys: schema.columns.filter(\.isKey).map(\.name), rows: tables[schema.name] ?? CanonicalCSV())
        }
        self.tables = published
    }

    /// `RVU26A-r1`.
    public var name: String { "\(label)-r\(manifest["release"]?["revision"]?.text ?? "")" }
    public var label: String { manifest["release"]?["label"]?.text ?? "" }
    /// The days on which it holds.
    public var effectiveFrom: CalendarDate? {
        manifest["release"]?["effective"]?["from"]?.string.flatMap { CalendarDate(iso: $0) }
    }
    public var schemaVersion: String { manifest["schema_version"]?.text ?? "" }
    public var tier: String { manifest["tier"]?.text ?? "" }
    /// The inputs that it was made without.
    var missingInputs: Set<String> { Set(manifest["missing_inputs"]?.elements.compactMap(\.string) ?? []) }

    /// Whether it was made with an input of the table. One of an older shape has no such table and does not say so.
    func has(_ input: SourceTable, for table: String) -> Bool {
        !missingInputs.contains(input.rawValue) && !self[table].columns.isEmpty
    }

    /// Dollars per RVU for those who are not qualifying APM participants.
    var conversionFactor: ConversionFactor? {
        ConversionFactor(manifest["conversion_factors"]?["non_qp"]?.text ?? "")
    }

    /// The tables that the diff compares. Payments follow from the others, and provenance is no fact.
    static func compared(_ schemas: Schemas) -> [TableSchema] {
        schemas.tables.filter { table in schemas.changeCategories.contains { $0.table == table.name } }
    }

    subscript(table: String) -> PublishedTable { tables[table] ?? PublishedTable.empty }
}

/// A table of a revision: text by row and column, rows by key. It never changes; a class, so that to hand it on counts one
/// owner and not those of all that it holds.
final class PublishedTable: Sendable {
    let columns: [String]
    private let csv: CanonicalCSV
    /// Indices of the key columns.
    let keyColumns: [Int]
    private let columnIndex: [String: Int]
    /// The rows by key; `nil` where they stand in that order, as in nearly every table.
    private let order: [Int]?

    static let empty = PublishedTable(keys: [], rows: CanonicalCSV())

    /// - Parameter keys: the names of the key columns.
    init(keys: [String], rows csv: CanonicalCSV) {
        self.csv = csv
        let columns = csv.count > 0 ? csv.strings(of: 0) : []
        self.columns = columns
        columnIndex = Dictionary(columns.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let keyColumns = keys.compactMap { columns.firstIndex(of: $0) }
        self.keyColumns = keyColumns
        let rows = 0..<max(csv.count - 1, 0)
        func isBefore(_ left: Int, _ right: Int) -> Bool {
            compareKeys(csv, keyColumns, left, to: csv, keyColumns, right) < 0
        }
        let isSorted = rows.dropFirst().allSatisfy { isBefore($0 - 1, $0) }
        order = isSorted ? nil : rows.sorted(by: isBefore)
    }

    var count: Int { max(csv.count - 1, 0) }

    func column(_ name: String) -> Int? { columnIndex[name] }

    /// Gives `body` the bytes of a cell.
    func withBytes<Value>(_ row: Int, _ column: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        csv.withBytes(row + 1, column, body)
    }

    func isEmpty(_ row: Int, _ column: Int) -> Bool { csv.isEmpty(row + 1, column) }

    func text(_ row: Int, _ column: Int) -> String { csv.text(row + 1, column) }

    /// The value of a column by name; empty where the table has no such column.
    func text(_ row: Int, _ column: String) -> String { columnIndex[column].map { text(row, $0) } ?? "" }

    func decimal<Value: ExactDecimal>(_ row: Int, _ column: String, as type: Value.Type = Value.self) -> Value? {
        columnIndex[column].flatMap { withBytes(row, $0) { Value($0) } }
    }

    /// The row's key for people: its values with a hyphen between them, without those that are blank.
    func name(_ row: Int) -> String {
        var name: [UInt8] = []
        for column in keyColumns {
            withBytes(row, column) { value in
                if !name.isEmpty, !value.isEmpty { name.append(UInt8(ascii: "-")) }
                name.append(contentsOf: value)
            }
        }
        return String(decoding: name, as: UTF8.self)
    }

    func isEqual(_ row: Int, _ column: Int, to other: PublishedTable, _ otherRow: Int, _ otherColumn: Int) -> Bool {
        csv.isEqual(row + 1, column, to: other.csv, otherRow + 1, otherColumn)
    }

    /// Whether a row is the same, byte for byte, in a table with the same columns.
    func isEqual(row: Int, to other: PublishedTable, row otherRow: Int) -> Bool {
        csv.isEqual(row: row + 1, to: other.csv, row: otherRow + 1)
    }

    /// Below zero where a row's key comes before that of another, zero where it is the same.
    func compareKey(_ row: Int, to other: PublishedTable, _ otherRow: Int) -> Int {
        compareKeys(csv, keyColumns, row, to: other.csv, other.keyColumns, otherRow)
    }

    /// Where a row of another table would stand in the order of keys: before every row whose key is not smaller.
    func place(of row: Int, in other: PublishedTable) -> Int {
        firstPlace { compareKey(self.row(at: $0), to: other, row) < 0 }
    }

    /// The row with the key of a row of another table; `nil` where there is none.
    func row(like row: Int, of other: PublishedTable) -> Int? {
        let place = place(of: row, in: other)
        return place < count && compareKey(self.row(at: place), to: other, row) == 0 ? self.row(at: place) : nil
    }

    /// The first place that does not stand before what is looked for, in rows that are sorted by it.
    private func firstPlace(behind isBefore: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The row at a position in the order of keys.
    func row(at position: Int) -> Int { order?[position] ?? position }

    /// By column: whether it has a value in any row.
    func columnsWithValues() -> [Bool] {
        // Row by row, as the cells lie: nearly every column has a value in the first rows.
        var without = Array(columns.indices)
        for row in 0..<count where without.contains(where: { !isEmpty(row, $0) }) {
            without.removeAll { !isEmpty(row, $0) }
        }
        var hasValues = columns.map { _ in true }
        for column in without { hasValues[column] = false }
        return hasValues
    }

    /// The value that most rows have in a column.
    func commonest(_ column: String) -> String {
        guard let index = columnIndex[column] else { return "" }
        var counts: [String: Int] = [:]
        var first = 0
        // Such a column mostly says the same in row after row.
        for row in 1..<max(count + 1, 1) where row == count || !isEqual(row, index, to: self, first, index) {
            counts[text(first, index), default: 0] += row - first
            first = row
        }
        let best = counts.max { left, right in
            left.value != right.value ? left.value < right.value : right.key < left.key
        }
        return best?.key ?? ""
    }

    /// The row whose first column, the code, has a value; rows are sorted by it.
    func row(ofCode code: String) -> Int? {
        let wanted = Array(code.utf8)
        let row = firstPlace { withBytes($0, 0) { $0.lexicographicallyPrecedes(wanted) } }
        return row < count && withBytes(row, 0) { $0.elementsEqual(wanted) } ? row : nil
    }
}

@inline(__always)
private func compareKeys(
    _ csv: CanonicalCSV, _ columns: [Int], _ row: Int, to other: CanonicalCSV, _ otherColumns: [Int], _ otherRow: Int
) -> Int {
    for (column, otherColumn) in zip(columns, otherColumns) {
        let order = csv.compare(row + 1, column, to: other, otherRow + 1, otherColumn)
        if order != 0 { return order }
    }
    return 0
}
