import JSON
public import Model

/// An emitted table as those who write or read its rows have to know it: its columns in order, key columns first.
public struct TableShape: Hashable, Sendable {
    public struct Column: Hashable, Sendable {
        public let name: String
        public let type: ColumnType
        /// Digits behind the point, for decimals; `nil` where rows differ.
        public let places: Int?
        /// Whether every row has a value.
        public let isRequired: Bool
        /// Whether it belongs to the primary key.
        public let isKey: Bool
        /// `table.column` that the value refers to, several with `|` between them; empty when none.
        public let reference: String

        public init(
            name: String, type: ColumnType, places: Int?, isRequired: Bool, isKey: Bool, reference: String
        ) {
            self.name = name
            self.type = type
            self.places = places
            self.isRequired = isRequired
            self.isKey = isKey
            self.reference = reference
        }
    }

    public let name: String
    public let columns: [Column]

    public init(name: String, columns: [Column]) {
        self.name = name
        self.columns = columns
    }

    /// How many columns are the key. They stand first; a table where they do not is treated as one without a key.
    var keyCount: Int {
        let leading = columns.prefix { $0.isKey }.count
        return leading == columns.count { $0.isKey } ? leading : 0
    }

    /// Where the table lies in a revision's folder.
    public var path: String { "tables/\(name).csv" }

    /// The name of the table that lies at a path of a revision's folder; `nil` for what is no table.
    public static func name(at path: String) -> String? {
        guard path.hasPrefix("tables/"), path.hasSuffix(".csv") else { return nil }
        return String(path.dropFirst("tables/".count).dropLast(".csv".count))
    }
}

// MARK: SQL

extension TableShape {
    /// The `CREATE TABLE` statement. Decimals have NUMERIC affinity: SQLite keeps the first fifteen digits
    /// of what we give it as text, more than any value has. The declared types tell how a value was written.
    /// - Parameters:
    ///   - comment: lines above the columns.
    ///   - comments: lines above each column.
    public func sql(comment: [String] = [], comments: [[String]] = []) -> String {
        func commented(_ lines: [String]) -> String { lines.map { "    -- \($0)\n" }.joined() }
        var lines = columns.enumerated().map { index, column in
            commented(index < comments.count ? comments[index] : [])
                + "    \"\(column.name)\" \(column.sqlType)" + (column.isRequired || column.isKey ? " NOT NULL" : "")
        }
        let key = columns.filter(\.isKey).map { "\"\($0.name)\"" }
        if !key.isEmpty { lines.append("    PRIMARY KEY (\(key.joined(separator: ", ")))") }
        for (target, pairs) in references {
            lines.append(
                "    FOREIGN KEY (\(pairs.map { "\"\($0.column)\"" }.joined(separator: ", "))) REFERENCES "
                    + "\"\(target)\" (\(pairs.map { "\"\($0.target)\"" }.joined(separator: ", ")))")
        }
        let heading = comment.isEmpty ? "" : commented(comment) + "\n"
        return "CREATE TABLE \"\(name)\" (\n\(heading)\(lines.joined(separator: ",\n"))\n)"
    }

    /// Foreign keys: for each table referred to, the columns and their targets, in the order of the columns.
    public var references: [(table: String, pairs: [(column: String, target: String)])] {
        var references: [(table: String, pairs: [(column: String, target: String)])] = []
        for column in columns {
            for reference in column.reference.split(separator: "|") {
                let parts = reference.split(separator: ".").map(String.init)
                guard parts.count == 2 else { continue }
                if let index = references.firstIndex(where: { $0.table == parts[0] }) {
                    references[index].pairs.append((column.name, parts[1]))
                } else {
                    references.append((parts[0], [(column.name, parts[1])]))
                }
            }
        }
        return references
    }
}

extension TableShape.Column {
    /// The most digits of a decimal, which SQLite does not look at: `DECIMAL(18,2)`.
    private static let digits = 18

    /// The declared type, from which the CSV's text of a value can be had again: `DECIMAL(18,2)` always has two places,
    /// `DECIMAL` has as many as the value needs, `BOOLEAN` is `true` or `false`.
    public var sqlType: String {
        switch type {
        case .string, .list, .date: "TEXT"
        case .boolean: "BOOLEAN"
        case .integer: "INTEGER"
        case .decimal: places.map { "DECIMAL(\(Self.digits),\($0))" } ?? "DECIMAL"
        }
    }

    /// A column of a database by its declared type; every other type than those of ``sqlType`` is text.
    init(name: String, sqlType: String, isRequired: Bool, isKey: Bool) {
        let type: ColumnType
        var places: Int?
        switch sqlType {
        case "BOOLEAN": type = .boolean
        case "INTEGER": type = .integer
        case "DECIMAL": type = .decimal
        case let declared where declared.hasPrefix("DECIMAL("):
            type = .decimal
            places = declared.dropLast().split(separator: ",").last.flatMap { Int($0) }
        default: type = .string
        }
        self.init(name: name, type: type, places: places, isRequired: isRequired, isKey: isKey, reference: "")
    }
}

// MARK: JSON

extension TableShape {
    /// The `columns` of a table in `delta/manifest.json`.
    func write(to json: inout JSONWriter) {
        json.array("columns") { json in
            for column in columns {
                json.line { json in
                    json.field("name", column.name)
                    json.field("type", column.type.rawValue)
                    if column.type == .decimal { json.field("places", column.places) }
                    json.field("required", column.isRequired)
                    json.field("key", column.isKey)
                    if !column.reference.isEmpty { json.field("references", column.reference) }
                }
            }
        }
    }

    /// - Returns: `nil` when the value is no such table.
    init?(name: String, columns: [JSONValue]) {
        self.name = name
        var read: [Column] = []
        for column in columns {
            guard let name = column["name"]?.string, Self.isName(name),
                let type = column["type"]?.string.flatMap(ColumnType.init(rawValue:)),
                case .bool(let isRequired) = column["required"], case .bool(let isKey) = column["key"]
            else { return nil }
            let reference = column["references"]?.string ?? ""
            let targets = reference.split(omittingEmptySubsequences: true) { $0 == "." || $0 == "|" }
            guard targets.allSatisfy({ Self.isName(String($0)) }) else { return nil }
            read.append(
                Column(
                    name: name, type: type, places: column["places"]?.integer, isRequired: isRequired, isKey: isKey,
                    reference: reference))
        }
        guard !read.isEmpty, Set(read.map(\.name)).count == read.count else { return nil }
        self.columns = read
    }

    /// Names of tables and columns go into SQL and into paths: small letters, digits and underscores.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }
}
