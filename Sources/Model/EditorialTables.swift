/// The tables of the editors' texts. They hold what overlays say, once; documents in `codes.ndjson` hold the
/// texts of a code and of its category together.

/// The single texts of a code's own overlay.
public struct EditorialRow: TableRow {
    let code: Code
    let editorial: Editorial

    public init(code: Code, editorial: Editorial) {
        self.code = code
        self.editorial = editorial
    }

    public static let table = "editorial"
    public static let columns = [
        "code", "title", "summary", "clinical_context", "billing", "documentation", "review_state",
        "review_release", "review_descriptor",
    ]

    public var cells: [Cell] {
        func own(_ text: Editorial.Text?) -> Cell { text?.origin == .code ? .text(text?.text) : .null }
        return [
            .text(code), .text(editorial.title), .text(editorial.summary), .text(editorial.clinicalContext),
            own(editorial.billing), own(editorial.documentation), .text(editorial.review?.state.rawValue),
            .text(editorial.review?.release), .text(editorial.review?.descriptor),
        ]
    }
}

/// One of several texts of a code: a synonym, a plain-language sentence or a specialty.
public struct EditorialItemRow: TableRow {
    public enum Kind: String, Sendable, CaseIterable {
        case synonym, plainLanguage = "plain_language", specialty
    }

    let code: Code
    let kind: Kind
    let position: Int
    let text: String

    public init(code: Code, kind: Kind, position: Int, text: String) {
        self.code = code
        self.kind = kind
        self.position = position
        self.text = text
    }

    public static let table = "editorial_items"
    public static let columns = ["code", "kind", "position", "text"]
    public var cells: [Cell] { [.text(code), .text(kind.rawValue), .integer(position), .text(text)] }
}

/// A question and answer of a code's own overlay.
public struct QuestionRow: TableRow {
    let code: Code
    let position: Int
    let question: Editorial.Question

    public init(code: Code, position: Int, question: Editorial.Question) {
        self.code = code
        self.position = position
        self.question = question
    }

    public static let table = "questions"
    public static let columns = ["code", "position", "question", "answer"]
    public var cells: [Cell] {
        [.text(code), .integer(position), .text(question.question), .text(question.answer)]
    }
}

/// One text of a category overlay, as the editors wrote it, variables unfilled.
public struct CategoryTextRow: Sendable, TableRow {
    /// A section's identifier, or a range as `J9000-J9999`.
    let scope: String
    /// `name`, `billing`, `documentation`, `rvu_note`, `question` or `answer`.
    let kind: String
    /// The reason of a note, the number of a question; else empty.
    let item: String
    let text: String
    let routes: [String]
    public let source: Source

    public init(scope: String, kind: String, item: String, text: String, routes: [String], source: Source) {
        self.scope = scope
        self.kind = kind
        self.item = item
        self.text = text
        self.routes = routes
        self.source = source
    }

    public static let table = "category_texts"
    public static let columns = ["scope", "kind", "item", "text", "routes"]
    public var cells: [Cell] {
        [.text(scope), .text(kind), .text(item), .text(text), routes.isEmpty ? .null : .list(routes)]
    }
}

/// Where a row of another table came from: the file (or archive and member) and the line.
public struct ProvenanceRow: TableRow {
    let table: String
    let code: Code
    let modifier: Modifier
    let locality: LocalityKey?
    let ndc: String?
    let source: Source

    public init(
        _ table: String, code: Code = .blank, modifier: Modifier = .blank, locality: LocalityKey? = nil,
        ndc: String? = nil, source: Source
    ) {
        self.table = table
        self.code = code
        self.modifier = modifier
        self.locality = locality
        self.ndc = ndc
        self.source = source
    }

    public static let table = "provenance"
    public static let columns = ["table", "code", "modifier", "mac", "locality", "file", "line", "ndc"]
    public var cells: [Cell] {
        [
            .text(table), .text(code), .text(modifier), locality.map { .text($0.contractor) } ?? .null,
            locality.map { .text($0.number) } ?? .null, .text(source.file), .integer(source.line), .text(ndc),
        ]
    }
}

/// A conversion factor of the release.
public struct ConversionFactorRow: TableRow {
    let service: String
    let track: String
    let value: Cell

    public init(service: String, track: String, value: some ExactDecimal) {
        self.service = service
        self.track = track
        self.value = .text(value.description)
    }

    public static let table = "conversion_factors"
    public static let columns = ["service", "track", "conversion_factor"]
    public var cells: [Cell] { [.text(service), .text(track), value] }
}
