/// A rule that was tried on every row, with its score.
public struct Check: Sendable, Equatable {
    /// Stable identifier: `row_totals`, `csv_equals_txt`, `locality_keys`, `qpp_subset`, …
    public let id: String
    public var checked: Int
    public var matched: Int
    /// Differences that a listed CMS defect explains.
    public var explained: Int
    public var failed: Int { checked - matched - explained }
    /// One line for people: what was compared with what.
    public var detail: String

    public init(id: String, checked: Int, matched: Int, explained: Int = 0, detail: String) {
        self.id = id
        self.checked = checked
        self.matched = matched
        self.explained = explained
        self.detail = detail
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
    /// The texts of the category overlays, each once.
    public var categoryTexts: [CategoryTextRow] = []
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

    public var relativeValueCount: Int { codes.reduce(0) { $0 + $1.relativeValues.count } }
}

/// The whole of what is published: the canonical values with our own texts, and where all of it came from.
public struct Dataset: Sendable {
    public var canonical: Canonical
    public var tier: Tier
    /// Sorted by path.
    public var inputs: [Input]
    /// The version of the program.
    public var tool: String

    public init(canonical: Canonical, tier: Tier, inputs: [Input], tool: String) {
        self.canonical = canonical
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
