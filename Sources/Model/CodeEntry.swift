/// A name with a stable identifier: a section or a category.
public struct Label: Hashable, Sendable {
    private let sharedID: SharedText
    private var sharedName: SharedText

    public init(id: String, name: String) {
        sharedID = SharedText(id)
        sharedName = SharedText(name)
    }

    public var id: String { sharedID.text }
    public var name: String {
        get { sharedName.text }
        set { sharedName = SharedText(newValue) }
    }
}

/// A code with everything known of it: the join of PPRRVU, HCPCS and the editors' texts.
public struct CodeEntry: Sendable, Equatable {
    public var code: Code
    public var system: CodeSystem { code.system }
    /// Level II: the letter's section. CPT: our own range table.
    public var section: Label?
    /// Level II: the BETOS class. CPT: our own range table.
    public var category: Label?
    /// HCPCS's short descriptor, else PPRRVU's. Empty when no file has one.
    public var shortDescriptor: String
    /// HCPCS's assembled long descriptor.
    public var longDescriptor: String?
    /// A name made from the Level II descriptors; `nil` for codes whose text is not CMS's, in every tier.
    public var suggestedTitle: SuggestedTitle?
    /// How the drug is given, as the Level II descriptor states it: `injection`, `topical`, `implant`, …
    public var route: String?
    /// Sorted by modifier, the global row first.
    public var relativeValues: [RelativeValue]
    @inlinable
    public var hcpcs: HCPCSRecord? {
        get { boxedHCPCS?.value }
        set { boxedHCPCS = newValue.map(OutOfLine.value) }
    }
    /// Whether there is a HCPCS record.
    @inlinable
    public var isInHCPCSFile: Bool { boxedHCPCS != nil }
    /// Why there is no PPRRVU row; `nil` when there is one.
    public var relativeValuesAbsence: String?
    /// Why there is no HCPCS record; `nil` when there is one.
    public var hcpcsAbsence: String?
    @inlinable
    public var editorial: Editorial? {
        get { boxedEditorial?.value }
        set { boxedEditorial = newValue.map(OutOfLine.value) }
    }

    /// What the ASP files say of it; `nil` without them and for codes that they do not list.
    @inlinable
    public var drug: DrugFacts? {
        get { boxedDrug?.value }
        set { boxedDrug = newValue.map(OutOfLine.value) }
    }

    // Large and absent for most codes, so kept out of the entry itself. Others see through to the boxes: an entry that is
    // asked for one from afar is copied first.
    @usableFromInline var boxedDrug: OutOfLine<DrugFacts>?
    @usableFromInline var boxedHCPCS: OutOfLine<HCPCSRecord>?
    @usableFromInline var boxedEditorial: OutOfLine<Editorial>?

    public init(code: Code) {
        self.code = code
        shortDescriptor = ""
        relativeValues = []
    }

    /// Why the code has no payable relative values; `nil` when its global row is priced.
    public var unpricedReason: String? {
        relativeValues.isEmpty ? "not_on_fee_schedule" : relativeValues.first?.unpricedReason
    }

    /// The text that a review is pinned to: the long descriptor, else the short one.
    public var descriptor: String? {
        if let longDescriptor { return longDescriptor }
        return shortDescriptor.isEmpty ? nil : shortDescriptor
    }

    /// The name to show: the editors' title, else the suggested one of Level II. CPT and CDT codes have
    /// only what the editors give them unless `tier` shows their descriptors.
    public func title(in tier: Tier) -> String? {
        switch titleOrigin(in: tier) {
        case .editors: editorial?.title
        case .suggested: suggestedTitle?.text
        case .descriptor: shortDescriptor
        case nil: nil
        }
    }

    /// Where the name to show comes from; `nil` when there is none.
    public func titleOrigin(in tier: Tier) -> TitleOrigin? {
        if editorial?.title != nil { return .editors }
        if suggestedTitle != nil { return .suggested }
        return tier.shows(system) && !shortDescriptor.isEmpty ? .descriptor : nil
    }
}

/// A value kept behind a reference, without the meaning of one.
@usableFromInline
indirect enum OutOfLine<Value: Sendable & Equatable>: Sendable, Equatable {
    case value(Value)

    @inlinable
    var value: Value {
        switch self {
        case .value(let value): value
        }
    }
}

/// What editors say about a code, from its own overlay and from its category's.
public struct Editorial: Sendable, Equatable {
    /// Where a text came from.
    public enum Origin: String, Sendable { case code, category }

    /// How the code's own texts stand to the descriptor they were reviewed against.
    public enum ReviewState: String, Sendable, CaseIterable {
        /// The descriptor is the one that was reviewed.
        case current
        /// CMS has reworded the code since, be it in case or punctuation.
        case stale
        /// CMS ended the code before the release took effect.
        case orphaned
        /// CMS has reworded the code, and it may mean something else now: CMS has added it anew since, or no word of
        /// the new descriptor begins like one of the old.
        case reusedSuspect = "reused_suspect"
        /// Nothing was pinned, or there is nothing to compare the pin with: no descriptor, or a Level II code's pin
        /// in a release without its HCPCS file.
        case unreviewed

        /// Whether the texts are known not to fit, so that they are left out where only fitting ones are wanted.
        public var isUnfit: Bool { [.stale, .orphaned, .reusedSuspect].contains(self) }
    }

    /// Why the words that CMS changed cannot be named.
    public enum WordsAbsence: String, Sendable {
        /// The descriptors are the AMA's or the ADA's, and this tier does not show them.
        case notPublic = "not_public"
        /// No revision of the pinned release is in the store.
        case releaseNotInStore = "release_not_in_store"
        /// The store's revisions of the pinned release have another descriptor than the pinned one.
        case textNotInStore = "text_not_in_store"
    }

    /// The pin: against which release and descriptor the texts were read, and what became of it.
    public struct Review: Sendable, Equatable {
        public var state: ReviewState
        public var release: String?
        /// `sha256:` and lower-case hex of the descriptor's UTF-8: the long one's, else the short one's.
        public var descriptor: String?
        /// From the descriptor that was reviewed to the release's; `nil` unless CMS reworded it and it can be shown.
        public var words: WordDifference?
        /// Why ``words`` is `nil` for a reworded code.
        public var wordsAbsence: WordsAbsence?
        /// CMS's cross-references of an orphaned code.
        public var useInstead: [String] = []
        /// The pin's line; the code's where nothing is pinned.
        public var place: Place?

        public init(state: ReviewState, release: String?, descriptor: String?) {
            self.state = state
            self.release = release
            self.descriptor = descriptor
        }
    }

    /// A text with its origin.
    public struct Text: Sendable, Equatable {
        public var text: String
        public var origin: Origin

        public init(_ text: String, _ origin: Origin) {
            self.text = text
            self.origin = origin
        }
    }

    public struct Question: Sendable, Equatable {
        public var question: String
        public var answer: String
        public var origin: Origin

        public init(question: String, answer: String, origin: Origin) {
            self.question = question
            self.answer = answer
            self.origin = origin
        }
    }

    public var title: String?
    public var summary: String?
    public var synonyms: [String] = []
    public var plainLanguage: [String] = []
    public var clinicalContext: String?
    public var specialties: [String] = []
    public var billing: Text?
    public var documentation: Text?
    /// Why there are no payable RVUs, in words for readers; from the category, by reason.
    public var relativeValueNote: String?
    public var questions: [Question] = []
    /// `nil` when the code has no overlay of its own.
    public var review: Review?
    /// The overlay files, the code's own first.
    public var sources: [Source] = []

    public init() {}
}

extension CodeEntry {
    /// The row of `tables/codes.csv`.
    public struct Row: TableRow {
        let entry: CodeEntry
        let tier: Tier

        public init(_ entry: CodeEntry, tier: Tier) {
            self.entry = entry
            self.tier = tier
        }

        public static let table = "codes"
        public static let columns =
            [
                "code", "system", "section", "category", "title", "short_descriptor", "long_descriptor",
            ] + HCPCSRecord.administrativeColumns + [
                "section_name", "category_name", "route", "relative_values_absence", "hcpcs_absence",
                "title_origin", "suggested_title", "suggested_title_origin",
            ]

        private static let noAdministrativeCells = [Cell](
            repeating: .null, count: HCPCSRecord.administrativeColumns.count)

        public var cells: [Cell] {
            var cells: [Cell] = []
            Self.appendCells(of: entry, tier: tier) { cells += $0 }
            return cells
        }

        /// Gives `append` the cells, some at a time, without a copy of the entry.
        public static func appendCells(of entry: borrowing CodeEntry, tier: Tier, _ append: ([Cell]) -> Void) {
            let shown = tier.shows(entry.system)
            append([
                .text(entry.code), .text(entry.system.rawValue), .text(entry.section?.id),
                .text(entry.category?.id), .text(entry.title(in: tier)),
                shown && !entry.shortDescriptor.isEmpty ? .text(entry.shortDescriptor) : .null,
                shown ? .text(entry.longDescriptor) : .null,
            ])
            append(entry.hcpcs?.administrativeCells ?? noAdministrativeCells)
            append([
                .text(entry.section?.name), .text(entry.category?.name), .text(entry.route),
                .text(entry.relativeValuesAbsence), .text(entry.hcpcsAbsence),
                .text(entry.titleOrigin(in: tier)?.rawValue), .text(entry.suggestedTitle?.text),
                .text(entry.suggestedTitle?.origin.rawValue),
            ])
        }
    }
}
