import Model

/// An emitted table: its columns with type, unit, source and meaning. Rows of `dataset/tables.csv`.
/// The CSV header, `datapackage.json` and the SQL tables are all made from it.
public struct TableSchema: Sendable {
    public enum ColumnType: String, Sendable {
        case string, boolean, integer, decimal, date, list
    }

    public struct Column: Sendable {
        public let name: String
        public let type: ColumnType
        /// Digits behind the point, for decimals; `nil` where rows differ.
        public let places: Int?
        /// Whether every row has a value.
        public let isRequired: Bool
        /// Whether it belongs to the primary key.
        public let isKey: Bool
        /// `table.column` that the value refers to; empty when none.
        public let reference: String
        public let unit: String
        /// The CMS column it comes from.
        public let source: String
        public let meaning: String
    }

    public let name: String
    public let columns: [Column]

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [TableSchema] {
        var tables: [TableSchema] = []
        for row in table.rows {
            guard let type = ColumnType(rawValue: try row("type")) else {
                throw row.invalid("'\(try row("type"))' is no type of column")
            }
            let column = Column(
                name: try row("column"), type: type, places: try row.integer("places"),
                isRequired: try row("required") == "yes", isKey: try row("key") == "yes",
                reference: try row("references"), unit: try row("unit"), source: try row("source"),
                meaning: try row("meaning"))
            let name = try row("table")
            if let last = tables.last, last.name == name {
                tables[tables.count - 1] = TableSchema(name: name, columns: last.columns + [column])
            } else {
                tables.append(TableSchema(name: name, columns: [column]))
            }
        }
        return tables
    }
}
