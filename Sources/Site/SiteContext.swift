public import JSON

/// What all pages of a site share: the facts of the revision they show, and what they link to.
public struct SiteContext: Sendable {
    /// `manifest.json`.
    public let manifest: JSONValue
    /// `tables/indicator_values.csv`: meanings by indicator and value.
    public let meanings: [String: [String: String]]
    /// Every code that has a page.
    public let codes: Set<String>
    /// Whether the revision has a difference to link to.
    public let hasDiff: Bool
    /// Where the site will be, ending in `/`; `nil` for pages that know no address of their own.
    public let baseURL: String?
    /// Whether the page loads itself again when its texts change.
    public let isPreview: Bool

    public init(
        manifest: JSONValue, meanings: [String: [String: String]], codes: Set<String>, hasDiff: Bool,
        baseURL: String? = nil, isPreview: Bool = false
    ) {
        self.manifest = manifest
        self.meanings = meanings
        self.codes = codes
        self.hasDiff = hasDiff
        self.baseURL = baseURL
        self.isPreview = isPreview
    }

    var label: String { manifest["release"]?["label"]?.text ?? "" }

    /// `RVU26A-r1`.
    public var revision: String {
        isPreview ? "\(label), not published" : "\(label)-r\(manifest["release"]?["revision"]?.text ?? "")"
    }

    var effectiveFrom: String { manifest["release"]?["effective"]?["from"]?.text ?? "" }
    var effectiveTo: String { manifest["release"]?["effective"]?["to"]?.text ?? "" }

    /// What a value means, in the dataset's words.
    func meaning(_ indicator: String, _ value: String) -> String? { meanings[indicator]?[value] }
}

/// What a release says of a code; a line of the code's history.
public struct HistoryLine: Sendable {
    /// `RVU26A-r1`.
    public let revision: String
    public let effectiveFrom: String
    /// Why there is no row, a value of `history_absence`; `nil` where there is one.
    public let absence: String?
    public let status: String
    public let work: String
    public let totalNonfacility: String
    public let totalFacility: String
    /// Dollars; empty where there is no amount.
    public let paymentNonfacility: String
    public let paymentFacility: String
    /// Whether CMS's descriptor is another than in the release before; `nil` where that cannot be told.
    public let isReworded: Bool?

    public init(
        revision: String, effectiveFrom: String, absence: String?, status: String = "", work: String = "",
        totalNonfacility: String = "", totalFacility: String = "", paymentNonfacility: String = "",
        paymentFacility: String = "", isReworded: Bool? = nil
    ) {
        self.revision = revision
        self.effectiveFrom = effectiveFrom
        self.absence = absence
        self.status = status
        self.work = work
        self.totalNonfacility = totalNonfacility
        self.totalFacility = totalFacility
        self.paymentNonfacility = paymentNonfacility
        self.paymentFacility = paymentFacility
        self.isReworded = isReworded
    }
}
