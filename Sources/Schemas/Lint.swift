public import Model

/// What the rules for overlays measure by: `values/lint-limits.csv`, `lint-words.csv`, `route-words.csv` and
/// `product-names.csv`.
public struct LintTables: Sendable {
    /// What a word tells the rules.
    public enum WordKind: String, Sendable, CaseIterable {
        /// Text that is still to be written.
        case placeholder
        /// The same, in capitals only.
        case placeholderCapitals = "placeholder_capitals"
        /// A whole text that stands for one still to be written.
        case placeholderText = "placeholder_text"
        /// A word that may stand twice in a row.
        case mayDouble = "may_double"
        /// The sentence says how something is not.
        case negation
        /// The sentence is about what goes with the drug.
        case companion
        /// A word beside names of products that is none itself.
        case noName = "no_name"
    }

    /// A word that says how a drug is given.
    public struct RouteWord: Sendable {
        public let word: String
        /// The routes of drugs that it may be said of.
        public let fits: [String]
        /// Whether it is looked for in short texts and questions only: a noun also stands in remarks about other drugs.
        public let isNoun: Bool
    }

    /// A product's name that no table of CMS's has.
    public struct ProductName: Sendable {
        public let name: String
        public let code: Code
    }

    /// By field of an overlay, the most characters; and `reading_grade`.
    public let limits: [String: Int]
    public let words: [(word: String, kind: WordKind)]
    public let routeWords: [RouteWord]
    public let productNames: [ProductName]

    init(
        limits limitTable: EmbeddedTable, words wordTable: EmbeddedTable, routeWords routeTable: EmbeddedTable,
        productNames nameTable: EmbeddedTable, routes: Set<String>
    ) throws(IngestError) {
        var limits: [String: Int] = [:]
        for row in limitTable.rows { limits[try row("limit")] = try row.integer("most") }
        self.limits = limits
        var words: [(word: String, kind: WordKind)] = []
        for row in wordTable.rows {
            guard let kind = WordKind(rawValue: try row("kind")) else { throw row.invalid("no kind of word") }
            words.append((try row("word"), kind))
        }
        self.words = words
        var routeWords: [RouteWord] = []
        for row in routeTable.rows {
            let fits = try row("fits").split(separator: " ").map(String.init)
            guard fits.allSatisfy(routes.contains), ["names", "everywhere"].contains(try row("where")) else {
                throw row.invalid("a route is not in routes.csv, or `where` is neither names nor everywhere")
            }
            routeWords.append(
                RouteWord(word: try row("word"), fits: fits, isNoun: try row("where") == "names"))
        }
        self.routeWords = routeWords
        var productNames: [ProductName] = []
        for row in nameTable.rows {
            guard let code = Code(try row("code")), code.hasAssignedShape else { throw row.invalid("no code") }
            productNames.append(ProductName(name: try row("name"), code: code))
        }
        self.productNames = productNames
    }
}
