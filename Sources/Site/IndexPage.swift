import HTML
import JSON
import Model

/// The first page: the search, the sections, and what the dataset is.
struct IndexPage {
    let sections: [SectionPage]
    let search: SiteAsset
    let context: SiteContext
    let assets: SiteAssets

    func bytes() -> [UInt8] {
        var frame = Frame(
            context: context, assets: assets, path: "index.html", title: "Codes of \(context.label)",
            description: "Every code of \(context.label): relative values, payment and plain words")
        frame.scripts = [search.name, assets.script.name]
        frame.hasSearch = false
        let count = grouped(String(sections.reduce(0) { $0 + $1.codes.count }))
        var html: Markup = """
            <h1>Codes of \(context.label)</h1>
            <form role="search" id="search" action="index.html" method="get">
            <label for="q">Find one of \(count) codes by code, name or plain words</label>
            <input id="q" name="q" type="search" autocomplete="off" autocapitalize="off" spellcheck="false" \
            aria-describedby="found">
            <p id="found" role="status"></p>
            </form>
            <ol id="results" class="codes"></ol>
            <noscript><p>The search needs JavaScript. The sections below lead to every code.</p></noscript>
            <section id="sections" aria-labelledby="sections-title">
            <h2 id="sections-title">Sections</h2>
            <ul class="codes">

            """
        for section in sections {
            html += "<li><a href=\"\(section.path)\">"
            if section.id.utf8.count == 1 { html += "<span class=\"code\">\(section.id)</span> " }
            html += """
                \(section.name.isEmpty ? "Other codes" : section.name)</a> \
                <span class="quiet">\(grouped(String(section.codes.count)))</span></li>

                """
        }
        html += """
            </ul>
            </section>
            <section id="dataset" aria-labelledby="dataset-title">
            <h2 id="dataset-title">The dataset</h2>
            \(facts)</section>

            """
        return frame.page(html)
    }

    private var facts: Markup {
        let manifest = context.manifest
        var html: Markup = "<dl class=\"facts\">\n"
        html += .term("Revision", "\(context.revision)")
        html += .term("In force", "\(context.effectiveFrom) to \(context.effectiveTo)")
        if let released = manifest["release"]?.text("released") { html += .term("Posted by CMS", "\(released)") }
        let factors = manifest["conversion_factors"]
        if let factor = factors?.text("non_qp") { html += .term("Conversion factor", "\(dollars(factor))") }
        if let factor = factors?.text("qp") {
            html += .term("Conversion factor, qualifying participants", "\(dollars(factor))")
        }
        let checks = manifest["verification"]?["checks"]?.elements ?? []
        let checked = checks.reduce(0) { $0 + ($1["checked"]?.integer ?? 0) }
        // What fails is published only under a check that warns, or when it was allowed.
        let unmatched = checks.reduce(0) { $0 + ($1["failed"]?.integer ?? 0) }
        html += .term(
            "Verification",
            """
            \(grouped(String(checked))) values checked, \(grouped(String(unmatched))) warned of or allowed: \
            <a href="certificate.html">certificate</a>
            """)
        if context.hasDiff {
            html += .term("Changes", "<a href=\"diff.html\">what changed since the release before</a>")
        }
        html += "</dl>\n"
        return html
    }
}
