import Model
import Schemas

/// What must hold within the ASP files of a quarter and between the two. CMS breaks each rule on a few rows; many at
/// once mean that columns are shifted, or that a file is cut or of another quarter.
func checkDrugs(_ canonical: Canonical, schemas: Schemas) -> [Check] {
    let limits = canonical.drugPaymentLimits
    let products = canonical.drugProducts
    let scorer = Scorer(release: canonical.release, schemas: schemas)
    var checks = [
        checkUnits(products, scorer), checkNDCs(products, scorer), checkSpecialLimits(limits, scorer),
        checkCoinsurance(limits, scorer),
    ]
    if !limits.isEmpty, !products.isEmpty { checks += checkTogether(limits, products, scorer) }
    return checks.filter { $0.checked > 0 }
}

/// BILLUNITSPKG from PKG QTY and BILLUNITS. CMS rounds some up to whole units; the two ways in which it is commonly
/// wrong about BILLUNITS are listed defects, and each is recognised by its own arithmetic.
private func checkUnits(_ products: [DrugProduct], _ scorer: Scorer) -> Check {
    var check = scorer.check("asp_units")
    func isListed(_ id: String) -> Bool {
        scorer.schemas.knownDefects.contains { $0.id == id && $0.occurs(in: scorer.release) }
    }
    let wholePackage = "asp_units_of_package"
    let oneOfContent = "asp_units_of_content"
    for product in products {
        let units = product.packageQuantity * product.billingUnits
        let published = product.billingUnitsPerPackage
        if units == published || units?.roundedUp == published {
            check.match()
        } else if product.billingUnits == published, isListed(wholePackage) {
            check.explain(wholePackage)
        } else if product.packageSize * product.billingUnits == published, isListed(oneOfContent) {
            check.explain(oneOfContent)
        } else {
            check.fail(
                product.source.place,
                "\(product.ndc) of \(product.code) has \(published) billing units in the package, and "
                    + "\(product.packageQuantity) × \(product.billingUnits) = \(units?.description ?? "more than fits")",
                hint: "A few such rows are CMS's own; many mean that columns are shifted.")
        }
    }
    return check
}

/// Only what looks like an NDC: three groups of digits, or nine to eleven digits without hyphens.
private func checkNDCs(_ products: [DrugProduct], _ scorer: Scorer) -> Check {
    var check = scorer.check("ndc_shape")
    for product in products {
        let groups = product.ndc.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard groups.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }) else { continue }
        let lengths = groups.map(\.count)
        guard lengths.count == 3 || (lengths.count == 1 && (9...11).contains(lengths[0])) else { continue }
        if lengths == [5, 4, 2] {
            check.match()
        } else {
            check.fail(
                product.source.place,
                "\(product.ndc) of \(product.code) has not 5, 4 and 2 digits with hyphens between them",
                hint: "A zero or the hyphens may have been lost in a spreadsheet.")
        }
    }
    return check
}

/// The limit of a vaccine or blood product stands twice.
private func checkSpecialLimits(_ limits: [DrugPaymentLimit], _ scorer: Scorer) -> Check {
    var check = scorer.check("asp_special_limit")
    for limit in limits {
        for special in [limit.vaccineLimit, limit.bloodLimit].compactMap(\.self) {
            if special == limit.limit {
                check.match()
            } else {
                check.fail(
                    limit.source.place,
                    "\(limit.code) has the limit \(limit.limit?.description ?? "N/A") and, as a vaccine or blood "
                        + "product, \(special)")
            }
        }
    }
    return check
}

private func checkCoinsurance(_ limits: [DrugPaymentLimit], _ scorer: Scorer) -> Check {
    var check = scorer.check("asp_coinsurance")
    let most = Percentage(units: 20_000)
    for limit in limits {
        guard let coinsurance = limit.coinsurance else { continue }
        if coinsurance <= most {
            check.match()
        } else {
            check.fail(
                limit.source.place,
                "\(limit.code) has a coinsurance of \(coinsurance) percent")
        }
    }
    return check
}

/// Dosages, and that each code of either file is in the other.
private func checkTogether(
    _ limits: [DrugPaymentLimit], _ products: [DrugProduct], _ scorer: Scorer
) -> [Check] {
    var dosage = scorer.check("asp_dosage")
    var priced = scorer.check("asp_products_priced")
    var sold = scorer.check("asp_limits_sold")
    let byCode = Dictionary(limits.map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })
    var seen: Set<Code> = []
    for product in products {
        let limit = byCode[product.code]
        let place = product.source.place
        if seen.insert(product.code).inserted {
            if limit != nil {
                priced.match()
            } else {
                priced.fail(
                    place, "\(product.code) has products and no payment limit",
                    hint: "One such code is CMS's own; many mean that the payment limits are cut.")
            }
        }
        guard let limit else { continue }
        if let expected = limit.dosage, comparable(expected) != comparable(product.dosage) {
            dosage.fail(
                place,
                "\(product.ndc) of \(product.code) has the dosage '\(product.dosage)' and the payment limit '\(expected)'"
            )
        } else {
            dosage.match()
        }
    }
    for limit in limits where limit.vaccineLimit == nil && limit.bloodLimit == nil {
        if seen.contains(limit.code) {
            sold.match()
        } else {
            sold.fail(
                limit.source.place, "\(limit.code) has a payment limit and no product",
                hint: "A few such codes are CMS's own; many mean that the crosswalk is cut.")
        }
    }
    return [dosage, priced, sold]
}

/// A dosage in capitals without blanks and commas: `1,000 units` is `1000 UNITS`.
private func comparable(_ dosage: String) -> [UInt8] {
    dosage.uppercased().utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: ",") }
}
