import Schemas

/// The words that rules look for, all in one table so that each word of a text is looked up once.
struct Vocabulary: Sendable {
    /// What a word means to the rules.
    struct Meaning: Sendable {
        var kinds: Set<LintTables.WordKind> = []
        /// The position of a word that says how a drug is given.
        var route: Int?
        var isUnit = false
        var isPer = false
        /// `to`, `of`, … have none of these.
        var isNegation = false
        var isCompanion = false
    }

    private let table: WordTable<Meaning>
    let routeWords: [LintTables.RouteWord]
    /// Whole texts of several words that stand for one still to be written.
    private let placeholders: Set<[UInt64]>

    init(_ tables: LintTables) {
        routeWords = tables.routeWords
        placeholders = Set(
            tables.words.filter { $0.kind == .placeholderText }.map {
                $0.word.split(separator: " ").map { Words.number($0.utf8) }
            })
        var members: [(UInt64, Meaning)] = tables.words.filter { $0.kind != .placeholderText }.map { word, kind in
            (
                Words.number(word),
                Meaning(kinds: [kind], isNegation: kind == .negation, isCompanion: kind == .companion)
            )
        }
        members += tables.routeWords.enumerated().map { (Words.number($1.word), Meaning(route: $0)) }
        members += ["unit", "units"].map { (Words.number($0), Meaning(isUnit: true)) }
        members.append((Words.number("per"), Meaning(isPer: true)))
        table = WordTable(members) { first, _ in first }
    }

    subscript(number: UInt64) -> Meaning? { table[number] }

    /// Whether the words are a text that only stands for another.
    func isPlaceholder(_ words: Words) -> Bool {
        words.all.count <= 4 && placeholders.contains(words.all.map(\.number))
    }
}
