import HTML
import JSON

extension CodePage {
    /// The values and national payments of each row, or the dataset's reason why there are none.
    var relativeValuesBody: Markup {
        var html = Markup()
        if rows.isEmpty {
            let absence = document.text("relative_values_absence") ?? ""
            html += "<p>\(context.meaning("relative_values_absence", absence) ?? words(absence))</p>\n"
            let reason = document.text("unpriced_reason") ?? ""
            if let meaning = context.meaning("unpriced_reason", reason), !reason.isEmpty {
                html += "<p>\(meaning)</p>\n"
            }
        }
        for (index, row) in rows.enumerated() {
            html += table(row, note: index == 0 ? editorial.text("relative_value_note") : nil)
        }
        if rows.isEmpty, let note = editorial.text("relative_value_note") { html += .paragraphs(note) }
        if rows.contains(where: { $0["national_payment"]?.members.isEmpty == false }) { html += paymentNotes }
        html += rules
        return html
    }

    /// A row of the fee schedule: its status, its values by setting and what they pay.
    /// - Parameter note: the editors' words for why there is no price, in place of the dataset's.
    private func table(_ row: JSONValue, note: String?) -> Markup {
        let modifier = row.text("modifier") ?? ""
        let name = context.meaning("modifier", modifier) ?? modifier
        let caption = modifier.isEmpty ? name : "\(modifier): \(name)"
        let isValued = row.isNonzero("total_nonfacility") || row.isNonzero("total_facility")
        var html = Markup()
        if !isValued, rows.count > 1 { html += "<h3>\(caption)</h3>\n" }
        if isValued {
            html += """
                <div class="scroll" tabindex="0" role="region" aria-label="\(caption)">
                <table class="values"><caption>\(caption)</caption>
                <thead><tr><td></td><th scope="col">Non-facility</th><th scope="col">Facility</th></tr></thead>
                <tbody>

                """
            html += line("Work RVU", row.text("work"), row.text("work"))
            html += line(
                "Practice expense RVU", row.text("pe_nonfacility"), row.text("pe_facility"),
                na: (row.isTrue("pe_nonfacility_na"), row.isTrue("pe_facility_na")))
            html += line("Malpractice RVU", row.text("mp"), row.text("mp"))
            html += line("Total RVU", row.text("total_nonfacility"), row.text("total_facility"), class: "sum")
            for track in row["national_payment"]?.members ?? [] where !track.value.members.isEmpty {
                html += line(
                    context.meaning("national_payment", track.key) ?? words(track.key),
                    track.value.text("nonfacility").map(dollars), track.value.text("facility").map(dollars),
                    class: "paid")
            }
            html += "</tbody></table></div>\n"
            for flag in ["pe_nonfacility_na", "pe_facility_na", "not_used_flag"] where row.isTrue(flag) {
                html += "<p class=\"footnote\">\(context.meaning(flag, "true") ?? words(flag))</p>\n"
            }
        }
        if let note {
            html += .paragraphs(note)
        } else if let reason = row.text("unpriced_reason") {
            html += "<p>\(context.meaning("unpriced_reason", reason) ?? words(reason))</p>\n"
        }
        let status = row.text("status") ?? ""
        html +=
            "<p class=\"footnote\"><strong>Status \(status).</strong> \(context.meaning("status", status) ?? "")</p>\n"
        return html
    }

    private func line(
        _ name: String, _ nonfacility: String?, _ facility: String?, na: (Bool, Bool) = (false, false),
        class kind: String = "value"
    ) -> Markup {
        func cell(_ text: String?, _ isNA: Bool) -> Markup {
            guard let text else { return "<td>NA</td>" }
            return isNA ? "<td>\(text) <span class=\"quiet\">NA</span></td>" : "<td>\(text)</td>"
        }
        return """
            <tr class="\(kind)"><th scope="row">\(name)</th>\(cell(nonfacility, na.0))\(cell(facility, na.1))</tr>

            """
    }

    /// How the amounts come about.
    private var paymentNotes: Markup {
        var html: Markup = "<dl class=\"facts\">\n"
        let factors = context.manifest["conversion_factors"]
        if let factor = factors?.text("non_qp") {
            let qp = factors?.text("qp").map { "; for qualifying participants \(dollars($0))" } ?? ""
            html += .term("Conversion factor", "\(dollars(factor))\(qp)")
        }
        html += definitions("Amounts", factors?.text("qp") == nil ? ["definition"] : ["definition", "qp_definition"])
        html += definitions("Settings", ["nonfacility", "facility"])
        let isCapped = rows.contains {
            $0.isNonzero("opps_pe_nonfacility") || $0.isNonzero("opps_pe_facility") || $0.isNonzero("opps_mp")
        }
        if isCapped { html += definitions("Cap", ["opps_cap"]) }
        html += "</dl>\n"
        return html
    }

    private func definitions(_ name: String, _ keys: [String]) -> Markup {
        let meanings = keys.compactMap { context.meaning("national_payment", $0) }
        guard !meanings.isEmpty else { return Markup() }
        var html: Markup = "<div><dt>\(name)</dt>"
        for meaning in meanings { html += "<dd>\(meaning)</dd>" }
        html += "</div>\n"
        return html
    }

    // MARK: Indicators

    private static let ruleNames = [
        ("global_days", "Global period"), ("pctc", "Professional and technical component"),
        ("multiple_procedure", "Multiple procedures"), ("bilateral", "Both sides"),
        ("assistant_surgeon", "Assistant at surgery"), ("co_surgeon", "Two surgeons"),
        ("team_surgeon", "Surgical team"), ("endoscopic_base", "Endoscopic base code"),
        ("supervision", "Supervision"), ("imaging_family", "Imaging family"),
        ("pre_op", "Share before the operation"), ("intra_op", "Share of the operation"),
        ("post_op", "Share after the operation"),
    ]

    /// The payment policy indicators: each value once, with the modifiers it holds for where rows differ.
    private var rules: Markup {
        var html = Markup()
        for (field, name) in Self.ruleNames {
            var values: [(value: String, modifiers: [String])] = []
            for row in rows {
                guard let value = row.text(field), !field.hasSuffix("_op") || row.isNonzero(field) else { continue }
                let modifier = row.text("modifier") ?? ""
                if let index = values.firstIndex(where: { $0.value == value }) {
                    values[index].modifiers.append(modifier)
                } else {
                    values.append((value, [modifier]))
                }
            }
            guard !values.isEmpty else { continue }
            html += "<div><dt>\(name)</dt>"
            for (value, modifiers) in values {
                html += "<dd>\(shown(value, field))"
                if values.count > 1 {
                    html += " (\(modifiers.map { $0.isEmpty ? "whole service" : $0 }.joined(separator: ", ")))"
                }
                html += "</dd>"
            }
            html += "</div>\n"
        }
        guard !html.isEmpty else { return html }
        return """
            <details><summary>Payment policy indicators</summary>
            <dl class="facts">
            \(html)</dl></details>

            """
    }

    /// A value with its meaning; a code as a link.
    func shown(_ value: String, _ field: String) -> Markup {
        if let meaning = context.meaning(field, value) { return "<span class=\"code\">\(value)</span> \(meaning)" }
        return context.codes.contains(value)
            ? "<a class=\"code\" href=\"\(value).html\">\(value)</a>" : "\(value)"
    }
}
