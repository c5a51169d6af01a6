import GRDB
import Model

/// A row of a table as the text of its cells.
///
/// SQLite keeps a decimal as a whole number or as a floating-point one. Every cell is read as text, made by SQLite from at
/// most fifteen digits, and parsed like CMS's own: no value passes through `Double`.
struct TextRow {
    let table: String
    private let places: [String: Int]
    private let cells: [String?]

    fileprivate init(table: String, places: [String: Int], row: Row) {
        self.table = table
        self.places = places
        cells = (0..<row.count).map { row[$0] }
    }

    /// The text of a cell; `nil` for NULL, and for a column that an older shape did not have.
    func text(_ column: String) -> String? { places[column].flatMap { cells[$0] } }

    /// A decimal.
    func decimal<Value: ExactDecimal>(_ column: String, _: Value.Type = Value.self) throws(IngestError) -> Value? {
        guard let text = text(column) else { return nil }
        guard let value = Value(text) else { throw unreadable(column) }
        return value
    }

    /// A decimal with as many places as it needs.
    func written(_ column: String) throws(IngestError) -> WrittenDecimal? {
        guard let text = text(column) else { return nil }
        // Below 0.0001 SQLite writes an exponent.
        guard let value = WrittenDecimal(text) ?? WrittenDecimal(exponent: text) else { throw unreadable(column) }
        return value
    }

    /// A code, an indicator or another short key; blank for NULL.
    func short<Meaning>(_ column: String, _: Meaning.Type = Meaning.self) throws(IngestError) -> ShortText<Meaning> {
        guard let value = ShortText<Meaning>(text(column) ?? "") else { throw unreadable(column) }
        return value
    }

    func integer(_ column: String) throws(IngestError) -> Int? {
        guard let text = text(column) else { return nil }
        guard let value = Int(text) else { throw unreadable(column) }
        return value
    }

    func flag(_ column: String) -> Bool? { text(column).map { $0 == "1" } }

    func date(_ column: String) throws(IngestError) -> CalendarDate? {
        guard let text = text(column) else { return nil }
        guard let value = CalendarDate(iso: text) else { throw unreadable(column) }
        return value
    }

    func list(_ column: String) -> [String] {
        (text(column) ?? "").split(separator: Character(UnicodeScalar(Cell.listSeparator))).map(String.init)
    }

    /// The value of a column that is never empty.
    func required<Value>(_ column: String, _ value: Value?) throws(IngestError) -> Value {
        guard let value else { throw unreadable(column) }
        return value
    }

    func unreadable(_ column: String) -> IngestError {
        IngestError(
            .badData, "value_unreadable", at: Place("dataset.sqlite"),
            "'\(text(column) ?? "NULL")' in \(table).\(column) is not what the column holds",
            hint: "`ingest validate` tells whether the published files are intact.")
    }
}

extension WrittenDecimal {
    /// Reads `5.0e-05`.
    fileprivate init?(exponent text: String) {
        let parts = text.split(separator: "e-")
        guard parts.count == 2, let digits = WrittenDecimal(String(parts[0])), let exponent = Int(parts[1]),
            exponent + digits.places <= Self.mostPlaces
        else { return nil }
        self.init(units: digits.units, places: digits.places + exponent)
    }
}

extension Dataset {
    /// The rows of a table that `condition` selects, in the order of its keys.
    /// - Parameters:
    ///   - further: expressions to read as columns of these names.
    ///   - order: columns to sort by; as they lie in the table where left out, which is by key.
    /// - Returns: nothing where an older shape has no such table.
    func rows(
        _ table: String, where condition: String = "1", _ arguments: [String] = [],
        further: [(name: String, expression: String)] = [], order: String = "rowid"
    ) throws(IngestError) -> [TextRow] {
        do {
            return try database.read { database in
                guard try database.tableExists(table) else { return [] }
                let columns = try database.columns(in: table).map(\.name)
                var places: [String: Int] = [:]
                for (place, name) in (columns + further.map(\.name)).enumerated() { places[name] = place }
                let selected = columns.map { "CAST(\"\(table)\".\"\($0)\" AS TEXT)" } + further.map(\.expression)
                let statement = try database.cachedStatement(
                    sql: "SELECT \(selected.joined(separator: ", ")) FROM \"\(table)\" WHERE \(condition) "
                        + "ORDER BY \(order)")
                let rows = try Row.fetchAll(statement, arguments: StatementArguments(arguments))
                return rows.map { TextRow(table: table, places: places, row: $0) }
            }
        } catch {
            throw databaseUnreadable(error)
        }
    }
}
