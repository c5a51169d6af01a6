public import Model
public import Payment

/// What a release says of a code and modifier.
public struct HistoryEntry: Sendable {
    /// `RVU26A-r1`.
    public let revision: RevisionName
    /// The first day of service for which the release holds.
    public let effectiveFrom: CalendarDate
    /// The release's dollars per RVU, of the non-QP track.
    public let conversionFactor: ConversionFactor
    /// `nil` where PPRRVU has no such row.
    public fileprivate(set) var row: RelativeValue?
    /// Why there is no row; `nil` where there is one.
    public fileprivate(set) var absence: String?
    /// Where the tier shows one: HCPCS's long descriptor, else the short one.
    public fileprivate(set) var descriptor: String?
    /// Whether CMS's descriptor is another than in the release before; `nil` where that cannot be told.
    public fileprivate(set) var isReworded: Bool?
    /// What Medicare pays, by setting, in the non-QP track: nationally (all GPCIs 1.000), or in a locality.
    public fileprivate(set) var payment: [Setting: Amount] = [:]
}

extension Dataset {
    /// A code and modifier through several releases, in the order given.
    /// - Parameters:
    ///   - code: five characters, in any letter case.
    ///   - modifier: `26`, `TC`, `53`; empty for the global row.
    ///   - locality: where payment is worked out, as ``locality(named:)`` reads it in each release; nationally when `nil`.
    ///   - datasets: such as ``newest(in:checking:)`` opens them.
    /// - Returns: an entry for each dataset; nothing when none of them has the code.
    /// - Throws: when a dataset cannot be read, or cannot tell the locality.
    public static func history(
        of code: String, modifier: String = "", in locality: String? = nil, through datasets: [Dataset]
    ) throws(IngestError) -> [HistoryEntry] {
        var entries: [HistoryEntry] = []
        var isKnown = false
        var digest: DescriptorDigest?
        for dataset in datasets {
            var entry = HistoryEntry(
                revision: dataset.name, effectiveFrom: dataset.manifest.release.effectiveFrom,
                conversionFactor: dataset.manifest.conversionFactors.nonQP)
            if let row = try dataset.rows("codes", where: "code = ?", [code.uppercased()]).first {
                isKnown = true
                try entry.fill(from: dataset, code: code, modifier: modifier, locality: locality, codeRow: row)
                let now = entry.row?.descriptorDigest
                if let digest, let now { entry.isReworded = now.whole != digest.whole }
                digest = now ?? digest
            } else {
                entry.absence = "not_in_release"
            }
            entries.append(entry)
        }
        return isKnown ? entries : []
    }
}

extension HistoryEntry {
    fileprivate mutating func fill(
        from dataset: Dataset, code: String, modifier: String, locality: String?, codeRow: TextRow
    ) throws(IngestError) {
        descriptor = codeRow.text("long_descriptor") ?? codeRow.text("short_descriptor")
        absence = codeRow.text("relative_values_absence")
        let rows = try dataset.relativeValues(of: code)
        row = rows.first { $0.key.modifier.description == modifier.uppercased() }
        guard let row else {
            if absence == nil { absence = "no_row_with_this_modifier" }
            return
        }
        let priced = PricedRow(row, siblings: rows)
        var gpcis: GPCIs?
        if let locality { gpcis = try dataset.gpcis(of: dataset.locality(named: locality)) }
        for setting in Setting.allCases {
            // The OPPS cap differs by locality.
            payment[setting] =
                gpcis.map { priced.quote(setting, $0, conversionFactor).payment }
                ?? priced.quote(setting, .national, conversionFactor).fee
        }
    }
}
