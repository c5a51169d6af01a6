import ArgumentParser
import JSON
import Model
import Overlay

struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Explain the rules for overlays.",
        discussion: "Prints what each rule finds, why, what to try, and an overlay that breaks it beside a good one.")

    @Argument(help: "Only these rules, such as overlay_doubled_word.")
    var names: [String] = []

    @OptionGroup var format: FormatOptions

    func run() throws {
        try reporting {
            let book = try RuleBook()
            var shown: [LintRule] = []
            for name in names {
                guard let rule = book[name] else {
                    throw IngestError(
                        .usage, "rule_unknown", "'\(name)' is no rule",
                        hint: "Rules are \(book.rules.map(\.id).joined(separator: ", ")).")
                }
                shown.append(rule)
            }
            if names.isEmpty { shown = book.rules }
            if format.format == .json {
                printData(json(shown))
            } else {
                print(shown.map(\.page).joined(separator: "\n\n"))
            }
        }
    }

    private func json(_ rules: [LintRule]) -> [UInt8] {
        var writer = JSONWriter(indented: true)
        writer.array { writer in
            for rule in rules {
                writer.object { writer in
                    writer.field("id", rule.id)
                    writer.field("severity", rule.severity.rawValue)
                    writer.field("may_be_allowed", rule.mayBeAllowed)
                    writer.field("meaning", rule.meaning)
                    writer.field("hint", rule.hint)
                    writer.field("wrong", rule.wrong.isEmpty ? nil : rule.wrong)
                    writer.field("right", rule.right.isEmpty ? nil : rule.right)
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}

extension LintRule {
    /// The rule as people read it.
    fileprivate var page: String {
        func indented(_ text: String) -> String {
            text.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        }
        var page = "\(id)  (\(severity.rawValue)\(mayBeAllowed ? "" : ", always on"))\n  \(meaning)\n  try: \(hint)"
        if !wrong.isEmpty { page += "\n  wrong:\n\(indented(wrong))\n  right:\n\(indented(right))" }
        return page
    }
}
