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

extension Placed: Sendable where Value: Sendable {}

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
    /// Every text in the order of the file.
    var passages: [Passage] = []
    var allowances: [Allowance] = []
    /// The number of its file.
    var file = 0
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
    /// Every text in the order of the file.
    var passages: [Passage] = []
    var allowances: [Allowance] = []
    /// The number of its file.
    var file = 0
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
    var problems: Diagnostics
    private(set) var file = ""
    private var fileNumber = 0
    /// The texts of the document that is being read.
    private var passages: [Passage] = []

    /// Allowed values, for messages that help.
    let reasons: Set<String>
    let routes: Set<String>

    init(reasons: Set<String>, routes: Set<String>, keptPerKind: Int = Diagnostics.keptPerKind) {
        self.reasons = reasons
        self.routes = routes
        problems = Diagnostics(keptPerKind: keptPerKind)
    }

    /// Reads the documents of a file, or of a piece of it that begins at `firstLine`.
    mutating func read(_ text: String, of file: String, number: Int, firstLine: Int) {
        self.file = file
        fileNumber = number
        let hint = "Texts with a colon, a hash or a brace need quotation marks or a block (`>-`)."
        for document in documents(text, firstLine: firstLine, hint: hint) ?? [] {
            passages.removeAll(keepingCapacity: true)
            read(document)
        }
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
        "documentation", "questions", "review", "lint",
    ]
    private static let categoryKeys = [
        "section", "range", "name", "billing", "billing_by_route", "documentation", "documentation_by_route",
        "rvu_notes", "questions", "lint",
    ]

    private mutating func readCode(_ mapping: YAMLMapping, code: YAMLNode) {
        refuseUnknownKeys(mapping, Self.codeKeys)
        guard let name = text(code, .code) else { return }
        var overlay = CodeOverlay(
            code: Placed(value: name.uppercased(), place: place(code)), reviewPlace: place(code))
        overlay.title = text(mapping["title"], .title)
        overlay.summary = text(mapping["summary"], .summary)
        overlay.clinicalContext = text(mapping["clinical_context"], .clinicalContext)
        overlay.billing = text(mapping["billing"], .billing)
        overlay.documentation = text(mapping["documentation"], .documentation)
        overlay.synonyms = texts(mapping["synonyms"], .synonyms)
        overlay.plainLanguage = texts(mapping["plain_language"], .plainLanguage).map(\.value)
        overlay.specialties = texts(mapping["specialties"], .specialties).map(\.value)
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
                    overlay.reviewDescriptor = nil
                }
            } else {
                report("overlay_type", review, "`review` holds the keys `release` and `descriptor`")
            }
        }
        reportRepeats(overlay)
        overlay.allowances = allowances(mapping["lint"])
        overlay.passages = passages
        overlay.file = fileNumber
        codes.append(overlay)
    }

    /// Synonyms that are the title or another one but for capitals; a synonym may hold two, with a comma between.
    private mutating func reportRepeats(_ overlay: CodeOverlay) {
        let title = overlay.title?.lowercased()
        var seen: Set<String> = []
        for synonym in overlay.synonyms {
            let whole = synonym.value.lowercased()
            var parts = [whole]
            if whole.utf8.contains(UInt8(ascii: ",")) {
                parts += whole.split(separator: ",").map { String($0).trimmed }
            }
            let isTitle = parts.contains { $0 == title }
            if isTitle || parts.contains(where: { !seen.insert($0).inserted }) {
                problems.add(
                    Diagnostic(
                        .warning, "overlay_synonym_repeats", at: synonym.place,
                        "the synonym '\(synonym.value)' repeats \(isTitle ? "the title" : "another in other letters")"))
            }
        }
    }

    /// Rules that do not hold for the document's texts, each with the reason.
    private mutating func allowances(_ node: YAMLNode?) -> [Allowance] {
        guard let node else { return [] }
        guard let list = node.list, !list.isEmpty else {
            report("overlay_type", node, "`lint` is a list of `allow` and `reason`")
            return []
        }
        return list.compactMap { item in
            guard let mapping = item.mapping else {
                report("overlay_type", item, "an allowance has the keys `allow` and `reason`")
                return nil
            }
            refuseUnknownKeys(mapping, ["allow", "reason"])
            guard let rule = mapping["allow"], let reason = mapping["reason"] else {
                report(
                    "overlay_allowance", item, "an allowance needs both `allow`, a rule, and `reason`, a sentence")
                return nil
            }
            guard let name = text(rule), let why = text(reason) else { return nil }
            return Allowance(rule: Placed(value: name, place: place(rule)), reason: why)
        }
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
        overlay.name = text(mapping["name"], .name)
        overlay.billing = template(mapping["billing"], .billing)
        overlay.billingByRoute = templates(mapping["billing_by_route"], .billing, byRoute: true)
        overlay.documentation = template(mapping["documentation"], .documentation)
        overlay.documentationByRoute = templates(mapping["documentation_by_route"], .documentation, byRoute: true)
        overlay.notes = templates(mapping["rvu_notes"], .note, byRoute: false)
        overlay.questions = questions(mapping["questions"], allowsRoutes: true)
        overlay.allowances = allowances(mapping["lint"])
        overlay.passages = passages
        overlay.file = fileNumber
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
            let first = passages.count
            let question = template(mapping["question"], .question)
            let answer = template(mapping["answer"], .answer)
            for index in first..<passages.count { passages[index].routes = named.map(\.value) }
            guard let question, let answer else {
                if mapping["question"] == nil || mapping["answer"] == nil {
                    report("overlay_question", item, "a question needs both `question` and `answer`")
                }
                return nil
            }
            return QuestionTemplate(question: question, answer: answer, routes: named.map(\.value))
        }
    }

    private mutating func template(_ node: YAMLNode?, _ field: Passage.Field) -> Template? {
        guard let node, let text = text(node, field, mayHoldVariables: true) else { return nil }
        let template = Template(text)
        for problem in template.problems { report(problem.id, node, problem.message) }
        return template
    }

    /// Texts for each route or for each reason of having no price.
    private mutating func templates(
        _ node: YAMLNode?, _ field: Passage.Field, byRoute isByRoute: Bool
    ) -> [String: Template] {
        guard let node else { return [:] }
        guard let mapping = node.mapping else {
            report("overlay_type", node, "expected a text for each \(isByRoute ? "route" : "reason")")
            return [:]
        }
        refuseUnknownKeys(mapping, (isByRoute ? routes : reasons).sorted())
        var texts: [String: Template] = [:]
        for (key, value) in mapping.members {
            let name = key.text ?? ""
            let first = passages.count
            texts[name] = template(value, field)
            if isByRoute { for index in first..<passages.count { passages[index].routes = [name] } }
        }
        return texts
    }

    // MARK: Scalars

    private mutating func text(
        _ node: YAMLNode?, _ field: Passage.Field = .other, mayHoldVariables: Bool = false
    ) -> String? {
        guard let node else { return nil }
        guard let text = node.text?.trimmed else {
            report("overlay_type", node, "expected a text")
            return nil
        }
        if text.isEmpty {
            report("overlay_empty", node, "the text is empty", hint: "Write it, or take the key away.")
            return nil
        }
        passages.append(Passage(field: field, text: text, place: place(node), isPlain: node.isPlain))
        if !mayHoldVariables, text.holdsVariables {
            report(
                "overlay_variable", node, "variables are not filled here; readers would see the braces",
                hint: "Variables are for questions and for the texts of a category.")
        }
        return text
    }

    private mutating func texts(_ node: YAMLNode?, _ field: Passage.Field = .other) -> [Placed<String>] {
        guard let node else { return [] }
        guard let list = node.list, !list.isEmpty else {
            report("overlay_type", node, "expected a list of texts, each on a line that begins with `- `")
            return []
        }
        return list.compactMap { item in text(item, field).map { Placed(value: $0, place: place(item)) } }
    }
}

extension String {
    fileprivate var trimmed: String {
        func isSpaceOrForeign(_ byte: UInt8) -> Bool { byte <= 0x20 || byte >= 0x80 }
        if let first = utf8.first, let last = utf8.last, !isSpaceOrForeign(first), !isSpaceOrForeign(last) {
            return self
        }
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// Whether two opening braces stand side by side.
    var holdsVariables: Bool {
        var before: UInt8 = 0
        for byte in utf8 {
            if byte == UInt8(ascii: "{"), before == byte { return true }
            before = byte
        }
        return false
    }
}
