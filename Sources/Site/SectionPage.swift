import HTML
import Model

/// The page of a section: its codes by category, so that every code is reached by links.
struct SectionPage {
    let id: String
    let name: String
    /// Sorted by code.
    let codes: [CodeSummary]
    let context: SiteContext
    let assets: SiteAssets

    /// The page's file in `sections/`. A code of no section stands under `other`.
    static func fileName(_ id: String?) -> String { "\(anchor(id ?? "")).html" }

    /// An identifier as a file or an element is named: letters, digits and hyphens.
    static func anchor(_ id: String) -> String {
        if id.isEmpty { return "other" }
        return String(id.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "-" })
    }

    var path: String { "sections/\(Self.fileName(id))" }

    private struct Category {
        let id: String
        let name: String
        var codes: [CodeSummary]
    }

    func bytes() -> [UInt8] {
        var categories: [Category] = []
        var places: [String: Int] = [:]
        for code in codes {
            if let place = places[code.categoryID] {
                categories[place].codes.append(code)
            } else {
                places[code.categoryID] = categories.count
                categories.append(Category(id: code.categoryID, name: code.categoryName, codes: [code]))
            }
        }
        let title = name.isEmpty ? "Other codes" : name
        var frame = Frame(
            context: context, assets: assets, path: path, title: "\(title), \(context.label)",
            description: "\(codes.count) codes of \(context.label)")
        frame.parts = categories.map { (Self.anchor($0.id), $0.name) }
        var html: Markup = """
            <nav class="trail" aria-label="Breadcrumb"><ol><li><a href="../index.html">Codes</a></li></ol></nav>
            <h1>
            """
        // A Level II section goes by its letter.
        if id.utf8.count == 1 { html += "<span class=\"code\">\(id)</span> " }
        html += "\(title)</h1>\n<p class=\"origin\">\(grouped(String(codes.count))) codes</p>\n"
        for category in categories {
            let anchor = Self.anchor(category.id)
            html += """
                <section id="\(anchor)" aria-labelledby="\(anchor)-title">
                <h2 id="\(anchor)-title">\(category.name.isEmpty ? "Codes" : category.name)</h2>

                """
            html += list(category.codes.filter { $0.title != nil }, class: "codes")
            html += list(category.codes.filter { $0.title == nil }, class: "codes bare")
            html += "</section>\n"
        }
        return frame.page(html)
    }

    private func list(_ codes: [CodeSummary], class kind: String) -> Markup {
        guard !codes.isEmpty else { return Markup() }
        var html: Markup = "<ul class=\"\(kind)\">\n"
        for code in codes {
            html += "<li><a href=\"../\(CodePage.path(code.code))\"><span class=\"code\">\(code.code)</span>"
            if let title = code.title { html += " \(title)" }
            html += "</a></li>\n"
        }
        html += "</ul>\n"
        return html
    }
}
