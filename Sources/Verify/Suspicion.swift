import Model
import Payment
import Schemas

/// What probably happened when amounts do not follow from the tables: most failures are files of different
/// releases put together, and each way of doing so leaves its own mark.
func suspicion(_ checks: [Check], _ canonical: Canonical, schemas: Schemas) -> [String: String] {
    var suspicions: [String: String] = [:]
    let caps = checks.first { $0.id == "oppscap" }
    let anesthesia = checks.first { $0.id == "anesthesia" }
    func isBroken(_ check: Check?) -> Bool { check.map { $0.failed * 2 > $0.checked } ?? false }

    if let caps, caps.failed > 0 {
        if isBroken(caps), let other = otherFactor(canonical, schemas: schemas) {
            suspicions["oppscap"] =
                "OPPSCAP was priced with the conversion factor \(other.factor), that of \(other.label): it belongs to "
                + "another release than PPRRVU."
        } else if isBroken(anesthesia) {
            let text = "Neither OPPS caps nor anesthesia factors follow from GPCI: GPCI is probably of another release."
            suspicions["oppscap"] = text
            suspicions["anesthesia"] = text
        } else {
            suspicions["oppscap"] = concentrated(canonical, schemas: schemas)
        }
    }
    if let anesthesia, anesthesia.failed > 0, suspicions["anesthesia"] == nil {
        suspicions["anesthesia"] =
            isBroken(anesthesia)
            ? (caps == nil
                ? "ANES and GPCI are of different releases."
                : "OPPS caps follow from GPCI, so ANES is probably of another release.")
            : "Single localities differ: a value of GPCI or ANES was changed there."
    }
    return suspicions
}

/// Another release's conversion factor from which the caps do follow.
private func otherFactor(
    _ canonical: Canonical, schemas: Schemas
) -> (factor: ConversionFactor, label: String)? {
    let rows = pricedRows(canonical.codes, only: Set(canonical.oppsCaps.map(\.key)))
    let gpcis = canonical.gpcis
    let sample = stride(from: 0, to: canonical.oppsCaps.count, by: max(1, canonical.oppsCaps.count / 200)).map {
        canonical.oppsCaps[$0]
    }
    for entry in schemas.catalogue.entries {
        guard let factors = entry.conversionFactors else { continue }
        for factor in [factors.nonQP, factors.qp].compactMap(\.self)
        where factor != canonical.conversionFactors.nonQP && factor != canonical.conversionFactors.qp {
            let fitting = sample.count { cap in
                guard let row = rows[cap.key], let gpci = gpcis[cap.gpciKey] else { return false }
                return row.cap(.nonfacility, gpci, factor) == cap.nonfacility
            }
            if fitting * 10 > sample.count * 9 { return (factor, entry.release.label) }
        }
    }
    return nil
}

/// Whether the caps that fail are all of a few codes, or all of a few localities.
private func concentrated(_ canonical: Canonical, schemas: Schemas) -> String {
    let rows = pricedRows(canonical.codes, only: Set(canonical.oppsCaps.map(\.key)))
    let gpcis = canonical.gpcis
    var codes: Set<RowKey> = []
    var localities: Set<LocalityKey> = []
    for cap in canonical.oppsCaps {
        guard let row = rows[cap.key], let gpci = gpcis[cap.gpciKey],
            row.cap(.nonfacility, gpci, canonical.conversionFactors.nonQP) != cap.nonfacility
        else { continue }
        codes.insert(cap.key)
        localities.insert(cap.gpciKey)
    }
    if codes.count <= 3 {
        let names = codes.sorted().map(\.description).joined(separator: ", ")
        return "Only \(names) differs: its RVUs are not those that OPPSCAP was made with; one of the two was changed."
    }
    if localities.count <= 3 {
        let names = localities.sorted().map(\.description).joined(separator: ", ")
        return "Only \(names) differs: its GPCIs are not those that OPPSCAP was made with; one of the two was changed."
    }
    return "OPPSCAP is probably of another release than PPRRVU or GPCI."
}
