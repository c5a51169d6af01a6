import Model

/// A row of `layouts/members.csv`: how a table's member is told by its name.
public struct MemberDefinition: Sendable {
    let table: String
    /// One of these is in the file's name, upper case.
    public let nameContains: [String]
    /// What the first cells of the CSV's header row begin with.
    public let csvBegins: [String]
    /// What one of the header's cells contains.
    public let csvContains: String
    /// What the TXT's first line begins with; empty where the records come at once.
    public let textBegins: String
    let hasNotes: Bool
    let preamble: String
    let textYears: ClosedRange<Int>

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [MemberDefinition] {
        var members: [MemberDefinition] = []
        for row in table.rows {
            members.append(
                MemberDefinition(
                    table: try row("table"),
                    nameContains: try row("name_contains").split(separator: "|").map(String.init),
                    csvBegins: try row("csv_begins").split(separator: "|").map(String.init),
                    csvContains: try row("csv_contains"), textBegins: try row("txt_begins"),
                    hasNotes: try row("notes") == "yes", preamble: try row("preamble"),
                    textYears: try row.years("txt_years")))
        }
        return members
    }
}

extension FieldLayout {
    static func read(_ table: EmbeddedTable) throws(IngestError) -> [FieldLayout] {
        var fields: [FieldLayout] = []
        for row in table.rows {
            guard let kind = FieldKind(rawValue: try row("kind")) else {
                throw row.invalid("'\(try row("kind"))' is no kind of field")
            }
            var position: ClosedRange<Int>?
            if let first = try row.integer("first"), let last = try row.integer("last") {
                guard 1 <= first, first <= last else { throw row.invalid("the position is backwards") }
                position = first...last
            }
            let labels = try row("label").split(separator: "|").map(String.init)
            let items = labels.first.flatMap(itemNumbers)?.count ?? 1
            guard (kind == .list) == (items > 1), (position?.count ?? items) % items == 0 else {
                throw row.invalid("a list, and nothing else, has a label like PRICE{1-4} that divides its bytes")
            }
            fields.append(
                FieldLayout(
                    name: try row("field"), labels: labels, position: position, kind: kind,
                    width: try row.integer("width") ?? 0, impliedPlaces: try row.integer("implied_places") ?? 0,
                    years: try row.years("years"), isOptional: try row("presence") == "optional", itemCount: items))
        }
        return fields
    }
}

/// The numbers that `{1-4}` in a label stands for.
private func itemNumbers(_ label: String) -> ClosedRange<Int>? {
    guard let open = label.firstIndex(of: "{"), let close = label.lastIndex(of: "}") else { return nil }
    let ends = label[label.index(after: open)..<close].split(separator: "-").compactMap { Int($0) }
    return ends.count == 2 && ends[0] == 1 && ends[1] > 1 ? 1...ends[1] : nil
}
