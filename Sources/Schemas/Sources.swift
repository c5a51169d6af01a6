public import Model

/// A kind of file that a release is made from, or that goes with it.
public enum SourceKind: String, Sendable, CaseIterable {
    /// The archive of relative values.
    case rvu
    /// HCPCS Level II of the release's quarter.
    case hcpcs
    /// Drug prices of the release's quarter; no run needs them.
    case asp
}

/// `values/sources.csv`, `source-rules.csv`, `source-kinds.csv` and `licenses.csv`: where CMS puts its files.
public struct SourceCatalogue: Sendable {
    /// A file as CMS has posted it.
    public struct Posting: Sendable, Hashable {
        public let url: String
        /// `nil` where nobody has looked yet.
        public let sha256: String?
        public let bytes: Int?

        public init(url: String, sha256: String? = nil, bytes: Int? = nil) {
            self.url = url
            self.sha256 = sha256
            self.bytes = bytes
        }
    }

    /// What is known of a kind of file.
    public struct Definition: Sendable {
        public let kind: SourceKind
        /// In messages: `the RVU archive`.
        public let name: String
        /// What the name of one of its members contains; empty where any will do.
        public let member: String
        /// CMS's page that lists them.
        public let index: String
        /// The licence that has to be accepted first.
        public let license: String?
    }

    /// A licence that CMS puts before some files.
    public struct License: Sendable {
        public let id: String
        public let owner: String
        /// Address of its text, with `{path}` for the path of the file.
        public let text: String
        /// The query with which CMS's page says yes.
        public let answer: String
        /// By what the page is known.
        public let marks: [String]
    }

    public let definitions: [Definition]
    public let licenses: [License]
    private let postings: [(kind: SourceKind, of: String, posting: Posting)]
    private let rules: [(kind: SourceKind, years: ClosedRange<Int>, url: String)]

    init(
        sources: EmbeddedTable, rules: EmbeddedTable, kinds: EmbeddedTable, licenses: EmbeddedTable
    ) throws(IngestError) {
        func kind(_ row: EmbeddedTable.Row) throws(IngestError) -> SourceKind {
            guard let kind = SourceKind(rawValue: try row("kind")) else { throw row.invalid("there is no such kind") }
            return kind
        }
        var postings: [(kind: SourceKind, of: String, posting: Posting)] = []
        for row in sources.rows {
            let sha256 = try row("sha256")
            postings.append(
                (
                    try kind(row), try row("of"),
                    Posting(url: try row("url"), sha256: sha256.isEmpty ? nil : sha256, bytes: try row.integer("bytes"))
                ))
        }
        self.postings = postings
        var patterns: [(kind: SourceKind, years: ClosedRange<Int>, url: String)] = []
        for row in rules.rows { patterns.append((try kind(row), try row.years("years"), try row("url"))) }
        self.rules = patterns
        var definitions: [Definition] = []
        for row in kinds.rows {
            let license = try row("license")
            definitions.append(
                Definition(
                    kind: try kind(row), name: try row("name"), member: try row("member"), index: try row("index"),
                    license: license.isEmpty ? nil : license))
        }
        self.definitions = definitions
        var known: [License] = []
        for row in licenses.rows {
            known.append(
                License(
                    id: try row("license"), owner: try row("owner"), text: try row("text"), answer: try row("answer"),
                    marks: try row("marks").split(separator: " ").map(String.init)))
        }
        self.licenses = known
        for kind in SourceKind.allCases where !definitions.contains(where: { $0.kind == kind }) {
            throw IngestError(
                .badData, "schema_table", at: Place("Schemas/values/source-kinds.csv"),
                "it does not define \(kind.rawValue)")
        }
    }

    public func definition(_ kind: SourceKind) -> Definition? { definitions.first { $0.kind == kind } }

    /// What a file of `kind` that goes with `release` is of: the label, or the quarter as `2026A`.
    public func subject(_ kind: SourceKind, of release: Release) -> String {
        switch kind {
        case .rvu: release.label
        case .hcpcs, .asp: "\(release.year)\(release.quarter)"
        }
    }

    /// CMS's postings of the file that are listed, oldest first.
    public func listed(_ kind: SourceKind, of release: Release) -> [Posting] {
        let subject = subject(kind, of: release)
        return postings.filter { $0.kind == kind && $0.of == subject }.map(\.posting)
    }

    /// Where the file may be, most likely first: the newest listed posting, older ones never, then the addresses
    /// that CMS's naming leads to.
    public func candidates(_ kind: SourceKind, of release: Release) -> [Posting] {
        var candidates = listed(kind, of: release).last.map { [$0] } ?? []
        for rule in rules where rule.kind == kind && rule.years.contains(release.year) {
            let url = rule.url.replacing("{label}", with: release.label.lowercased())
                .replacing("{month}", with: release.titleMonth.lowercased()).replacing(
                    "{year}", with: "\(release.year)")
            if !candidates.contains(where: { $0.url == url }) {
                candidates.append(Posting(url: url))
            }
        }
        return candidates
    }
}

extension Release {
    /// `A` for January to `D` for October.
    public var quarter: Character {
        switch titleMonth {
        case "April": "B"
        case "July": "C"
        case "October": "D"
        default: "A"
        }
    }
}
