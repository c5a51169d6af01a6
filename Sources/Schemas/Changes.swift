public import Model

/// A row of `values/change-categories.csv`: a kind of change with a stable identifier.
public struct ChangeCategory: Sendable {
    public enum Event: String, Sendable { case added, removed, changed }

    /// `work_changed`, `rows_added`, …: the key of its count in `diff.json`.
    public let id: String
    /// The section of the report it belongs to: `relative_value`, `status`, `descriptor`, …
    public let group: String
    public let table: String
    /// Whether rows come and go or a cell of a row changes.
    public let event: Event
    /// For `changed`: the columns whose change it is.
    public let columns: [String]
    /// The input without which a side cannot have the value; `nil` for what every release has.
    public let input: SourceTable?
    public let meaning: String

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [ChangeCategory] {
        var categories: [ChangeCategory] = []
        for row in table.rows {
            guard let event = Event(rawValue: try row("event")) else {
                throw row.invalid("'\(try row("event"))' is no event")
            }
            let input = try row("input")
            guard input.isEmpty || SourceTable(rawValue: input) != nil else {
                throw row.invalid("'\(input)' is no input")
            }
            categories.append(
                ChangeCategory(
                    id: try row("category"), group: try row("group"), table: try row("table"), event: event,
                    columns: try row("columns").split(separator: " ").map(String.init),
                    input: SourceTable(rawValue: input), meaning: try row("meaning")))
        }
        return categories
    }
}

/// A row of `values/systemic-rules.csv`: what explains many changes at once.
public struct SystemicRuleDefinition: Sendable {
    public enum Kind: String, Sendable {
        /// New = old × factor, rounded half up to the column's places.
        case factor
        /// A total moves by exactly what its components (`with`) move by.
        case total
        /// The same row, or the same code, has a change of the category `with`.
        case companion
        /// Every row that both sides have changes in the same way.
        case uniform
        /// The values follow from others, which the check `with` has recomputed on both sides without a failure.
        case certificate
    }

    public let id: String
    public let kind: Kind
    public let category: String
    /// In thousandths.
    public let factor: GPCI?
    public let with: [String]
    /// The rule holds between releases on either side of this day; `nil` for always.
    public let effectiveFrom: CalendarDate?
    public let title: String
    /// The document that says so.
    public let source: String

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [SystemicRuleDefinition] {
        var rules: [SystemicRuleDefinition] = []
        for row in table.rows {
            guard let kind = Kind(rawValue: try row("kind")) else {
                throw row.invalid("'\(try row("kind"))' is no kind of rule")
            }
            let factor = GPCI(try row("factor"))
            guard (kind == .factor) == (factor != nil) else {
                throw row.invalid("a rule of the kind factor, and no other, has a factor")
            }
            let day = try row("effective_from")
            guard day.isEmpty || CalendarDate(iso: day) != nil else { throw row.invalid("'\(day)' is no day") }
            rules.append(
                SystemicRuleDefinition(
                    id: try row("rule"), kind: kind, category: try row("category"), factor: factor,
                    with: try row("with").split(separator: " ").map(String.init),
                    effectiveFrom: CalendarDate(iso: day), title: try row("title"), source: try row("source")))
        }
        return rules
    }
}
