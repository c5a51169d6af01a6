public import Model

/// What FHIR calls the code systems, properties and names of the dataset: `values/fhir-systems.csv`,
/// `values/fhir-properties.csv` and `values/fhir-designations.csv`. Only the export reads them, so they are no part of
/// ``Schemas``.
public struct FHIRDefinitions: Sendable {
    /// A code system with the canonical URL that HL7 gives it.
    public struct System: Sendable {
        /// `HCPCS`, `CPT` or `CDT`, as in `tables/codes.csv`; or `NDC`.
        public let name: String
        /// The resource's logical id, which stays the same in every release.
        public let id: String
        public let url: String
        public let oid: String
        /// The name for programs.
        public let computableName: String
        public let title: String
        public let publisher: String
        public let copyright: String
        /// A list of CMS's with fewer codes is a part of it; `nil` where no list is published whole.
        public let fewestCodes: Int?
    }

    /// What a property belongs to.
    public enum Group: String, Sendable {
        /// CMS's record of a Level II code or modifier.
        case hcpcs
        /// What the editors and the program say of a code.
        case editorial
        /// A row of relative values.
        case relativeValues = "relative_values"
        /// A drug's product.
        case products
    }

    /// The types of a property's value that the dataset needs; the raw value is FHIR's name.
    public enum ValueType: String, Sendable {
        case string, boolean, integer, decimal, dateTime
    }

    public struct Property: Sendable {
        public let group: Group
        public let code: String
        public let table: String
        /// The column whose value it is; `nil` for what follows from others.
        public let column: String?
        public let type: ValueType
        /// Whether the column has several values, each a property of its own.
        public let isList: Bool
        /// Where HL7 says what the property means; `nil` for what it does not define.
        public let uri: String?
        public let meaning: String
    }

    /// What kind of name a designation is.
    public struct Designation: Sendable {
        /// `title`, `synonym`, …: as `tables/editorial_items.csv` and this program call it.
        public let kind: String
        /// The code system of ``code``; `nil` for the one that the export defines itself.
        public let system: String?
        public let code: String
        public let display: String
        public let definition: String
    }

    public let systems: [String: System]
    public let properties: [Property]
    public let designations: [Designation]

    /// Reads the tables.
    /// - Parameter tables: the dataset's tables, whose columns give type and meaning of a property.
    /// - Throws: when one breaks its own rules; the message names the file and line under `Schemas/`.
    public init(tables: [TableSchema]) throws(IngestError) {
        var systems: [String: System] = [:]
        for row in try EmbeddedTable("values/fhir-systems.csv").rows {
            let system = System(
                name: try row("system"), id: try row("id"), url: try row("url"), oid: try row("oid"),
                computableName: try row("name"), title: try row("title"), publisher: try row("publisher"),
                copyright: try row("copyright"), fewestCodes: try row.integer("fewest_codes"))
            guard systems.updateValue(system, forKey: system.name) == nil else {
                throw row.invalid("\(system.name) is listed twice")
            }
        }
        self.systems = systems
        properties = try Self.readProperties(tables)
        var designations: [Designation] = []
        for row in try EmbeddedTable("values/fhir-designations.csv").rows {
            let system = try row("system")
            designations.append(
                Designation(
                    kind: try row("kind"), system: system.isEmpty ? nil : system, code: try row("code"),
                    display: try row("display"), definition: try row("definition")))
        }
        self.designations = designations
    }

    private static func readProperties(_ tables: [TableSchema]) throws(IngestError) -> [Property] {
        var properties: [Property] = []
        for row in try EmbeddedTable("values/fhir-properties.csv").rows {
            guard let group = Group(rawValue: try row("of")) else { throw row.invalid("it belongs to nothing known") }
            let (table, name, uri) = (try row("table"), try row("column"), try row("uri"))
            guard !name.isEmpty else {
                guard let type = ValueType(rawValue: try row("type")) else { throw row.invalid("it has no type") }
                properties.append(
                    Property(
                        group: group, code: try row("property"), table: table, column: nil, type: type, isList: false,
                        uri: uri.isEmpty ? nil : uri, meaning: try row("description")))
                continue
            }
            let columns = tables.first { $0.name == table }?.columns ?? []
            guard let column = columns.first(where: { $0.name == name }) else {
                throw row.invalid("\(table) has no column \(name)")
            }
            properties.append(
                Property(
                    group: group, code: try row("property"), table: table, column: name, type: ValueType(column.type),
                    isList: column.type == .list, uri: uri.isEmpty ? nil : uri, meaning: column.description))
        }
        return properties
    }

    /// The properties of a group, in their order.
    public func properties(of group: Group) -> [Property] { properties.filter { $0.group == group } }
}

extension FHIRDefinitions.ValueType {
    fileprivate init(_ column: ColumnType) {
        switch column {
        // CMS's values are no codes of the same code system, which is what FHIR's type `code` means.
        case .string, .list: self = .string
        case .boolean: self = .boolean
        case .integer: self = .integer
        case .decimal: self = .decimal
        case .date: self = .dateTime
        }
    }
}

extension TableSchema.Column {
    /// Meaning, unit and CMS column as one line.
    fileprivate var description: String {
        meaning + (unit.isEmpty ? "" : ", in \(unit)") + (source.isEmpty ? "" : " (\(source))")
    }
}
