import Model
import Schemas

/// What an overlay is about, as far as rules ask.
struct Subject {
    /// The code's position in the release; `nil` for a category.
    let index: Int?
    let code: Code?
    let passages: [Passage]
}

/// What a rule found, still without its place: a text of the overlay and a byte of it.
struct Found {
    let rule: String
    let passage: Int
    let offset: Int
    let message: String
}

/// What rules know of the release, made once.
struct LintContext: Sendable {
    let codes: [CodeEntry]
    let names: NameIndex
    let licensed: LicensedTexts
    let vocabulary: Vocabulary
    let limits: [String: Int]

    init(_ canonical: Canonical, schemas: Schemas) {
        codes = canonical.codes
        names = NameIndex(canonical, schemas: schemas)
        licensed = LicensedTexts(canonical.codes)
        vocabulary = Vocabulary(schemas.lint)
        limits = schemas.lint.limits
    }
}

/// Tries all rules on one overlay after the other.
struct Checker {
    let context: LintContext
    var subject = Subject(index: nil, code: nil, passages: [])
    var found: [Found] = []
    /// The text at hand.
    var passage = 0
    var words = Words()
    var grade = ReadingGrade()

    init(_ context: LintContext) { self.context = context }

    var field: Passage.Field { subject.passages[passage].field }

    /// The descriptor that messages may cite: Level II without D codes.
    var descriptor: String? {
        guard let index = subject.index, Tier.public.shows(context.codes[index].system) else { return nil }
        return context.codes[index].descriptor
    }

    mutating func check(_ subject: Subject) -> [Found] {
        self.subject = subject
        found.removeAll(keepingCapacity: true)
        grade = ReadingGrade()
        let strengths = Strengths(descriptor)
        let drug = subject.index.flatMap { context.names.isDrug[$0] ? $0 : nil }
        let route = subject.index.flatMap { context.codes[$0].route }
        for (number, text) in subject.passages.enumerated() {
            passage = number
            if text.isPlain { checkScalar(text) }
            guard text.field.isProse else { continue }
            text.text.utf8.withContiguousStorageIfAvailable { bytes in
                words.read(bytes)
                checkCharacters(bytes)
                checkLength(bytes)
                checkWords(bytes, route: route)
                checkLicensed(bytes)
                if !strengths.quantities.isEmpty { checkStrengths(bytes, strengths) }
                if text.field == .plainLanguage { grade.add(bytes, words, passage: number) }
                if let drug, text.field == .synonyms || text.field == .title { checkNames(bytes, of: drug) }
            }
        }
        checkGrade()
        return found
    }

    mutating func report(_ rule: String, at offset: Int, _ message: String) {
        found.append(Found(rule: rule, passage: passage, offset: offset, message: message))
    }

    func text(_ word: Words.Word, _ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: bytes[Int(word.start)..<Int(word.end)], as: UTF8.self)
    }
}
