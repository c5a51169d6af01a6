/// The tables that `ingest` reads from CMS's releases.
public enum SourceTable: String, Sendable, CaseIterable {
    /// Relative values and payment policy indicators (the nonQPP file since 2026).
    case pprrvu
    /// The same rows with the conversion factor of qualifying APM participants (2026 on).
    case pprrvuQPP = "pprrvu_qpp"
    case gpci
    case anes
    case locco
    case oppscap
    /// HCPCS Level II, the 320-byte ANWEB record.
    case hcpcs
    /// Corrections to an issue of the HCPCS file.
    case hcpcsCorrections = "hcpcs_corrections"
    /// Payment limits of Medicare Part B drugs: the ASP pricing file.
    case aspPaymentLimits = "asp_payment_limits"
    /// The drug products of each code: the ASP NDC-HCPCS crosswalk.
    case aspCrosswalk = "asp_crosswalk"

    /// What CMS calls it.
    public var name: String {
        switch self {
        case .pprrvu: "PPRRVU"
        case .pprrvuQPP: "PPRRVU (QPP)"
        case .gpci: "GPCI"
        case .anes: "ANES"
        case .locco: "LOCCO"
        case .oppscap: "OPPSCAP"
        case .hcpcs: "HCPCS"
        case .hcpcsCorrections: "HCPCS corrections"
        case .aspPaymentLimits: "ASP payment limits"
        case .aspCrosswalk: "ASP NDC-HCPCS crosswalk"
        }
    }

    /// The layout file that describes it: the QPP file is laid out like the nonQPP file.
    public var layout: String { self == .pprrvuQPP ? "pprrvu" : rawValue }

    /// Whether it is one of the drug files, which say themselves for which quarter they hold.
    public var isASP: Bool { self == .aspPaymentLimits || self == .aspCrosswalk }
}

/// The forms in which CMS ships a table.
public enum SourceForm: String, Sendable, Comparable {
    case csv = "CSV"
    case txt = "TXT"
    /// A workbook: the last witness, read when there is nothing else and compared when there is.
    case xlsx = "XLSX"

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// How a field's characters are to be read.
public enum FieldKind: String, Sendable {
    case code, modifier, text, indicator, flag, na
    case rvu, share, factor = "conversion_factor", gpci, money
    case contractor, locality, state, date
    /// Text in which a line break or a run of blanks is one blank.
    case words
    /// A decimal with as many places as it needs.
    case number
    /// Several values of equal width side by side: leading blanks count.
    case list
}

/// One column of a CMS table: its label in CSV, its position in fixed-width text, and how it is read.
/// Each is a row of a table under `Schemas/layouts`.
public struct FieldLayout: Hashable, Sendable {
    /// Our name, which is also the name in the emitted tables.
    public let name: String
    /// The merged header label, upper case, single spaces. `{year}` stands for the release's year, `{yyyy}` for any
    /// year and `{factor}` for a decimal that the header itself carries. `{1-4}` stands for each of these numbers: as many
    /// columns whose values stand side by side in one field of the TXT. Empty when the CSV has no such column.
    public let labels: [String]
    /// Position in the TXT record, 1-based and inclusive; `nil` when the TXT has no such field.
    public let position: ClosedRange<Int>?
    public let kind: FieldKind
    /// The width to which a digits-only value that lost its zeros is restored; 0 when none can be lost. Of a list
    /// the width of each of its values.
    public let width: Int
    /// Digits behind a decimal point that the TXT leaves out; 0 when it prints the point.
    public let impliedPlaces: Int
    /// The release years whose files have this column.
    public let years: ClosedRange<Int>
    /// Whether a file of those years may do without it.
    public let isOptional: Bool
    /// How many values stand side by side in the field: 1 but for lists.
    public let itemCount: Int

    /// The bytes that each value of a list takes in the TXT.
    public var itemWidth: Int { (position?.count ?? 0) / itemCount }

    public init(
        name: String, labels: [String], position: ClosedRange<Int>?, kind: FieldKind, width: Int,
        impliedPlaces: Int, years: ClosedRange<Int>, isOptional: Bool, itemCount: Int = 1
    ) {
        self.name = name
        self.labels = labels
        self.position = position
        self.kind = kind
        self.width = width
        self.impliedPlaces = impliedPlaces
        self.years = years
        self.isOptional = isOptional
        self.itemCount = itemCount
    }
}

/// A CMS table's columns in one release year.
public struct Layout: Sendable {
    public let name: String
    public let year: Int
    /// In the order of the layout table: the first is the key that every data row has.
    public let fields: [FieldLayout]
    /// Whether titles and footnotes stand around the rows.
    public let hasNotes: Bool
    /// What lines before the first TXT record begin with; empty when nothing stands there.
    public let preamble: String
    /// The bytes of a TXT record that belong to no field, 1-based: CMS leaves them blank.
    public let filler: [Int]

    public init(name: String, year: Int, fields: [FieldLayout], hasNotes: Bool, preamble: String) {
        self.name = name
        self.year = year
        self.fields = fields
        self.hasNotes = hasNotes
        self.preamble = preamble
        var covered: Set<Int> = []
        for field in fields { if let position = field.position { covered.formUnion(position) } }
        filler = (1...(covered.max() ?? 1)).filter { !covered.contains($0) }
    }

    /// The length of a TXT record.
    public var recordLength: Int { fields.compactMap(\.position?.upperBound).max() ?? 0 }
}
