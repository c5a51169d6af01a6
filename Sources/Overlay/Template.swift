import Model

/// A text with variables in double braces, filled from the code it is shown with.
struct Template {
    enum Variable: String, CaseIterable {
        case code, title, descriptor, section, category, route
    }

    private enum Part {
        case literal(String)
        case variable(String)
    }

    /// As the editor wrote it.
    let source: String
    private let parts: [Part]

    init(_ text: String) {
        source = text
        guard text.holdsVariables else {
            parts = [.literal(text)]
            return
        }
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            parts.append(.literal(String(rest[..<open.lowerBound])))
            parts.append(.variable(rest[open.upperBound..<close.lowerBound].filter { $0 != " " }))
            rest = rest[close.upperBound...]
        }
        parts.append(.literal(String(rest)))
        self.parts = parts
    }

    var unknownVariables: [String] {
        parts.compactMap { part in
            guard case .variable(let name) = part else { return nil }
            return Variable(rawValue: name) == nil ? name : nil
        }
    }

    /// The text with every variable filled, or `nil` when the code has no value for one: a question that
    /// cannot be asked properly is not asked.
    func filled(for entry: CodeEntry, tier: Tier) -> String? {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .variable(let name):
                guard let value = Variable(rawValue: name).flatMap({ value($0, entry, tier) }) else { return nil }
                text += value
            }
        }
        return text
    }

    private func value(_ variable: Variable, _ entry: CodeEntry, _ tier: Tier) -> String? {
        switch variable {
        case .code: entry.code.description
        case .title: entry.title(in: tier)
        case .descriptor: tier.shows(entry.system) ? entry.descriptor : nil
        case .section: entry.section?.name
        case .category: entry.category?.name
        case .route: entry.route
        }
    }
}
