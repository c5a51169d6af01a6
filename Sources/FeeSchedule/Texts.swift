public import Model

extension Dataset {
    /// The editors' own texts of a code, with the state of their review.
    ///
    /// Texts that a code has from its category, filled with its own fields, are in its ``document(of:)``.
    /// - Returns: `nil` for a code without texts of its own.
    /// - Throws: when the database cannot be read.
    public func editorial(_ code: String) throws(IngestError) -> Editorial? {
        let key = [code.uppercased()]
        guard let row = try rows("editorial", where: "code = ?", key).first else { return nil }
        var editorial = Editorial()
        editorial.title = row.text("title")
        editorial.summary = row.text("summary")
        editorial.clinicalContext = row.text("clinical_context")
        editorial.billing = row.text("billing").map { Editorial.Text($0, .code) }
        editorial.documentation = row.text("documentation").map { Editorial.Text($0, .code) }
        let state = try row.required(
            "review_state", row.text("review_state").flatMap(Editorial.ReviewState.init))
        editorial.review = Editorial.Review(
            state: state, release: row.text("review_release"), descriptor: row.text("review_descriptor"))
        for item in try rows("editorial_items", where: "code = ?", key, order: "kind, position") {
            let text = item.text("text") ?? ""
            switch item.text("kind") {
            case "synonym": editorial.synonyms.append(text)
            case "plain_language": editorial.plainLanguage.append(text)
            case "specialty": editorial.specialties.append(text)
            default: continue
            }
        }
        for question in try rows("questions", where: "code = ?", key, order: "position") {
            editorial.questions.append(
                Editorial.Question(
                    question: question.text("question") ?? "", answer: question.text("answer") ?? "", origin: .code))
        }
        editorial.sources = try sources(of: code).filter { $0.table == "editorial" }.map(\.source)
        return editorial
    }

    /// What a value of an indicator means, in words to show: the status `A`, the global days `XXX`, the reason `bundled`.
    /// - Parameters:
    ///   - indicator: a column of `relative_values` or `codes`, or a field of the code documents.
    ///   - value: the value as the table has it.
    /// - Returns: `nil` for a value that the dataset does not explain.
    /// - Throws: when the database cannot be read.
    public func meaning(of indicator: String, _ value: String) throws(IngestError) -> String? {
        try rows("indicator_values", where: "indicator = ? AND value = ?", [indicator, value]).first?.text("meaning")
    }

    /// Every value of an indicator with its meaning.
    /// - Throws: when the database cannot be read.
    public func meanings(of indicator: String) throws(IngestError) -> [ValueMeaning] {
        try rows("indicator_values", where: "indicator = ?", [indicator], order: "value").map {
            ValueMeaning(indicator, $0.text("value") ?? "", $0.text("meaning") ?? "")
        }
    }
}
