import HTML

/// What every page has around its content.
struct Frame {
    let context: SiteContext
    let assets: SiteAssets
    /// The page's path below the site's folder.
    let path: String
    let title: String
    let description: String
    /// JSON-LD; empty for none.
    var structuredData = Markup()
    /// Paths of scripts below `assets/`, without the folder.
    var scripts: [String] = []
    /// Parts of the page, for links on wide screens.
    var parts: [(id: String, title: String)] = []
    /// Whether the header has a field to search from; the index has one of its own.
    var hasSearch = true
    /// Whether the content says under which licence it is, and the footer need not.
    var saysLicense = false

    /// What leads from the page to the site's folder.
    private var root: String { path.contains("/") ? "../" : "" }

    private var policy: String {
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'none'; base-uri 'none'; form-action 'self'"
            + (context.isPreview ? "; connect-src 'self'" : "")
    }

    func page(_ content: Markup) -> [UInt8] {
        var html = beginPage(title: title, policy: policy)
        if !description.isEmpty { html += "<meta name=\"description\" content=\"\(description)\">\n" }
        if let base = context.baseURL { html += "<link rel=\"canonical\" href=\"\(base)\(path)\">\n" }
        html += "<link rel=\"stylesheet\" href=\"\(root)assets/\(assets.style.name)\">\n"
        html += structuredData
        for script in scripts { html += "<script src=\"\(root)assets/\(script)\" defer></script>\n" }
        if context.isPreview { html += "<script src=\"/preview.js\" defer></script>\n" }
        html += """
            </head>
            <body>
            <a class="skip" href="#main">Skip to content</a>
            <header><div class="bar"><a class="home" href="\(root)index.html">Codes <small>\(context.label)</small></a>

            """
        if hasSearch {
            html += """
                <form role="search" action="\(root)index.html" method="get">
                <label for="find" class="unseen">Search codes, names and words</label>
                <input id="find" name="q" type="search" placeholder="Code, name or word" autocomplete="off">
                <button>Search</button>
                </form>

                """
        }
        html += "</div></header>\n<div class=\"page\">\n"
        if parts.count > 2 {
            html += "<nav class=\"parts\" aria-label=\"On this page\"><ul>"
            for part in parts { html += "<li><a href=\"#\(part.id)\">\(part.title)</a></li>" }
            html += "</ul></nav>\n"
        }
        html += "<main id=\"main\" tabindex=\"-1\">\n"
        html += content
        html += "</main>\n</div>\n<footer><div class=\"bar\">\n"
        html += """
            <p>\(context.revision), in force from <time>\(context.effectiveFrom)</time> to \
            <time>\(context.effectiveTo)</time>. <a href="\(root)certificate.html">Verification certificate</a> · \
            <a href="\(root)dictionary.html">Data dictionary</a>
            """
        if context.hasDiff { html += " · <a href=\"\(root)diff.html\">What changed</a>" }
        html += "</p>\n"
        if !saysLicense, let license = context.manifest.text("license") { html += "<p>\(license)</p>\n" }
        html += "</div></footer>\n</body>\n</html>\n"
        return html.bytes
    }
}
