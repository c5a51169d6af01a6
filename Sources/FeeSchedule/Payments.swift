public import Model
public import Payment

/// What Medicare pays for a row in a setting and a track.
public struct QuotedRow: Sendable {
    /// Code and modifier.
    public let key: RowKey
    public let setting: Setting
    public let track: Track
    public let quote: Quote
}

/// What Medicare pays for anesthesia, with what it was worked out from.
public struct AnesthesiaPayment: Sendable {
    /// The locality's dollars per unit.
    public let factor: Money
    /// Time units of fifteen minutes, in tenths.
    public let timeTenths: Int64
    public let payment: Money
}

extension Dataset {
    /// What Medicare pays for one unit of a code and modifier in a locality: fee, OPPS cap, payment, and what those who do not
    /// participate get and may charge, all exact and rounded once.
    /// - Parameters:
    ///   - code: five characters, in any letter case.
    ///   - modifier: `26`, `TC`, `53`; empty for the global row.
    ///   - locality: where the service is given.
    ///   - setting: outside facilities or in one: the practice expense differs.
    ///   - track: which conversion factor applies.
    ///   - day: the day of service, which decides whether the work floor applies; the release's first where left out.
    /// - Returns: `nil` when PPRRVU has no such row. A row without a price has a quote with the reason.
    /// - Throws: when the release has no GPCI for the locality or no factor for the track.
    public func payment(
        of code: String, modifier: String = "", in locality: Locality, setting: Setting, track: Track = .nonQP,
        on day: CalendarDate? = nil
    ) throws(IngestError) -> Quote? {
        let rows = try relativeValues(of: code)
        guard let row = rows.first(where: { $0.key.modifier.description == modifier.uppercased() }) else { return nil }
        return PricedRow(row, siblings: rows).quote(setting, try gpcis(of: locality, on: day), try factor(track))
    }

    /// The quotes of all rows of a code in a locality, for both settings and all tracks.
    /// - Throws: when the release has no GPCI for the locality.
    public func payments(
        of code: String, in locality: Locality, on day: CalendarDate? = nil
    ) throws(IngestError) -> [QuotedRow] {
        let gpcis = try gpcis(of: locality, on: day)
        let factors = manifest.conversionFactors
        let tracks = [(Track.nonQP, factors.nonQP)] + (factors.qp.map { [(Track.qp, $0)] } ?? [])
        let rows = try relativeValues(of: code)
        return rows.flatMap { row in
            let priced = PricedRow(row, siblings: rows)
            return Setting.allCases.flatMap { setting in
                tracks.map { track, factor in
                    QuotedRow(
                        key: row.key, setting: setting, track: track, quote: priced.quote(setting, gpcis, factor))
                }
            }
        }
    }

    /// What Medicare pays nationally, with every GPCI 1.000 and no OPPS cap, which differs by locality.
    /// - Returns: `nil` when PPRRVU has no such row.
    /// - Throws: when the release has no factor for the track.
    public func nationalPayment(
        of code: String, modifier: String = "", setting: Setting, track: Track = .nonQP
    ) throws(IngestError) -> Amount? {
        let rows = try relativeValues(of: code)
        guard let row = rows.first(where: { $0.key.modifier.description == modifier.uppercased() }) else { return nil }
        return PricedRow(row, siblings: rows).quote(setting, .national, try factor(track)).fee
    }

    /// Payment for anesthesia: base and time units times the locality's factor.
    /// - Throws: when the release has no anesthesia factor for the locality.
    public func anesthesiaPayment(
        baseUnits: Int, minutes: Int, in locality: Locality, track: Track = .nonQP
    ) throws(IngestError) -> AnesthesiaPayment {
        guard let factor = track == .qp ? locality.anesthesiaCFQP : locality.anesthesiaCF else {
            throw IngestError(
                .badData, "anesthesia_factor_missing",
                "\(name) has no \(track == .qp ? "QP " : "")anesthesia conversion factor for \(locality.key)")
        }
        return AnesthesiaPayment(
            factor: factor, timeTenths: Fee.anesthesiaTimeTenths(minutes: minutes),
            payment: Fee.anesthesia(baseUnits: baseUnits, minutes: minutes, factor: factor))
    }

    /// A locality's indices for a day of service, the release's first where left out.
    /// - Throws: when the release has no GPCI.
    public func gpcis(of locality: Locality, on day: CalendarDate? = nil) throws(IngestError) -> GPCIs {
        let applies = WorkFloor.applies(on: day ?? manifest.release.effectiveFrom)
        guard let gpcis = locality.gpcis(workFloorApplies: applies) else {
            throw IngestError(
                .badData, "gpci_missing", "\(name) has no GPCI for \(locality.key)",
                hint: "Its inputs held no GPCI file: run it again with one.")
        }
        return gpcis
    }

    /// The release's conversion factor for physicians' services, in dollars per RVU.
    /// - Throws: when there is none for qualifying APM participants.
    public func factor(_ track: Track) throws(IngestError) -> ConversionFactor {
        guard track == .qp else { return manifest.conversionFactors.nonQP }
        guard let qp = manifest.conversionFactors.qp else {
            throw IngestError(
                .usage, "track_unknown", "\(name) has no conversion factor for qualifying APM participants",
                hint: "There is one since 2026, in PPRRVU's QPP file.")
        }
        return qp
    }
}
