/// A rule that was tried on every row, with its score.
public struct Check: Sendable {
    /// Stable identifier: `row_totals`, `csv_equals_txt`, `oppscap`, `anesthesia`, …
    public let id: String
    public var checked = 0
    public var matched = 0
    /// Differences that a listed CMS defect explains, by the defect's identifier.
    public var defects: [String: Int] = [:]
    /// One line for people: what was compared with what.
    public var detail: String
    /// What failed, the first of each kind; their severity follows from the policy.
    public var failures = Diagnostics()

    public var explained: Int { defects.values.reduce(0, +) }
    public var failed: Int { checked - matched - explained }

    public init(id: String, detail: String) {
        self.id = id
        self.detail = detail
    }

    /// Counts one row that is as it should be.
    public mutating func match() {
        checked += 1
        matched += 1
    }

    /// Counts one row that is not, for the reason of a listed defect.
    public mutating func explain(_ defect: String) {
        checked += 1
        defects[defect, default: 0] += 1
    }

    /// Counts one row that is not, with what is wrong.
    public mutating func fail(_ place: Place?, _ message: String, hint: String? = nil) {
        checked += 1
        note(place, message, hint: hint)
    }

    /// A further thing that is wrong with a row already counted.
    public mutating func note(_ place: Place?, _ message: String, hint: String? = nil) {
        failures.add(Diagnostic(.error, id, at: place, message, hint: hint))
    }
}

/// The two conversion factors of a release; before 2026 there is one, kept as `nonQP`.
public struct ConversionFactors<Factor: ExactDecimal>: Sendable, Equatable {
    public var nonQP: Factor
    /// For qualifying APM participants, 2026 on.
    public var qp: Factor?

    public init(nonQP: Factor, qp: Factor?) {
        self.nonQP = nonQP
        self.qp = qp
    }
}

/// What normalise makes of a release: canonical values, sorted by key, still without our own texts.
public struct Canonical: Sendable {
    public var release: Release
    /// CMS's posting date of PPRRVU.
    public var released: CalendarDate?
    public var conversionFactors: ConversionFactors<ConversionFactor>
    /// ANES's national factors; `nil` without ANES.
    public var anesthesiaConversionFactors: ConversionFactors<AnesthesiaConversionFactor>?
    /// Sorted by code.
    public var codes: [CodeEntry]
    /// Sorted by modifier.
    public var modifiers: [HCPCSRecord]
    /// Sorted by contractor and number.
    public var localities: [Locality]
    /// Sorted by row key and locality.
    public var oppsCaps: [OPPSCap]
    /// Sorted by code.
    public var drugPaymentLimits: [DrugPaymentLimit] = []
    /// Sorted by code and NDC.
    public var drugProducts: [DrugProduct] = []
    /// The lines of HCPCS correction files in the order in which they were applied.
    public var corrections: [Correction] = []
    /// The texts of the category overlays, each once.
    public var categoryTexts: [CategoryTextRow] = []
    /// Overlays of codes that are gone, by code; their texts are published nowhere.
    public var lostOverlays: [LostOverlay] = []
    /// The published revisions that reviews were compared with, such as `RVU25D-r1`.
    public var earlierRevisions: [String] = []
    /// Whether texts that are known not to fit their code any more were left out.
    public var isStrictlyEditorial = false
    public var checks: [Check]
    public var diagnostics: Diagnostics
    /// The tables that the inputs do not hold; their values are `null`.
    public var missing: [SourceTable]

    public init(
        release: Release, released: CalendarDate?, conversionFactors: ConversionFactors<ConversionFactor>,
        anesthesiaConversionFactors: ConversionFactors<AnesthesiaConversionFactor>?, codes: [CodeEntry],
        modifiers: [HCPCSRecord], localities: [Locality], oppsCaps: [OPPSCap], checks: [Check],
        diagnostics: Diagnostics, missing: [SourceTable]
    ) {
        self.release = release
        self.released = released
        self.conversionFactors = conversionFactors
        self.anesthesiaConversionFactors = anesthesiaConversionFactors
        self.codes = codes
        self.modifiers = modifiers
        self.localities = localities
        self.oppsCaps = oppsCaps
        self.checks = checks
        self.diagnostics = diagnostics
        self.missing = missing
    }

    public var relativeValueCount: Int { codes.indices.reduce(0) { $0 + codes[$1].relativeValues.count } }

    /// How many codes the HCPCS file has.
    public var hcpcsCount: Int { codes.indices.count { codes[$0].isInHCPCSFile } }

    /// Where in ``codes`` those with an overlay of their own stand.
    public var reviewed: [Int] { codes.indices.filter { codes[$0].editorial?.review != nil } }
}

/// What a run of all checks came to.
public struct Verification: Sendable {
    /// Every check with its score; a check that ran on several tables is there for each.
    public var checks: [Check]
    /// Checks that failed and were let through, with the reason that the user gave.
    public var allowed: [String: String]
    /// Failures under the severity that the policy gives them, with what probably happened.
    public var diagnostics: Diagnostics

    public init(checks: [Check], allowed: [String: String] = [:], diagnostics: Diagnostics = Diagnostics()) {
        self.checks = checks
        self.allowed = allowed
        self.diagnostics = diagnostics
    }

    /// Whether the release may be published.
    public var mayPublish: Bool { diagnostics.count(.error) == 0 }

    /// One score for each identifier: several tables may have been looked at under the same check.
    public var merged: [Check] {
        var merged: [Check] = []
        for check in checks {
            if let index = merged.firstIndex(where: { $0.id == check.id }) {
                merged[index].checked += check.checked
                merged[index].matched += check.matched
                merged[index].defects.merge(check.defects, uniquingKeysWith: +)
            } else {
                merged.append(check)
            }
        }
        return merged
    }

    /// The listed defects that were met, with the number of rows each explains.
    public var defects: [(id: String, count: Int)] {
        var counts: [String: Int] = [:]
        for check in checks { counts.merge(check.defects, uniquingKeysWith: +) }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// The whole of what is published: the canonical values with our own texts, and where all of it came from.
public struct Dataset: Sendable {
    public var canonical: Canonical
    public var verification: Verification
    public var tier: Tier
    /// Sorted by path.
    public var inputs: [Input]
    /// The version of the program.
    public var tool: String
    /// Whether `tables/payments.csv` is written too: four million rows.
    public var wantsPayments = false

    public init(
        canonical: Canonical, verification: Verification, tier: Tier, inputs: [Input], tool: String
    ) {
        self.canonical = canonical
        self.verification = verification
        self.tier = tier
        self.inputs = inputs
        self.tool = tool
    }
}

/// A file of a dataset as it was written.
public struct EmittedFile: Sendable, Hashable {
    /// Path below the revision's folder.
    public let path: String
    public let sha256: String
    public let bytes: Int
    /// Rows or documents, where the file has any.
    public let rows: Int?

    public init(path: String, sha256: String, bytes: Int, rows: Int?) {
        self.path = path
        self.sha256 = sha256
        self.bytes = bytes
        self.rows = rows
    }
}
