import Model

/// `values/sentences.csv`: what the dataset says where it has no value, or a value that is a name.
struct Sentence: Sendable {
    /// The tier that it belongs to; `nil` for both.
    let tier: Tier?
    let meaning: ValueMeaning

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [Sentence] {
        var sentences: [Sentence] = []
        for row in table.rows {
            let tier = try row("tier")
            guard tier.isEmpty || Tier(rawValue: tier) != nil else { throw row.invalid("'\(tier)' is no tier") }
            sentences.append(
                Sentence(
                    tier: Tier(rawValue: tier),
                    meaning: ValueMeaning(try row("indicator"), try row("value"), try row("meaning"))))
        }
        return sentences
    }

    /// Fields of CMS's files that the dataset calls otherwise; `nil` for marks that are a truth value there, with a
    /// sentence of their own.
    static let columns: [String: String?] = [
        "type_of_service": "types_of_service", "lab_certification": "lab_certifications", "asc_policy": "opps_policy",
        "na_indicator": nil, "not_used_flag": nil,
    ]
}

extension ValueMeaning {
    /// Rows of `values/names.csv`.
    static func read(_ table: EmbeddedTable) throws(IngestError) -> [ValueMeaning] {
        var meanings: [ValueMeaning] = []
        for row in table.rows {
            meanings.append(ValueMeaning(try row("list"), try row("value"), try row("meaning")))
        }
        return meanings
    }
}
