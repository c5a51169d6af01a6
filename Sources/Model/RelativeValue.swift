/// One PPRRVU row: the relative values and payment policy indicators of a code and modifier.
/// Facts only; the descriptor is kept with the code.
public struct RelativeValue: Sendable, Equatable {
    public var key: RowKey
    /// STATUS CODE: decides whether Medicare pays by these values.
    public var status: Indicator
    /// WORK RVU.
    public var work: RVU
    /// NON-FAC PE RVU.
    public var peNonfacility: RVU
    /// FACILITY PE RVU.
    public var peFacility: RVU
    /// MP RVU (malpractice).
    public var mp: RVU
    /// NON-FACILITY TOTAL, as published; equals work + PE + MP on every row.
    public var totalNonfacility: RVU
    /// FACILITY TOTAL, as published.
    public var totalFacility: RVU
    /// PCTC IND (professional/technical component).
    public var pctc: Indicator
    /// GLOB DAYS.
    public var globalDays: Indicator
    /// PRE OP, INTRA OP, POST OP: shares of the global package.
    public var preOp: PackageShare
    public var intraOp: PackageShare
    public var postOp: PackageShare
    /// MULT PROC (modifier 51).
    public var multipleProcedure: Indicator
    /// BILAT SURG (modifier 50).
    public var bilateral: Indicator
    /// ASST SURG.
    public var assistantSurgeon: Indicator
    /// CO-SURG (modifier 62).
    public var coSurgeon: Indicator
    /// TEAM SURG (modifier 66).
    public var teamSurgeon: Indicator
    /// PRIC IND (2026 on): `1` in the QPP file, `9` in the nonQPP file; blank before.
    public var pricing: Indicator
    /// ENDO BASE: the endoscopic base code of multiple procedure rule 3.
    public var endoscopicBase: Code
    /// CONV FACTOR: the same on every row of a file.
    public var conversionFactor: ConversionFactor
    /// PHYSICIAN SUPERVISION OF DIAGNOSTIC PROCEDURES.
    public var supervision: Indicator
    /// CALCULATION FLAG.
    public var calculationFlag: Indicator
    /// DIAGNOSTIC IMAGING FAMILY INDICATOR.
    public var imagingFamily: Indicator
    /// NON-FACILITY PE USED FOR OPPS PAYMENT AMOUNT.
    public var oppsPENonfacility: RVU
    /// FACILITY PE USED FOR OPPS PAYMENT AMOUNT.
    public var oppsPEFacility: RVU
    /// MP USED FOR OPPS PAYMENT AMOUNT.
    public var oppsMP: RVU

    /// Whether the row can be priced from its values, by its status; the reason when it cannot.
    /// Not a CMS column: filled from `Schemas/values/status.csv`.
    public var unpriced: SharedText?
    /// What tells whether DESCRIPTION was reworded; `nil` where the file leaves it empty.
    public var descriptorDigest: DescriptorDigest?

    // Side by side: between numbers a flag takes eight bytes, and a run has sixty thousand rows.
    /// NOT USED FOR MEDICARE PAYMENT, `+`: values are shown although the status does not pay.
    public var isNotUsedForPayment: Bool
    /// NON-FAC NA INDICATOR: rarely or never done in this setting. The value stays as published.
    public var isNonfacilityNA: Bool
    /// FACILITY NA INDICATOR.
    public var isFacilityNA: Bool
    /// Whether the QPP file lists the row too; `nil` when there is no QPP file.
    public var isInQPPFile: Bool?

    public var source: Source

    /// A row of nothing but its key and place, to be filled field by field.
    public init(key: RowKey, source: Source) {
        self.key = key
        self.source = source
        status = .blank
        isNotUsedForPayment = false
        work = .zero
        peNonfacility = .zero
        isNonfacilityNA = false
        peFacility = .zero
        isFacilityNA = false
        mp = .zero
        totalNonfacility = .zero
        totalFacility = .zero
        pctc = .blank
        globalDays = .blank
        preOp = .zero
        intraOp = .zero
        postOp = .zero
        multipleProcedure = .blank
        bilateral = .blank
        assistantSurgeon = .blank
        coSurgeon = .blank
        teamSurgeon = .blank
        pricing = .blank
        endoscopicBase = .blank
        conversionFactor = .zero
        supervision = .blank
        calculationFlag = .blank
        imagingFamily = .blank
        oppsPENonfacility = .zero
        oppsPEFacility = .zero
        oppsMP = .zero
    }

    public var isPriced: Bool { unpriced == nil }
    /// ``unpriced`` as text.
    public var unpricedReason: String? { unpriced?.text }
}

extension RelativeValue: TableRow {
    public static let table = "relative_values"

    public static let columns = [
        "code", "modifier", "status", "priced", "unpriced_reason", "work", "pe_nonfacility",
        "pe_nonfacility_na", "pe_facility", "pe_facility_na", "mp", "total_nonfacility", "total_facility",
        "not_used_flag", "pctc", "global_days", "pre_op", "intra_op", "post_op", "multiple_procedure",
        "bilateral", "assistant_surgeon", "co_surgeon", "team_surgeon", "endoscopic_base", "supervision",
        "calculation_flag", "imaging_family", "opps_pe_nonfacility", "opps_pe_facility", "opps_mp",
        "pricing_indicator", "in_qpp_file",
    ]

    public var cells: [Cell] {
        [
            .text(key.code), .text(key.modifier), .text(status), .flag(isPriced), .text(unpricedReason),
            .decimal(work), .decimal(peNonfacility), .flag(isNonfacilityNA), .decimal(peFacility),
            .flag(isFacilityNA), .decimal(mp), .decimal(totalNonfacility), .decimal(totalFacility),
            .flag(isNotUsedForPayment), .text(pctc), .text(globalDays), .decimal(preOp), .decimal(intraOp),
            .decimal(postOp), .text(multipleProcedure), .text(bilateral), .text(assistantSurgeon),
            .text(coSurgeon), .text(teamSurgeon), .text(endoscopicBase), .text(supervision),
            .text(calculationFlag), .text(imagingFamily), .decimal(oppsPENonfacility),
            .decimal(oppsPEFacility), .decimal(oppsMP), .text(pricing),
            isInQPPFile.map { .flag($0) } ?? .null,
        ]
    }
}

/// Stands for a PPRRVU descriptor where its text may not be shown: enough to see a change, too little to read.
public struct DescriptorDigest: Sendable, Equatable {
    /// The first 48 bits of the SHA-256 of the text as published.
    public let whole: UInt64
    /// The same of its words alone: letters and digits in lower case.
    public let words: UInt64

    public init(whole: UInt64, words: UInt64) {
        self.whole = whole
        self.words = words
    }
}

/// The digest of a row's descriptor.
public struct DescriptorDigestRow: TableRow {
    let key: RowKey
    let digest: DescriptorDigest

    public init(key: RowKey, digest: DescriptorDigest) {
        self.key = key
        self.digest = digest
    }

    public static let table = "descriptor_digests"
    public static let columns = ["code", "modifier", "digest", "words_digest"]
    public var cells: [Cell] {
        [.text(key.code), .text(key.modifier), .text(hexadecimal(digest.whole)), .text(hexadecimal(digest.words))]
    }
}

/// Twelve lower-case digits.
private func hexadecimal(_ bits: UInt64) -> String {
    String(unsafeUninitializedCapacity: 12) { buffer in
        for index in 0..<12 {
            let digit = UInt8(truncatingIfNeeded: bits >> UInt64(44 - 4 * index)) & 15
            buffer[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
        }
        return 12
    }
}
