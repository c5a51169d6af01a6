import Model
private import Mustache

/// A text with variables in double braces, filled from the code it is shown with.
///
/// `{{name}}` is a variable, `{{#name}}…{{/name}}` is shown where the code has one, `{{^name}}…{{/name}}` where it has
/// none, `{{! … }}` is a note to other editors. What else Mustache knows (partials, other delimiters, functions) is
/// refused, because no text here needs it.
///
/// What a text looks like depends only on which of its sections' variables a code has. Mustache renders it once for
/// each such case, with marks in the place of the values; filling it for one of 20,000 codes is putting values between
/// pieces of text.
struct Template: Sendable {
    /// What keeps a text from being a template.
    struct Problem: Sendable {
        let id: String
        let message: String
    }

    private enum Piece {
        case text(String)
        case variable(TemplateVariable)
    }

    /// As the editor wrote it.
    let source: String
    let problems: [Problem]
    /// The variables that sections ask for.
    private let conditions: [TemplateVariable]
    /// The text for each set of conditions that hold: the first condition is the lowest bit of the position.
    private let cases: [[Piece]]

    init(_ text: String) {
        source = text
        guard text.holdsVariables else {
            problems = []
            conditions = []
            cases = [[.text(text)]]
            return
        }
        var reader = TemplateReader(text)
        reader.read()
        var problems = reader.problems
        var conditions: [TemplateVariable] = []
        var cases: [[Piece]] = [[.text(text)]]
        if problems.isEmpty {
            conditions = reader.conditions
            do {
                let mustache = try MustacheTemplate(string: Self.plain + text)
                cases = (0..<(1 << conditions.count)).map { number in
                    let missing = conditions.indices.filter { number >> $0 & 1 == 0 }.map { conditions[$0] }
                    return Self.pieces(mustache.render(Marks(missing: Set(missing))))
                }
            } catch {
                problems.append(Problem(id: "overlay_template", message: "the tags cannot be read: \(error)"))
            }
        }
        self.problems = problems
        self.conditions = conditions
        self.cases = cases
    }

    /// Texts are plain: nothing is escaped.
    private static let plain = "{{% CONTENT_TYPE: TEXT }}"

    /// The text with every variable filled, or `nil` when the code has no value for one outside the sections that
    /// ask for it, or when no text is left: a question that cannot be asked properly is not asked.
    func filled(for entry: CodeEntry, in setting: TemplateSetting) -> String? {
        var number = 0
        for (bit, variable) in conditions.enumerated() where setting.value(of: variable, for: entry) != nil {
            number |= 1 << bit
        }
        var filled = ""
        for piece in cases[number] {
            switch piece {
            case .text(let text): filled += text
            case .variable(let variable):
                guard let value = setting.value(of: variable, for: entry) else { return nil }
                filled += value
            }
        }
        return filled.allSatisfy(\.isWhitespace) ? nil : filled
    }

    /// Takes a rendered text apart at its marks.
    private static func pieces(_ rendered: String) -> [Piece] {
        var pieces: [Piece] = []
        for (index, part) in rendered.split(separator: Marks.mark, omittingEmptySubsequences: false).enumerated() {
            if index % 2 == 1, let variable = TemplateVariable(rawValue: String(part)) {
                pieces.append(.variable(variable))
            } else if !part.isEmpty {
                pieces.append(.text(String(part)))
            }
        }
        return pieces
    }
}

/// Has a mark for every variable; to sections, those that are missing are not there.
private struct Marks: MustacheParent {
    let missing: Set<TemplateVariable>

    /// Stands on both sides of a variable's name; no YAML text holds it.
    static let mark: Character = "\0"

    func child(named name: String) -> Any? {
        guard let variable = TemplateVariable(rawValue: name) else { return nil }
        return Mark(renderText: "\(Self.mark)\(name)\(Self.mark)", isNull: missing.contains(variable))
    }
}

/// The mark of a variable; it has no parts that a section within could name.
private struct Mark: MustacheParent, MustacheCustomRenderable {
    let renderText: String
    let isNull: Bool

    func child(named: String) -> Any? { nil }
}
