import Model
import Schemas

/// Rules that hold between the columns of PPRRVU on (nearly) every row of every release. A few exceptions
/// are CMS's own; many at once mean that columns are shifted.
func checkInvariants(_ codes: [CodeEntry], release: Release, schemas: Schemas) -> [Check] {
    let scorer = Scorer(release: release, schemas: schemas)
    var endoscopy = scorer.check("endoscopic_base")
    var baseExists = scorer.check("endoscopic_base_exists")
    var imaging = scorer.check("imaging_family")
    var notUsed = scorer.check("not_used_flag")
    var nonfacilityNA = scorer.check("nonfacility_na")
    var facilityNA = scorer.check("facility_na")
    var package = scorer.check("global_package")
    var order = scorer.check("package_order")
    var technicalWork = scorer.check("technical_work")
    var technicalNA = scorer.check("technical_na")
    var discontinued = scorer.check("modifier_53")
    var unvalued = scorer.check("status_without_rvus")
    var valued = scorer.check("status_a_valued")
    var anesthesia = scorer.check("status_j")
    var triple = scorer.check("component_rows")
    var components = scorer.check("component_sum")
    var pricing = scorer.check("pricing_indicator")
    var shape = scorer.check("code_shape")

    let known = Set(codes.lazy.filter { !$0.relativeValues.isEmpty }.map(\.code))
    let firstPricing = codes.first { !$0.relativeValues.isEmpty }?.relativeValues.first?.pricing
    let wholeSet = Set([Modifier.blank] + ["26", "TC"].compactMap { Modifier($0) })
    for index in codes.indices where !codes[index].relativeValues.isEmpty {
        let rows = codes[index].relativeValues
        let isAnesthesia = codes[index].category?.id == "anesthesia_services"
        for row in rows {
            let hasRVUs = row.totalNonfacility != .zero || row.totalFacility != .zero
            scorer.test(&endoscopy, row, row.endoscopicBase.isBlank == !row.multipleProcedure.isOne(of: "3"))
            if !row.endoscopicBase.isBlank { scorer.test(&baseExists, row, known.contains(row.endoscopicBase)) }
            scorer.test(&imaging, row, (row.imagingFamily == Indicator("88")) == row.multipleProcedure.isOne(of: "4"))
            scorer.test(&notUsed, row, row.isNotUsedForPayment == (hasRVUs && !row.status.isOne(of: "ART")))
            if row.isNonfacilityNA { scorer.test(&nonfacilityNA, row, row.peNonfacility == row.peFacility) }
            if row.isFacilityNA { scorer.test(&facilityNA, row, row.peNonfacility == row.peFacility) }
            let shares = row.preOp.units + row.intraOp.units + row.postOp.units
            let isPackage = row.globalDays == Indicator("010") || row.globalDays == Indicator("090")
            scorer.test(&package, row, shares == (isPackage ? 100 : 0))
            if isPackage { scorer.test(&order, row, row.intraOp >= row.preOp && row.intraOp >= row.postOp) }
            if row.key.modifier == Modifier("TC") {
                scorer.test(&technicalWork, row, row.work == .zero)
                scorer.test(&technicalNA, row, !row.isNonfacilityNA)
            }
            if row.key.modifier == Modifier("53") {
                scorer.test(
                    &discontinued, row, ["44388", "45378", "G0105", "G0121"].contains(row.key.code.description))
            }
            if row.status.isOne(of: "CEJMP") { scorer.test(&unvalued, row, !hasRVUs) }
            if row.status.isOne(of: "A") { scorer.test(&valued, row, hasRVUs) }
            scorer.test(&anesthesia, row, row.status.isOne(of: "J") == isAnesthesia)
            scorer.test(&pricing, row, row.pricing == firstPricing)
        }
        guard let first = rows.first else { continue }
        scorer.test(&shape, first, codes[index].code.hasAssignedShape)
        let modifiers = Set(rows.map(\.key.modifier))
        if let split = rows.first(where: { $0.pctc.isOne(of: "1") }) {
            scorer.test(&triple, split, wholeSet.isSubset(of: modifiers))
        }
        if wholeSet.isSubset(of: modifiers), rows.allSatisfy({ $0.status.isOne(of: "A") }),
            let whole = rows.first(where: { $0.key.modifier.isBlank }),
            let professional = rows.first(where: { $0.key.modifier == Modifier("26") }),
            let technical = rows.first(where: { $0.key.modifier == Modifier("TC") })
        {
            scorer.test(
                &components, whole,
                whole.work == professional.work + technical.work
                    && whole.peNonfacility == professional.peNonfacility + technical.peNonfacility
                    && whole.peFacility == professional.peFacility + technical.peFacility
                    && whole.mp == professional.mp + technical.mp)
        }
    }
    return [
        components, triple, endoscopy, baseExists, imaging, notUsed, nonfacilityNA, facilityNA, package, order,
        technicalWork, technicalNA, discontinued,
        unvalued, valued, anesthesia, pricing, shape,
    ].filter { $0.checked > 0 }
}

/// Counts rows under a check and looks failures up in the table of known defects.
struct Scorer {
    let release: Release
    let schemas: Schemas

    func check(_ id: String) -> Check {
        Check(id: id, detail: schemas.checks.first { $0.check == id }?.meaning ?? id)
    }

    func test(_ check: inout Check, _ row: RelativeValue, _ holds: Bool) {
        if holds {
            check.match()
        } else if let defect = defect(check.id, key: row.key.description) {
            check.explain(defect.id)
        } else {
            check.fail(
                row.source.place, "\(row.key) breaks the rule that \(check.detail)",
                hint: "When many rows break it, columns are probably shifted or swapped.")
        }
    }

    /// The listed defect that explains a failure of `check` at `key`.
    func defect(_ check: String, key: String) -> KnownDefect? {
        schemas.knownDefects.first { $0.check == check && $0.occurs(in: release) && $0.explains(key) }
    }
}

extension Indicator {
    /// Whether this is one of the single characters of `characters`.
    func isOne(of characters: String) -> Bool { count == 1 && characters.utf8.contains(self[0]) }
}
