/// A code or modifier of the HCPCS Level II file: record 3 or 7 with its continuation lines assembled.
/// Field names follow CMS's record layout.
public struct HCPCSRecord: Sendable, Equatable {
    /// The code; for a modifier record its two characters.
    public var code: Code
    public var isModifier: Bool
    /// Long description, segments joined with one space.
    public var longDescriptor: String
    /// Short description, at most 28 characters.
    public var shortDescriptor: String
    /// PRICE1–4: which kind of pricing applies.
    public var pricing: [String]
    /// MULT_PI.
    public var multiplePricing: Indicator
    /// CIM1–3: coverage issues manual references.
    public var coverageIssuesManual: [String]
    /// MCM1–3: carriers manual references.
    public var carriersManual: [String]
    /// STATUTE.
    public var statute: String?
    /// LABCERT1–8.
    public var labCertifications: [String]
    /// XREF1–5: codes to use instead.
    public var crossReferences: [String]
    /// COV.
    public var coverage: Indicator
    /// ASC_GRP, ASC_DT.
    public var ascGroup: Indicator
    public var ascDate: CalendarDate?
    /// OPPS, OPPS_PI, OPPS_DT: the MOG payment group, its policy indicator and date.
    public var oppsGroup: Indicator
    public var oppsPolicy: Indicator
    public var oppsDate: CalendarDate?
    /// PROCNOTE: number of a processing note.
    public var processingNote: Indicator
    /// BETOS.
    public var betos: Indicator
    /// TOS1–5.
    public var typesOfService: [String]
    /// ANEST_BU: anesthesia base units.
    public var anesthesiaBaseUnits: Int?
    /// ADD DT, ACT EFF DT, TERM DT.
    public var added: CalendarDate?
    public var actionEffective: CalendarDate?
    public var terminated: CalendarDate?
    /// ACTION CD.
    public var action: Indicator
    public var source: Source
    /// The lines of correction files that changed it, in their order.
    public var corrections: [Source] = []

    public init(code: Code, isModifier: Bool, source: Source) {
        self.code = code
        self.isModifier = isModifier
        self.source = source
        longDescriptor = ""
        shortDescriptor = ""
        pricing = []
        multiplePricing = .blank
        coverageIssuesManual = []
        carriersManual = []
        labCertifications = []
        crossReferences = []
        coverage = .blank
        ascGroup = .blank
        oppsGroup = .blank
        oppsPolicy = .blank
        processingNote = .blank
        betos = .blank
        typesOfService = []
        action = .blank
    }

    /// The administrative fields, in the order of the record layout; shared by codes and modifiers.
    public static let administrativeColumns = [
        "coverage", "pricing", "multiple_pricing", "coverage_issues_manual", "carriers_manual", "statute",
        "lab_certifications", "cross_references", "asc_group", "asc_date", "opps_group", "opps_policy",
        "opps_date", "processing_note", "betos", "types_of_service", "anesthesia_base_units", "added",
        "action_effective", "terminated", "action",
    ]

    public var administrativeCells: [Cell] {
        [
            .text(coverage), .list(pricing), .text(multiplePricing), .list(coverageIssuesManual),
            .list(carriersManual), .text(statute), .list(labCertifications), .list(crossReferences),
            .text(ascGroup), .date(ascDate), .text(oppsGroup), .text(oppsPolicy), .date(oppsDate),
            .text(processingNote), .text(betos), .list(typesOfService),
            anesthesiaBaseUnits.map { .integer($0) } ?? .null, .date(added), .date(actionEffective),
            .date(terminated), .text(action),
        ]
    }
}

/// A modifier of the HCPCS Level II file.
public struct ModifierRow: Sendable, TableRow {
    public let record: HCPCSRecord

    public init(_ record: HCPCSRecord) { self.record = record }

    public static let table = "modifiers"
    public static let columns =
        ["modifier", "long_descriptor", "short_descriptor"] + HCPCSRecord.administrativeColumns

    public var cells: [Cell] {
        [.text(record.code), .text(record.longDescriptor), .text(record.shortDescriptor)]
            + record.administrativeCells
    }
}
