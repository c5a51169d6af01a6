import CPages
import Digest
import HTML
import JSON
import Model

/// The style of the page, named by its hash, so that a browser may keep it.
func style() -> (name: String, bytes: [UInt8]) {
    let asset = site_style()
    let bytes = Array(UnsafeBufferPointer(start: asset.bytes, count: asset.count))
    return ("site.\(Digest.hex(bytes).prefix(12)).css", bytes)
}

/// What a person sees who opens the folder: its releases, and where each of their files is.
struct ReleasesPage {
    let list: ReleaseList
    let style: String

    func bytes() -> [UInt8] {
        var html = beginPage(
            title: "Releases of this dataset",
            policy: "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'")
        html += """
            <meta name="description" content="CMS Physician Fee Schedule and HCPCS Level II as a versioned dataset">
            <link rel="stylesheet" href="assets/\(style)">
            <link rel="alternate" type="application/atom+xml" title="Releases" href="feed.atom">
            <link rel="alternate" type="application/feed+json" title="Releases" href="feed.json">
            </head>
            <body>
            <a class="skip" href="#main">Skip to content</a>
            <header><div class="bar"><a class="home" href="index.html">Dataset <small>releases</small></a></div></header>
            <div class="page">
            <main id="main" tabindex="-1">
            <h1>Releases of this dataset</h1>
            <p>CMS's Physician Fee Schedule relative values and HCPCS Level II, release by release. What lies in a revision \
            never changes; <a href="releases/index.json">releases/index.json</a> lists all of them for programs, and \
            <a href="feed.atom">Atom</a> or <a href="feed.json">JSON Feed</a> tell of new ones.</p>

            """
        if let latest = list.revisions.first(where: { $0.name == list.latest }) {
            html += """
                <p>The newest is <a href="\(latest.path)/diff.html">\(latest.name.description)</a>, in force from \
                <time>\(latest.effectiveFrom)</time>; <a href="latest.json">latest.json</a> points at it.</p>

                """
        }
        html += """
            <div class="scroll" role="region" aria-label="Releases" tabindex="0">
            <table>
            <thead><tr><th scope="col">Revision</th><th scope="col">In force</th><th scope="col" class="n">Codes</th>\
            <th scope="col">To read</th><th scope="col">Data</th></tr></thead>
            <tbody>

            """
        for revision in list.releases.flatMap(\.self) { html += row(revision) }
        html += "</tbody>\n</table>\n</div>\n</main>\n</div>\n<footer><div class=\"bar\">\n"
        for license in Set(list.revisions.compactMap { $0.manifest["license"]?.string }).sorted() {
            html += "<p>\(license)</p>\n"
        }
        html += "</div></footer>\n</body>\n</html>\n"
        return html.bytes
    }

    private func row(_ revision: HostedRevision) -> Markup {
        let files = revision.files
        func links(_ names: [(path: String, text: String)]) -> Markup {
            var html = Markup()
            for name in names where name.path.hasPrefix("codes/") || files.contains(where: { $0.path == name.path }) {
                if !html.isEmpty { html += " · " }
                html += "<a href=\"\(revision.path)/\(name.path)\">\(name.text)</a>"
            }
            return html
        }
        var html: Markup = """
            <tr><th scope="row"><span class="code">\(revision.name.description)</span></th>\
            <td class="date"><time>\(revision.effectiveFrom)</time> to <time>\(revision.effectiveTo)</time></td>\
            <td class="n">\(grouped(revision.manifest["counts"]?["codes"]?.text ?? ""))</td><td>
            """
        html += links([("diff.html", "what changed"), ("verification.md", "certificate")])
        html += "</td><td>"
        html += links([
            ("codes/index.json", "codes"), ("codes.ndjson", "NDJSON"), ("dataset.sqlite", "SQLite"),
            ("datapackage.json", "tables"),
        ])
        html += " · <a href=\"\(revision.path)/manifest.json\">manifest</a></td></tr>\n"
        if let withdrawal = list.withdrawal(of: revision) {
            html += """
                <tr><td colspan="5"><strong>Withdrawn</strong> on <time>\(withdrawal.date.description)</time>: \
                \(withdrawal.reason)
                """
            if let use = withdrawal.use { html += " Use \(use.description) in its place." }
            html += "</td></tr>\n"
        }
        return html
    }
}
