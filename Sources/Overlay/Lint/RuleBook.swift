public import Model
import Schemas

/// The rules for overlays: `overlay-rules.md`, which people read and the program reads.
public struct RuleBook: Sendable {
    public let rules: [LintRule]
    private let positions: [String: Int]

    /// - Throws: when the embedded page does not have the form that it describes itself.
    public init() throws(IngestError) {
        let file = "overlay-rules.md"
        guard let bytes = Schemas.file(file), let text = String(validating: bytes, as: UTF8.self) else {
            throw IngestError(.badData, "schema_unreadable", at: Place("Schemas/\(file)"), "it is not embedded")
        }
        var rules: [LintRule] = []
        var number = 0
        var section: [Substring] = []
        var heading = 0
        func finish() throws(IngestError) {
            guard !section.isEmpty else { return }
            guard let rule = LintRule(section) else {
                throw IngestError(
                    .badData, "schema_table", at: Place("Schemas/\(file)", line: heading),
                    "a rule has its name, its severity, its meaning, `Try:` and, unless none can be shown, two examples"
                )
            }
            rules.append(rule)
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            if line.hasPrefix("## ") {
                try finish()
                section = [line]
                heading = number
            } else if !section.isEmpty {
                section.append(line)
            }
        }
        try finish()
        self.rules = rules
        positions = Dictionary(rules.enumerated().map { ($1.id, $0) }) { first, _ in first }
    }

    public subscript(id: String) -> LintRule? { positions[id].map { rules[$0] } }
}

extension LintRule {
    /// Reads a section of the page.
    fileprivate init?(_ lines: [Substring]) {
        guard let heading = lines.first else { return nil }
        id = String(heading.dropFirst(3))
        var paragraphs: [String] = []
        var examples: [String] = []
        var example: [Substring]?
        var isOpen = false
        for line in lines.dropFirst() {
            if let code = example {
                if line == "```" {
                    examples.append(code.map { $0 + "\n" }.joined())
                    example = nil
                } else {
                    example = code + [line]
                }
            } else if line == "```yaml" {
                example = []
                isOpen = false
            } else if line.isEmpty {
                isOpen = false
            } else if isOpen {
                paragraphs[paragraphs.count - 1] += " " + line
            } else {
                paragraphs.append(String(line))
                isOpen = true
            }
        }
        let facts = (paragraphs.first ?? "").split(separator: ", ")
        guard paragraphs.count >= 3, let severity = Diagnostic.Severity(rawValue: facts.first.map(String.init) ?? ""),
            paragraphs[2].hasPrefix("Try: "), examples.isEmpty || examples.count == 2
        else { return nil }
        self.severity = severity
        mayBeAllowed = !facts.contains("always on")
        meaning = paragraphs[1]
        hint = String(paragraphs[2].dropFirst(5))
        wrong = examples.first ?? ""
        right = examples.last ?? ""
    }
}
