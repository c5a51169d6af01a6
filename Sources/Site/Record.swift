import HTML
import JSON

extension CodePage {
    private static let recordNames = [
        "coverage": "Coverage", "pricing": "Pricing", "multiple_pricing": "Multiple pricing",
        "coverage_issues_manual": "Coverage Issues Manual", "carriers_manual": "Carriers Manual",
        "statute": "Statute", "lab_certifications": "Laboratory certification", "cross_references": "See instead",
        "asc_group": "ASC group", "asc_date": "ASC date", "opps_group": "OPPS group", "opps_policy": "OPPS policy",
        "opps_date": "OPPS date", "processing_note": "Processing note", "betos": "BETOS class",
        "types_of_service": "Type of service", "anesthesia_base_units": "Anesthesia base units",
        "added": "Added", "action_effective": "Last action effective", "terminated": "Last day of use",
        "action": "Action this quarter",
    ]

    /// CMS's administrative fields, each value with its meaning.
    var recordBody: Markup {
        guard let record = document["hcpcs"], !record.members.isEmpty else {
            guard let absence = document.text("hcpcs_absence"), absence != "cpt", absence != "cdt",
                let meaning = context.meaning("hcpcs_absence", absence)
            else { return Markup() }
            return "<p>\(meaning)</p>\n"
        }
        var html: Markup = "<dl class=\"facts\">\n"
        for member in record.members {
            let values: [String]
            if case .array(let elements) = member.value {
                values = elements.map(\.text)
            } else {
                values = [member.value.text].filter { !$0.isEmpty }
            }
            // CMS writes zero base units on every code that is no anesthesia.
            guard !values.isEmpty, !(member.key == "anesthesia_base_units" && values == ["0"]) else { continue }
            html += "<div><dt>\(Self.recordNames[member.key] ?? words(member.key))</dt>"
            for value in values { html += "<dd>\(shown(value, member.key))</dd>" }
            html += "</div>\n"
        }
        html += "</dl>\n"
        return html
    }

    // MARK: History

    /// A line for each release, the newest first.
    var historyBody: Markup {
        guard !history.isEmpty else { return Markup() }
        let tellsWords = history.contains { $0.isReworded != nil }
        var html: Markup = """
            <div class="scroll" tabindex="0" role="region" aria-label="The code in each release">
            <table><caption class="unseen">The code in each release</caption>
            <thead><tr><th scope="col">Release</th><th scope="col">In force from</th><th scope="col">Status</th>
            <th scope="col" class="n">Work RVU</th><th scope="col" class="n">Total, non-facility</th>
            <th scope="col" class="n">Total, facility</th><th scope="col" class="n">Paid, non-facility</th>
            <th scope="col" class="n">Paid, facility</th>
            """
        if tellsWords { html += "<th scope=\"col\">Descriptor</th>" }
        html += "</tr></thead>\n<tbody>\n"
        for line in history.reversed() {
            html += "<tr><th scope=\"row\">\(line.revision)</th><td class=\"date\">\(line.effectiveFrom)</td>"
            if let absence = line.absence {
                html += "<td colspan=\"6\">\(context.meaning("history_absence", absence) ?? words(absence))</td>"
            } else {
                html += "<td class=\"code\">\(line.status)</td>"
                for number in [line.work, line.totalNonfacility, line.totalFacility] {
                    html += "<td class=\"n\">\(number)</td>"
                }
                for amount in [line.paymentNonfacility, line.paymentFacility] {
                    html += "<td class=\"n\">\(amount.isEmpty ? "none" : dollars(amount))</td>"
                }
            }
            if tellsWords { html += "<td>\(line.isReworded.map { $0 ? "reworded" : "as before" } ?? "")</td>" }
            html += "</tr>\n"
        }
        html += "</tbody></table></div>\n"
        return html
    }

    // MARK: Sources

    /// Where each fact was read, what the texts were reviewed against, and the licence.
    var sourcesBody: Markup {
        let provenance = document["provenance"]
        var html: Markup = "<dl class=\"facts\">\n"
        html += places("Relative values", provenance?["relative_values"]?.elements ?? [])
        html += places(
            "HCPCS",
            [provenance?["hcpcs"]].compactMap(\.self) + (provenance?["hcpcs_corrections"]?.elements ?? []))
        html += places("Drug", (provenance?["drug"]).map { $0.elements.isEmpty ? [$0] : $0.elements } ?? [])
        html += places("Texts", provenance?["editorial"]?.elements ?? [])
        if let state = editorial["review"]?.text("state") {
            let against = editorial["review"]?.text("against").map { ", read with \($0)" } ?? ""
            html += .term("Review", "\(words(state))\(against). \(context.meaning("review_state", state) ?? "")")
        }
        // Of other systems the page says so beside the name.
        if document.text("system") == "HCPCS", let meaning = context.meaning("system", "HCPCS") {
            html += .term("Code system", "\(meaning)")
        }
        html += .term("Dataset", "\(context.revision), from \(context.effectiveFrom) to \(context.effectiveTo)")
        if let license = context.manifest.text("license") { html += .term("Licence", "\(license)") }
        html += "</dl>\n"
        return html
    }

    private func places(_ name: String, _ sources: [JSONValue]) -> Markup {
        let places = sources.compactMap { source in
            source.text("file").map { "\($0), line \(source.text("line") ?? "")" }
        }
        guard !places.isEmpty else { return Markup() }
        var html: Markup = "<div><dt>\(name)</dt>"
        for place in places { html += "<dd class=\"place\">\(place)</dd>" }
        html += "</div>\n"
        return html
    }
}
