import HTML
import JSON
import Model

/// The verification certificate as a page: what was proven, what was explained, what failed.
struct CertificatePage {
    /// `verification.json`.
    let certificate: JSONValue
    let context: SiteContext
    let assets: SiteAssets

    func bytes() -> [UInt8] {
        let frame = Frame(
            context: context, assets: assets, path: "certificate.html",
            title: "Verification certificate, \(context.revision)", description: "")
        var html: Markup = """
            <nav class="trail" aria-label="Breadcrumb"><ol><li><a href="index.html">Codes</a></li></ol></nav>
            <h1>Verification certificate</h1>
            <p><strong>\(words(certificate.text("verdict") ?? "")).</strong> \
            \(grouped(certificate.text("checked") ?? "0")) values checked, \
            \(grouped(certificate.text("failed") ?? "0")) warned of or allowed.</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Checks">
            <table><caption class="unseen">Checks</caption><thead><tr><th scope="col">Check</th>
            <th scope="col">What was compared</th><th scope="col" class="n">Checked</th>
            <th scope="col" class="n">Matched</th><th scope="col" class="n">Explained</th>
            <th scope="col" class="n">Warned of or allowed</th></tr></thead><tbody>

            """
        for check in certificate["checks"]?.elements ?? [] {
            html +=
                "<tr><th scope=\"row\" class=\"code\">\(check.text("id") ?? "")</th><td>\(check.text("detail") ?? "")"
            if let allowed = check.text("allowed") { html += " (allowed: \(allowed))" }
            html += "</td>"
            for score in ["checked", "matched", "explained", "failed"] {
                html += "<td class=\"n\">\(grouped(check.text(score) ?? ""))</td>"
            }
            html += "</tr>\n"
        }
        html += "</tbody></table></div>\n"
        let defects = certificate["defects"]?.elements ?? []
        if !defects.isEmpty {
            html += "<h2>Known defects of CMS's files</h2>\n<dl class=\"facts\">\n"
            for defect in defects {
                let rows = defect.text("rows") ?? ""
                html += .term(
                    "\(defect.text("id") ?? "") (\(rows))",
                    "\(defect.text("what") ?? ""). \(defect.text("handling") ?? "")")
            }
            html += "</dl>\n"
        }
        html += "<h2>Inputs</h2>\n<dl class=\"facts\">\n"
        for input in certificate["inputs"]?.elements ?? [] {
            html += .term(input.text("path") ?? "", "<span class=\"place code\">\(input.text("sha256") ?? "")</span>")
        }
        html += "</dl>\n"
        return frame.page(html)
    }
}
