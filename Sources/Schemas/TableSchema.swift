public import Model

/// An emitted table: its columns with type, unit, source and meaning. Rows of `dataset/tables.csv` and
/// `dataset/descriptions.csv`. The CSV header, `datapackage.json`, the SQL tables and the data dictionary are all made
/// from it.
public struct TableSchema: Sendable {
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
        /// The version of the shape that brought the column.
        public let since: ShapeVersion
        /// The lists of its values in ``DataDictionary``; empty for a column whose values are no codes.
        public let lists: [String]
        public let meaning: String
    }

    /// What is said of a table as a whole.
    public struct Description: Sendable {
        /// The version of the shape that brought the table.
        public let since: ShapeVersion
        /// What a row is.
        public let row: String
        /// What the rows are sorted by.
        public let order: String
        /// When it has no rows.
        public let empty: String
        /// What differs between the public and the licensed tier.
        public let tier: String
    }

    public let name: String
    public let description: Description
    public let columns: [Column]

    static func read(_ table: EmbeddedTable, descriptions: EmbeddedTable) throws(IngestError) -> [TableSchema] {
        var columns: [String: [Column]] = [:]
        for row in table.rows {
            guard let type = ColumnType(rawValue: try row("type")) else {
                throw row.invalid("'\(try row("type"))' is no type of column")
            }
            let column = Column(
                name: try row("column"), type: type, places: try row.integer("places"),
                isRequired: try row("required") == "yes", isKey: try row("key") == "yes",
                reference: try row("references"), unit: try row("unit"), source: try row("source"),
                since: try row.shapeVersion("since"), lists: try row("values").split(separator: "|").map(String.init),
                meaning: try row("meaning"))
            columns[try row("table"), default: []].append(column)
        }
        var tables: [TableSchema] = []
        for row in descriptions.rows {
            let name = try row("table")
            guard let columns = columns.removeValue(forKey: name) else {
                throw row.invalid("dataset/tables.csv has no columns of \(name)")
            }
            let description = Description(
                since: try row.shapeVersion("since"), row: try row("row"), order: try row("order"),
                empty: try row("empty"), tier: try row("tier"))
            tables.append(TableSchema(name: name, description: description, columns: columns))
        }
        for row in table.rows where columns[try row("table")] != nil {
            throw row.invalid("dataset/descriptions.csv does not describe \(try row("table"))")
        }
        return tables
    }
}

/// A version of the emitted shape, such as `1.2.0`.
public struct ShapeVersion: Sendable, Comparable, CustomStringConvertible {
    private let numbers: [Int]

    /// `nil` for what is no version of three numbers.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        numbers = parts.compactMap { Int($0) }
        guard parts.count == 3, description == text else { return nil }
    }

    public var description: String { numbers.map(String.init).joined(separator: ".") }

    public static func < (left: ShapeVersion, right: ShapeVersion) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }
}

extension EmbeddedTable.Row {
    fileprivate func shapeVersion(_ column: String) throws(IngestError) -> ShapeVersion {
        guard let version = ShapeVersion(try self(column)) else {
            throw invalid("\(column) is '\(try self(column))', not the version of the shape that brought it (1.4.0)")
        }
        return version
    }
}
