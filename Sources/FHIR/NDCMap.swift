import Foundation
import JSON
import Model
import Schemas

extension FHIRExport {
    /// The products of the ASP crosswalk, each with the code that it is billed with.
    ///
    /// A code stands for a drug of any maker in any package, so it is `wider` than the product. How many units a package
    /// is lies in `product`, which R4 has for what comes with a target.
    /// - Returns: `nil` where the release has no crosswalk.
    func writeNDCMap(_ tables: RevisionTables, to aside: URL) throws(IngestError) -> WrittenResource? {
        let products = tables.products
        guard !products.rows.isEmpty else { return nil }
        let source = try system("NDC")
        var groups: [(target: FHIRDefinitions.System, rows: [String: [Int]])] = []
        for codeSystem in [CodeSystem.hcpcs, .cpt, .cdt] {
            var rows: [String: [Int]] = [:]
            for row in products.rows where Code(products.text(row, "code"))?.system == codeSystem {
                rows[products.text(row, "ndc"), default: []].append(row)
            }
            if !rows.isEmpty { groups.append((try system(codeSystem.rawValue), rows)) }
        }
        let quarter = products.text(products.rows.lowerBound, "quarter")
        let id = "ndc-to-hcpcs"
        let url = url("ConceptMap", id)
        var file = try begin(
            "ConceptMap", id, in: aside, url: url, name: "NDCToHCPCS", title: "National Drug Codes to HCPCS codes",
            description: "The products of CMS's ASP NDC-HCPCS crosswalk, quarter \(quarter), with the codes that "
                + "Medicare Part B is billed with. National Drug Codes are as CMS writes them, in segments of five, "
                + "four and two digits; without the hyphens they are those of claims. The Food and Drug "
                + "Administration's own ten digits do not follow from them.",
            copyright: try system("CPT").copyright)
        let reader = PropertyReader(.products, definitions, products)
        file.beginList("group")
        var count = 0
        for (target, rows) in groups {
            file.beginElement(endingWith: "element") { json in
                json.field("source", source.url)
                json.field("target", target.url)
                if target.name == CodeSystem.hcpcs.rawValue { json.field("targetVersion", revision) }
            }
            for ndc in rows.keys.sorted() {
                file.element { json in
                    json.field("code", ndc)
                    json.array("target") { json in
                        for row in rows[ndc] ?? [] { write(row, of: products, reader, property: url, to: &json) }
                    }
                }
                count += 1
            }
            file.endElement()
        }
        file.endList()
        try file.finish()
        return WrittenResource(type: "ConceptMap", id: id, elements: count)
    }

    private func write(
        _ row: Int, of products: Table, _ reader: PropertyReader, property url: String, to json: inout JSONWriter
    ) {
        json.object { json in
            json.field("code", products.text(row, "code"))
            json.field("equivalence", "wider")
            json.field("comment", "\(products.text(row, "drug_name")), \(products.text(row, "labeler"))")
            json.array("product") { json in
                for value in reader.values(of: row, in: products) {
                    json.object { json in
                        json.field("property", "\(url)#\(value.code)")
                        json.field("value", value.text)
                    }
                }
            }
        }
    }
}
