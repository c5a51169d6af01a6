import HTML
public import JSON

/// The page of a code: its document of `codes.ndjson`, in the order in which people read. What the document does not
/// have is left out, or the dataset's own words say why.
public struct CodePage {
    let document: JSONValue
    let history: [HistoryLine]
    let context: SiteContext
    let assets: SiteAssets

    /// - Parameters:
    ///   - document: a line of `codes.ndjson`.
    ///   - history: what the releases say of the code, the oldest first.
    public init(_ document: JSONValue, history: [HistoryLine], context: SiteContext, assets: SiteAssets) {
        self.document = document
        self.history = history
        self.context = context
        self.assets = assets
    }

    /// A part of the page with a heading of its own.
    struct Part {
        let id: String
        let title: String
        let body: Markup
    }

    var code: String { document.text("code") ?? "" }
    var title: String? { document.text("title") }
    var editorial: JSONValue { document["editorial"] ?? .null }
    var rows: [JSONValue] { document["relative_values"]?.elements ?? [] }

    /// Where the page lies below the site's folder.
    public static func path(_ code: String) -> String { "codes/\(code).html" }

    /// The page as HTML.
    public func bytes() -> [UInt8] {
        let parts = parts.filter { !$0.body.isEmpty }
        var frame = Frame(
            context: context, assets: assets, path: Self.path(code),
            title: "\(code) \(title ?? document["category"]?.text("name") ?? "")",
            description: editorial.text("summary") ?? document.text("long_descriptor") ?? "")
        frame.structuredData = structuredData
        frame.parts = parts.map { ($0.id, $0.title) }
        frame.saysLicense = true
        var html = heading
        for part in parts {
            html += """
                <section id="\(part.id)" aria-labelledby="\(part.id)-title">
                <h2 id="\(part.id)-title">\(part.title)</h2>
                \(part.body)</section>

                """
        }
        return frame.page(html)
    }

    private var parts: [Part] {
        [
            Part(id: "names", title: "Also known as", body: namesBody),
            Part(id: "description", title: "Description", body: descriptionBody),
            Part(
                id: "plain-language", title: "In plain language",
                body: .paragraphs(editorial.texts("plain_language").joined(separator: " "))),
            Part(
                id: "clinical-context", title: "Clinical context",
                body: .paragraphs(editorial.text("clinical_context") ?? "")),
            Part(id: "relative-values", title: "Relative values and payment", body: relativeValuesBody),
            Part(id: "drug", title: "Drug payment", body: drugBody),
            Part(id: "billing", title: "Billing", body: note("billing")),
            Part(id: "documentation", title: "Documentation", body: note("documentation")),
            Part(
                id: "specialties", title: "Specialties",
                body: .list(editorial.texts("specialties"), class: "names")),
            Part(id: "questions", title: "Questions", body: questionsBody),
            Part(id: "record", title: "HCPCS record", body: recordBody),
            Part(id: "history", title: "History", body: historyBody),
            Part(id: "sources", title: "Sources and licence", body: sourcesBody),
        ]
    }

    // MARK: Name and texts

    private var heading: Markup {
        var html: Markup =
            "<nav class=\"trail\" aria-label=\"Breadcrumb\"><ol><li><a href=\"../index.html\">Codes</a></li>"
        if let section = document["section"], let name = section.text("name") {
            let path = SectionPage.fileName(section.text("id"))
            html += "<li><a href=\"../sections/\(path)\">\(name)</a></li>"
            if let category = document["category"], let label = category.text("name"), let id = category.text("id"),
                id != section.text("id")
            {
                html += "<li><a href=\"../sections/\(path)#\(SectionPage.anchor(id))\">\(label)</a></li>"
            }
        }
        html += "</ol></nav>\n<h1><span class=\"code\">\(code)</span>"
        if let title { html += " \(title)" }
        html += "</h1>\n"
        if let origin = document.text("title_origin"), origin != "editors",
            let meaning = context.meaning("title_origin", origin)
        {
            html += "<p class=\"origin\">\(meaning)</p>\n"
        }
        // Without an official descriptor the page says whose code it is and why it has none.
        if document.text("system") != "HCPCS", let notice = context.meaning("system", document.text("system") ?? "") {
            html += "<p class=\"origin\">\(notice)</p>\n"
        }
        html += reviewNotice
        return html
    }

    /// The states of a review in which a reader has to be warned.
    private var reviewNotice: Markup {
        guard let state = editorial["review"]?.text("state"), state != "current", state != "unreviewed" else {
            return Markup()
        }
        let against = editorial["review"]?.text("against").map { " (\($0))" } ?? ""
        return """
            <div class="notice" role="note"><p><strong>\(words(state))\(against).</strong> \
            \(context.meaning("review_state", state) ?? "")</p></div>

            """
    }

    private var namesBody: Markup {
        var html = Markup.list(editorial.texts("synonyms"), class: "names")
        let brands = document["drug"]?.texts("brand_names") ?? []
        if !brands.isEmpty {
            html += "<h3>Brand names in CMS's drug crosswalk</h3>\n"
            html += .list(brands, class: "names")
        }
        return html
    }

    private var descriptionBody: Markup {
        var html = Markup.paragraphs(editorial.text("summary") ?? "")
        let descriptors = [
            ("Long descriptor (CMS)", document.text("long_descriptor")),
            ("Short descriptor (CMS)", document.text("short_descriptor")),
            ("Route", document.text("route").map(words)),
        ].compactMap { name, text in text.map { (name, $0) } }
        guard !descriptors.isEmpty else { return html }
        html += "<dl class=\"facts\">\n"
        for (name, text) in descriptors { html += .term(name, "\(text)") }
        html += "</dl>\n"
        return html
    }

    /// Billing or documentation, with a word on a text that is not the code's own.
    private func note(_ field: String) -> Markup {
        guard let text = editorial.text(field) else { return Markup() }
        return .paragraphs(text) + origin(editorial.text("\(field)_origin"))
    }

    func origin(_ origin: String?) -> Markup {
        guard let origin, origin != "code", let meaning = context.meaning("text_origin", origin) else {
            return Markup()
        }
        return "<p class=\"origin\">\(meaning)</p>\n"
    }

    private var questionsBody: Markup {
        var html = Markup()
        for question in editorial["faq"]?.elements ?? [] {
            html += "<h3>\(question.text("question") ?? "")</h3>\n"
            html += .paragraphs(question.text("answer") ?? "")
        }
        return html
    }
}

func + (left: Markup, right: Markup) -> Markup {
    var sum = left
    sum += right
    return sum
}
