/// Finds the tags of a template and what is wrong with them.
struct TemplateReader {
    private struct Section {
        let name: Substring
        let isInverted: Bool
    }

    /// Each doubles the cases of a text, and no text asks for so many.
    static let mostConditions = 6

    private(set) var problems: [Template.Problem] = []
    /// The variables that sections ask for, each once.
    private(set) var conditions: [TemplateVariable] = []
    private var rest: Substring
    private var open: [Section] = []

    init(_ text: String) { rest = Substring(text) }

    mutating func read() {
        while let start = rest.firstRange(of: "{{") {
            rest = rest[start.upperBound...]
            guard let end = rest.firstRange(of: "}}") else {
                report("'{{\(rest.prefix(20))' is never closed with }}")
                break
            }
            let tag = rest[..<end.lowerBound]
            rest = rest[end.upperBound...]
            read(tag)
        }
        for section in open.reversed() {
            let sign = section.isInverted ? "^" : "#"
            report("the section {{\(sign)\(section.name)}} is never closed with {{/\(section.name)}}")
        }
        if conditions.count > Self.mostConditions {
            report("its sections ask for \(conditions.count) variables; \(Self.mostConditions) are the most")
        }
    }

    private mutating func read(_ tag: Substring) {
        switch tag.first {
        case "!": return
        case "#", "^":
            let name = trimmed(tag.dropFirst())
            open.append(Section(name: name, isInverted: tag.first == "^"))
            if let variable = variable(name), !conditions.contains(variable) { conditions.append(variable) }
        case "/": close(trimmed(tag.dropFirst()))
        case "{", "&", ">", "<", "$", "=", "%", "*":
            if tag.first == "{", rest.first == "}" { rest.removeFirst() }
            report(
                "'{{\(tag)}}' is not for templates here: write {{name}}, {{#name}}…{{/name}}, {{^name}}…{{/name}} or "
                    + "{{! a note }}")
        default: _ = variable(trimmed(tag))
        }
    }

    private mutating func close(_ name: Substring) {
        guard let section = open.last else {
            report("{{/\(name)}} closes no section")
            return
        }
        guard section.name == name else {
            report("{{/\(name)}} stands where {{/\(section.name)}} is expected")
            return
        }
        open.removeLast()
    }

    private mutating func variable(_ name: Substring) -> TemplateVariable? {
        if let variable = TemplateVariable(rawValue: String(name)) { return variable }
        problems.append(
            Template.Problem(
                id: "overlay_variable", message: "'{{\(name)}}' is no variable; known are \(TemplateVariable.list)"))
        return nil
    }

    private mutating func report(_ message: String) {
        problems.append(Template.Problem(id: "overlay_template", message: message))
    }

    private func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
