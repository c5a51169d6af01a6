import Model
import Payment
import Schemas

/// Recomputes every published OPPS cap from PPRRVU and GPCI.
///
/// CMS prints one cap for each code, modifier and locality; from 2026 on it has not been documented which of
/// the two conversion factors it uses, so both are tried and the one that fits is named.
func checkOPPSCaps(_ canonical: Canonical, schemas: Schemas) -> Check? {
    let gpcis = canonical.gpcis
    guard !canonical.oppsCaps.isEmpty, !gpcis.isEmpty else { return nil }
    let scorer = Scorer(release: canonical.release, schemas: schemas)
    let rows = pricedRows(canonical.codes, only: Set(canonical.oppsCaps.map(\.key)))
    func fitting(_ factor: ConversionFactor) -> Int {
        canonical.oppsCaps.prefix(500).count { cap in
            guard let row = rows[cap.key], let gpci = gpcis[cap.gpciKey] else { return false }
            return row.cap(.nonfacility, gpci, factor) == cap.nonfacility
        }
    }
    let nonQP = canonical.conversionFactors.nonQP
    var factor = nonQP
    if let qp = canonical.conversionFactors.qp, fitting(qp) > fitting(nonQP) { factor = qp }

    var check = Check(
        id: "oppscap",
        detail: "published OPPS caps = work, PE and MP for OPPS × GPCI × \(factor), to the cent, both settings")
    for cap in canonical.oppsCaps {
        guard let row = rows[cap.key], let gpci = gpcis[cap.gpciKey] else { continue }
        let nonfacility = row.cap(.nonfacility, gpci, factor)
        let facility = row.cap(.facility, gpci, factor)
        if nonfacility == cap.nonfacility, facility == cap.facility {
            if cap.gpciContractor == cap.locality.contractor {
                check.match()
            } else if let defect = scorer.defect("oppscap", key: "contractor") {
                check.explain(defect.id)
            } else {
                check.match()
            }
        } else if let defect = scorer.defect("oppscap", key: cap.key.description) {
            check.explain(defect.id)
        } else {
            let isNonfacility = nonfacility != cap.nonfacility
            check.fail(
                cap.source.place,
                "\(cap.key) in \(cap.locality) is \(isNonfacility ? cap.nonfacility : cap.facility), recomputed "
                    + "\(isNonfacility ? nonfacility : facility)")
        }
    }
    return check
}

/// Rebuilds every published anesthesia conversion factor from the national one and GPCI.
func checkAnesthesia(_ canonical: Canonical, schemas: Schemas) -> Check? {
    guard let national = canonical.anesthesiaConversionFactors,
        let shares = schemas.payment.anesthesiaShares[canonical.release.year]
    else { return nil }
    let scorer = Scorer(release: canonical.release, schemas: schemas)
    let tracks =
        [(national.nonQP, \Locality.anesthesiaCF)] + (national.qp.map { [($0, \Locality.anesthesiaCFQP)] } ?? [])
    var check = Check(
        id: "anesthesia",
        detail: "published anesthesia factors = national \(tracks.map(\.0.description).joined(separator: " and ")) × "
            + "(\(shares.work) · work + \(shares.pe) · PE + \(shares.mp) · MP GPCI), to the cent")
    for (factor, path) in tracks {
        for locality in canonical.localities {
            guard let published = locality[keyPath: path], let gpci = locality.gpcis(workFloorApplies: true) else {
                continue
            }
            let rebuilt = Fee.anesthesiaFactor(
                national: factor, shares: AnesthesiaShares(work: shares.work, pe: shares.pe, mp: shares.mp), gpci)
            if rebuilt == published {
                check.match()
            } else if let defect = scorer.defect("anesthesia", key: locality.key.description) {
                check.explain(defect.id)
            } else {
                let source = locality.sources.first { $0.file.uppercased().contains("ANES") } ?? locality.sources.first
                check.fail(
                    source?.place,
                    "\(locality.key) \(locality.name ?? "") is \(published), rebuilt \(rebuilt)")
            }
        }
    }
    return check.checked > 0 ? check : nil
}

/// Rows with what their payment needs, by key: all of them, or those of `keys`.
func pricedRows(_ codes: [CodeEntry], only keys: Set<RowKey>? = nil) -> [RowKey: PricedRow] {
    var rows: [RowKey: PricedRow] = [:]
    for index in codes.indices {
        for row in codes[index].relativeValues where keys?.contains(row.key) ?? true {
            rows[row.key] = PricedRow(row, siblings: codes[index].relativeValues)
        }
    }
    return rows
}

extension Canonical {
    /// The indices of each locality with the work floor in force, as CMS's own amounts of the release have it.
    var gpcis: [LocalityKey: GPCIs] {
        Dictionary(
            localities.compactMap { locality in locality.gpcis(workFloorApplies: true).map { (locality.key, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}

extension OPPSCap {
    /// The locality under the contractor that GPCI has.
    var gpciKey: LocalityKey { LocalityKey(contractor: gpciContractor, number: locality.number) }
}
