import HTML
import JSON

extension CodePage {
    /// What Medicare pays for the drug and which products CMS lists under the code.
    var drugBody: Markup {
        guard let drug = document["drug"], !drug.members.isEmpty else { return Markup() }
        var facts = Markup()
        if let limit = drug.text("payment_limit") {
            let dosage = drug.text("dosage").map { " per \($0)" } ?? ""
            facts += .term("Payment limit", "<strong>\(dollars(limit))\(dosage)</strong>")
        } else if let dosage = drug.text("dosage") {
            facts += .term("Dosage", "\(dosage)")
        }
        if let quarter = drug.text("quarter") {
            let effective = drug["effective"]
            let days = effective?.text("from").map { ", \($0) to \(effective?.text("to") ?? "")" } ?? ""
            facts += .term("Quarter", "\(quarter)\(days)")
        }
        for (field, name, unit) in [
            ("coinsurance", "Coinsurance", " %"), ("vaccine_awp_percent", "Vaccine, share of AWP", " %"),
            ("vaccine_limit", "Vaccine limit", ""), ("blood_awp_percent", "Blood product, share of AWP", " %"),
            ("blood_limit", "Blood product limit", ""), ("clotting_factor", "Clotting factor", ""),
            ("notes", "CMS's note", ""),
        ] {
            guard let text = drug.text(field), drug[field] != .bool(false) else { continue }
            facts += .term(name, "\(text)\(unit)")
        }
        let labelers = drug.texts("labelers")
        if !labelers.isEmpty { facts += .term("Labelers", "\(labelers.joined(separator: "; "))") }
        var html: Markup = "<dl class=\"facts\">\n\(facts)</dl>\n"
        html += products(drug["products"]?.elements ?? [])
        return html
    }

    private static let productColumns = [
        ("ndc", "NDC"), ("labeler", "Labeler"), ("drug_name", "Drug name"), ("dosage", "HCPCS dosage"),
        ("package_size", "Package size"), ("package_quantity", "Packages"), ("billing_units", "Billing units"),
        ("billing_units_per_package", "Billing units per package"),
    ]

    private func products(_ products: [JSONValue]) -> Markup {
        guard !products.isEmpty else { return Markup() }
        let columns = Self.productColumns.filter { field, _ in products.contains { $0.text(field) != nil } }
        var html: Markup = """
            <details><summary>\(products.count) National Drug \(products.count == 1 ? "Code" : "Codes")</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="National Drug Codes">
            <table><caption class="unseen">National Drug Codes</caption><thead><tr>
            """
        for (_, name) in columns { html += "<th scope=\"col\">\(name)</th>" }
        html += "</tr></thead>\n<tbody>\n"
        for product in products {
            html += "<tr>"
            for (index, column) in columns.enumerated() {
                let text = product.text(column.0) ?? ""
                html += index == 0 ? "<th scope=\"row\" class=\"code\">\(text)</th>" : "<td>\(text)</td>"
            }
            html += "</tr>\n"
        }
        html += "</tbody></table></div></details>\n"
        return html
    }
}
