import Model
import YAML

/// An editors' file as it was read: its path below the overlay folder and its text.
public struct OverlayFile: Sendable {
    public let path: String
    public let text: String

    public init(path: String, text: String) {
        self.path = path
        self.text = text
    }
}

/// A text of an overlay with the place where it stands.
struct Placed<Value> {
    let value: Value
    let place: Place
}

/// What an overlay says of one code.
struct CodeOverlay {
    var code: Placed<String>
    var title, summary, clinicalContext, billing, documentation: String?
    var synonyms: [Placed<String>] = []
    var plainLanguage: [String] = []
    var specialties: [String] = []
    var questions: [QuestionTemplate] = []
    var reviewRelease: String?
    var reviewDescriptor: String?
    /// Where the pin stands; at the code where there is none.
    var reviewPlace: Place
}

/// What an overlay says of all codes of a section or a range.
struct CategoryOverlay {
    enum Scope {
        case section(String)
        case range(Code, Code)
    }

    var scope: Scope
    var place: Place
    var name: String?
    var billing, documentation: Template?
    /// For drugs of one route, before the text for all.
    var billingByRoute: [String: Template] = [:]
    var documentationByRoute: [String: Template] = [:]
    /// Why there is no payable RVU, by reason.
    var notes: [String: Template] = [:]
    var questions: [QuestionTemplate] = []
}

/// A question whose texts may hold variables.
struct QuestionTemplate {
    var question: Template
    var answer: Template
    /// The routes of the drugs it suits; empty for any code.
    var routes: [String] = []
}

/// Reads overlays as text: a scalar is what the editor typed, never a number or a truth value.
struct OverlayReader: YAMLReader {
    static let findings = "overlay"

    private(set) var codes: [CodeOverlay] = []
    private(set) var categories: [CategoryOverlay] = []
    var problems = Diagnostics()
    private(set) var file = ""

    /// Allowed values, for messages that help.
    let reasons: Set<String>
    let routes: Set<String>

    init(reasons: Set<String>, routes: Set<String>) {
        self.reasons = reasons
        self.routes = routes
    }

    /// Reads one file of one or many documents.
    mutating func read(_ overlay: OverlayFile) {
        file = overlay.path
        let hint = "Texts with a colon, a hash or a brace need quotation marks or a block (`>-`)."
        for document in documents(overlay.text, hint: hint) ?? [] { read(document) }
    }

    private mutating func read(_ document: YAMLNode) {
        guard let mapping = document.mapping else {
            if document.text?.isEmpty == true { return }
            report("overlay_type", document, "expected keys and values, such as `code: J7308`")
            return
        }
        if let code = mapping["code"] {
            readCode(mapping, code: code)
        } else if mapping["section"] != nil || mapping["range"] != nil {
            readCategory(mapping, document)
        } else {
            report(
                "overlay_scope", document, "neither `code`, `section` nor `range` says what this is about")
        }
    }

    private static let codeKeys = [
        "code", "title", "summary", "synonyms", "plain_language", "clinical_context", "specialties", "billing",
        "documentation", "questions", "review",
    ]
    private static let categoryKeys = [
        "section", "range", "name", "billing", "billing_by_route", "documentation", "documentation_by_route",
        "rvu_notes", "questions",
    ]

    private mutating func readCode(_ mapping: YAMLMapping, code: YAMLNode) {
        refuseUnknownKeys(mapping, Self.codeKeys)
        guard let name = text(code) else { return }
        var overlay = CodeOverlay(
            code: Placed(value: name.uppercased(), place: place(code)), reviewPlace: place(code))
        overlay.title = text(mapping["title"])
        overlay.summary = text(mapping["summary"])
        overlay.clinicalContext = text(mapping["clinical_context"])
        overlay.billing = text(mapping["billing"])
        overlay.documentation = text(mapping["documentation"])
        overlay.synonyms = texts(mapping["synonyms"])
        overlay.plainLanguage = texts(mapping["plain_language"]).map(\.value)
        overlay.specialties = texts(mapping["specialties"]).map(\.value)
        overlay.questions = questions(mapping["questions"], allowsRoutes: false)
        if let review = mapping["review"] {
            if let pin = review.mapping {
                refuseUnknownKeys(pin, ["release", "descriptor"])
                overlay.reviewRelease = text(pin["release"])
                overlay.reviewDescriptor = text(pin["descriptor"])
                if let node = pin["descriptor"] { overlay.reviewPlace = place(node) }
                if let node = pin["descriptor"], let digest = overlay.reviewDescriptor, !isDigest(digest) {
                    report(
                        "overlay_pin", node, "'\(digest)' is no digest; expected sha256: and 64 hexadecimal digits")
                }
            } else {
                report("overlay_type", review, "`review` holds the keys `release` and `descriptor`")
            }
        }
        var seen: Set<String> = []
        for synonym in overlay.synonyms {
            let isTitle = overlay.title?.lowercased() == synonym.value.lowercased()
            if isTitle || !seen.insert(synonym.value.lowercased()).inserted {
                problems.add(
                    Diagnostic(
                        .warning, "overlay_synonym_repeats", at: synonym.place,
                        "the synonym '\(synonym.value)' repeats \(isTitle ? "the title" : "another in other letters")"))
            }
        }
        codes.append(overlay)
    }

    private func isDigest(_ text: String) -> Bool {
        text.hasPrefix("sha256:") && text.utf8.count == 71
            && text.utf8.dropFirst(7).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private mutating func readCategory(_ mapping: YAMLMapping, _ document: YAMLNode) {
        refuseUnknownKeys(mapping, Self.categoryKeys)
        let scope: CategoryOverlay.Scope
        if let node = mapping["section"] {
            if mapping["range"] != nil {
                report("overlay_scope", node, "`section` and `range` exclude each other")
            }
            guard let section = text(node) else { return }
            scope = .section(section)
        } else if let node = mapping["range"], let range = node.mapping {
            refuseUnknownKeys(range, ["first", "last"])
            guard let first = text(range["first"]).flatMap({ Code($0) }),
                let last = text(range["last"]).flatMap({ Code($0) }), first.count == 5, last.count == 5,
                first <= last
            else {
                report("overlay_scope", node, "a range needs `first` and `last`, two codes in order")
                return
            }
            scope = .range(first, last)
        } else {
            report("overlay_type", mapping["range"] ?? document, "`range` holds the keys `first` and `last`")
            return
        }
        var overlay = CategoryOverlay(scope: scope, place: place(document))
        overlay.name = text(mapping["name"])
        overlay.billing = template(mapping["billing"])
        overlay.documentation = template(mapping["documentation"])
        overlay.billingByRoute = templates(
            mapping["billing_by_route"], "`billing_by_route` holds a text for each route", routes)
        overlay.documentationByRoute = templates(
            mapping["documentation_by_route"], "`documentation_by_route` holds a text for each route", routes)
        overlay.notes = templates(mapping["rvu_notes"], "`rvu_notes` holds a text for each reason", reasons)
        overlay.questions = questions(mapping["questions"], allowsRoutes: true)
        categories.append(overlay)
    }

    private mutating func questions(_ node: YAMLNode?, allowsRoutes: Bool) -> [QuestionTemplate] {
        guard let node else { return [] }
        guard let list = node.list, !list.isEmpty else {
            report("overlay_type", node, "`questions` is a list of `question` and `answer`")
            return []
        }
        return list.compactMap { item in
            guard let mapping = item.mapping else {
                report("overlay_type", item, "a question has the keys `question` and `answer`")
                return nil
            }
            refuseUnknownKeys(mapping, ["question", "answer"] + (allowsRoutes ? ["routes"] : []))
            let named = texts(mapping["routes"])
            for route in named where !routes.contains(route.value) {
                problems.add(
                    Diagnostic(
                        .error, "overlay_route", at: route.place,
                        "'\(route.value)' is no route; known are \(routes.sorted().joined(separator: ", "))"))
            }
            guard let question = template(mapping["question"]), let answer = template(mapping["answer"]) else {
                if mapping["question"] == nil || mapping["answer"] == nil {
                    report("overlay_question", item, "a question needs both `question` and `answer`")
                }
                return nil
            }
            return QuestionTemplate(question: question, answer: answer, routes: named.map(\.value))
        }
    }

    private mutating func template(_ node: YAMLNode?) -> Template? {
        guard let node, let text = text(node, mayHoldVariables: true) else { return nil }
        let template = Template(text)
        for problem in template.problems { report(problem.id, node, problem.message) }
        return template
    }

    /// Texts by a key that is one of `known`.
    private mutating func templates(_ node: YAMLNode?, _ form: String, _ known: Set<String>) -> [String: Template] {
        guard let node else { return [:] }
        guard let mapping = node.mapping else {
            report("overlay_type", node, form)
            return [:]
        }
        refuseUnknownKeys(mapping, known.sorted())
        var texts: [String: Template] = [:]
        for (key, value) in mapping.members { texts[key.text ?? ""] = template(value) }
        return texts
    }

    // MARK: Scalars

    private mutating func text(_ node: YAMLNode?, mayHoldVariables: Bool = false) -> String? {
        guard let node else { return nil }
        guard let text = node.text?.trimmed else {
            report("overlay_type", node, "expected a text")
            return nil
        }
        if text.isEmpty {
            report("overlay_empty", node, "the text is empty", hint: "Write it, or take the key away.")
            return nil
        }
        if !mayHoldVariables, text.contains("{{") {
            report(
                "overlay_variable", node, "variables are not filled here; readers would see the braces",
                hint: "Variables are for questions and for the texts of a category.")
        }
        return text
    }

    private mutating func texts(_ node: YAMLNode?) -> [Placed<String>] {
        guard let node else { return [] }
        guard let list = node.list, !list.isEmpty else {
            report("overlay_type", node, "expected a list of texts, each on a line that begins with `- `")
            return []
        }
        return list.compactMap { item in text(item).map { Placed(value: $0, place: place(item)) } }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
