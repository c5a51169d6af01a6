public import Model

/// What every table, column and code value of the dataset means: the one text behind the page, the SQL comments,
/// `datapackage.json` and the library's documentation.
public struct DataDictionary: Sendable {
    /// The values that columns may have where these are codes, each with its meaning.
    public struct ValueList: Sendable {
        public let name: String
        public let values: [(value: String, meaning: String)]
        /// Whether a run refuses what the list lacks. Other values are CMS's right: they are kept and reported.
        public let isClosed: Bool
        /// Whether the table `indicator_values` holds it under its name.
        public let isInDataset: Bool
    }

    public struct Column: Sendable {
        public let schema: TableSchema.Column
        /// Together they hold every value; empty for a column whose values are no codes.
        public let lists: [ValueList]

        /// The columns that the value refers to.
        public var references: [(table: String, column: String)] {
            schema.reference.split(separator: "|").compactMap { reference in
                let parts = reference.split(separator: ".").map(String.init)
                return parts.count == 2 ? (parts[0], parts[1]) : nil
            }
        }
    }

    public struct Table: Sendable {
        public let schema: TableSchema
        public let columns: [Column]

        public var name: String { schema.name }
        public var description: TableSchema.Description { schema.description }
        /// The names of the columns of the primary key.
        public var key: [String] { columns.filter(\.schema.isKey).map(\.schema.name) }
    }

    public let tables: [Table]

    /// Every list that a column names, in the order of the columns.
    public var lists: [ValueList] {
        var lists: [ValueList] = []
        for list in tables.flatMap(\.columns).flatMap(\.lists) where !lists.contains(where: { $0.name == list.name }) {
            lists.append(list)
        }
        return lists
    }

    /// The columns whose values are in the list of that name, as `table.column`.
    public func columns(with list: String) -> [(table: String, column: String)] {
        tables.flatMap { table in
            table.columns.filter { $0.schema.lists.contains(list) }.map { (table.name, $0.schema.name) }
        }
    }

    /// The same of some tables alone.
    public func of(_ names: [String]) -> DataDictionary {
        DataDictionary(tables: tables.filter { names.contains($0.name) })
    }
}

extension Schemas {
    /// The data dictionary of a tier.
    /// - Parameter shape: leaves out what came after this version of the shape.
    public func dictionary(_ tier: Tier, upTo shape: ShapeVersion? = nil) -> DataDictionary {
        let inDataset = meanings(tier)
        let open = Set(hcpcsValues.fields.map { (Sentence.columns[$0.field] ?? $0.field) ?? $0.field } + ["asc_group"])
        let values = Dictionary(
            grouping: inDataset + names + classification.meanings
                + states.map { ValueMeaning("state", $0.code, $0.name) }
                + tables.map { ValueMeaning("table", $0.name, $0.description.row) }, by: \.indicator)
        let known = Set(inDataset.map(\.indicator))
        func list(_ name: String) -> DataDictionary.ValueList {
            DataDictionary.ValueList(
                name: name, values: (values[name] ?? []).map { ($0.value, $0.meaning) },
                isClosed: !open.contains(name), isInDataset: known.contains(name))
        }
        func isKnown(_ since: ShapeVersion) -> Bool { shape.map { since <= $0 } ?? true }
        return DataDictionary(
            tables: tables.filter { isKnown($0.description.since) }.map { table in
                let columns = table.columns.filter { isKnown($0.since) }
                return DataDictionary.Table(
                    schema: TableSchema(name: table.name, description: table.description, columns: columns),
                    columns: columns.map { DataDictionary.Column(schema: $0, lists: $0.lists.map(list)) })
            })
    }
}

// MARK: The texts

extension DataDictionary.Column {
    /// Type and places: `decimal, 2 places`.
    public var type: String {
        switch (schema.type, schema.places) {
        case (.decimal, let places?): "decimal, \(places) places"
        case (.list, _): "list, separated by ;"
        default: schema.type.rawValue
        }
    }

    /// Meaning, unit and source in one line.
    public var summary: String {
        var text = schema.meaning
        if schema.type == .list { text += ", separated by semicolons" }
        if !schema.unit.isEmpty { text += " (\(schema.unit))" }
        if !schema.source.isEmpty { text += ". Source: \(schema.source)" }
        return text
    }

    /// What a SQL comment says, line by line: the summary, and each value with its meaning. A list of many values is
    /// named instead, with the query that gives it.
    public var comment: [String] {
        var lines = ["\(summary). Since \(schema.since)."]
        for list in lists {
            if list.values.count <= 20 {
                lines += list.values.map { "\($0.value.isEmpty ? "(blank)" : $0.value) = \($0.meaning)" }
            } else if list.isInDataset {
                lines.append(
                    "\(list.values.count) values: "
                        + "SELECT value, meaning FROM indicator_values WHERE indicator = '\(list.name)'")
            } else {
                lines.append("\(list.values.count) values: `ingest dictionary` lists them as \(list.name)")
            }
        }
        return lines
    }
}

extension DataDictionary.Table {
    /// What a row is, the order of the rows, and when there are none, in one line.
    public var summary: String {
        "\(description.row). Order: \(description.order). Empty: \(description.empty). Tiers: \(description.tier)"
    }

    /// What a SQL comment says.
    public var comment: [String] { ["\(summary). Since \(description.since)."] }
}
