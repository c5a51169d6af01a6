import Model

/// A text of an overlay under its key, with the place where it stands.
struct Passage {
    /// The key of the schema that holds it.
    enum Field: String, CaseIterable {
        case code, title, summary, synonyms, specialties, billing, documentation, name, question, answer
        case plainLanguage = "plain_language"
        case clinicalContext = "clinical_context"
        case note = "rvu_notes"
        /// Texts that are no prose: releases, digests, routes, rules, reasons of allowances.
        case other

        /// Whether readers see it.
        var isProse: Bool { self != .code && self != .other }
    }

    let field: Field
    let text: String
    let place: Place
    /// Whether it stands without quotation marks.
    let isPlain: Bool
    /// The routes of drugs that a category's question is asked of; empty for any code.
    var routes: [String] = []
}

/// That a rule does not hold for the texts of one overlay, and why.
struct Allowance {
    let rule: Placed<String>
    let reason: String
}
