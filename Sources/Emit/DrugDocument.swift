import JSON
import Model

extension DrugFacts {
    /// The `drug` of a code's document.
    func write(to json: inout JSONWriter) {
        let limit = paymentLimit
        json.object { json in
            json.field("quarter", quarter?.description)
            json.key("effective")
            if let quarter {
                json.object { json in
                    json.field("from", quarter.from.description)
                    json.field("to", quarter.to.description)
                }
            } else {
                json.value(.null)
            }
            json.field("payment_limit", .decimal(limit?.limit))
            json.field("dosage", dosage)
            json.field("coinsurance", .decimal(limit?.coinsurance))
            json.field("vaccine_awp_percent", .decimal(limit?.vaccineAWPPercent))
            json.field("vaccine_limit", .decimal(limit?.vaccineLimit))
            json.field("blood_awp_percent", .decimal(limit?.bloodAWPPercent))
            json.field("blood_limit", .decimal(limit?.bloodLimit))
            json.field("clotting_factor", limit.map { .flag($0.isClottingFactor) } ?? .null)
            json.field("notes", limit?.notes)
            json.field("brand_names", texts: brandNames)
            json.field("labelers", texts: labelers)
            json.array("products") { json in
                for product in products {
                    json.object { json in
                        json.field("ndc", product.ndc)
                        json.field("labeler", product.labeler)
                        json.field("drug_name", product.drugName)
                        json.field("dosage", product.dosage)
                        json.field("package_size", .decimal(product.packageSize))
                        json.field("package_quantity", .decimal(product.packageQuantity))
                        json.field("billing_units", .decimal(product.billingUnits))
                        json.field("billing_units_per_package", .decimal(product.billingUnitsPerPackage))
                    }
                }
            }
        }
    }
}
