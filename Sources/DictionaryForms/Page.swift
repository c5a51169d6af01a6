import CPages
import Digest
import HTML
public import Schemas

/// The data dictionary as one page that loads nothing.
/// - Parameters:
///   - shape: the version of the shape that it describes.
///   - home: the page that the header leads to, for a page that lies in a site.
public func dictionaryPage(_ dictionary: DataDictionary, shape: String, home: String? = nil) -> [UInt8] {
    let style = asset(site_style()) + asset(dictionary_style())
    var digest = Digest()
    digest.update(style)
    var html = beginPage(
        title: "Data dictionary",
        policy: "default-src 'none'; style-src 'sha256-\(digest.base64())'; base-uri 'none'; form-action 'none'")
    let lists = dictionary.lists
    html += """
        <style>\(Markup(trusted: style))</style>
        </head>
        <body>
        <a class="skip" href="#main">Skip to content</a>
        <header><div class="bar">
        """
    html +=
        home.map { "<a class=\"home\" href=\"\($0)\">Codes</a>" }
        ?? "<span class=\"home\">Physician Fee Schedule and HCPCS <small>the dataset</small></span>"
    html += """
        </div></header>
        <div class="page">
        <nav class="parts" aria-label="On this page"><ul>

        """
    for table in dictionary.tables { html += "<li><a href=\"#\(table.name)\">\(table.name)</a></li>\n" }
    if !lists.isEmpty { html += "<li><a href=\"#code-values\">Code values</a></li>\n" }
    html += """
        </ul></nav>
        <main id="main" tabindex="-1">
        <h1>Data dictionary</h1>
        <p>Every table and column of the dataset, shape \(shape): type, unit, CMS’s own column, what each code value \
        means, and the version of the shape that brought it.</p>
        <ul class="codes">

        """
    for table in dictionary.tables {
        html += "<li><a href=\"#\(table.name)\"><span class=\"code\">\(table.name)</span></a> "
        html += "<span class=\"quiet\">\(table.description.row)</span></li>\n"
    }
    html += "</ul>\n"
    for table in dictionary.tables { html += section(table) }
    if !lists.isEmpty {
        html += "<section id=\"code-values\" aria-labelledby=\"code-values-title\">\n"
        html += "<h2 id=\"code-values-title\">Code values</h2>\n<ul class=\"names\">\n"
        for list in lists { html += "<li><a href=\"#\(list.anchor)\">\(list.name)</a></li>\n" }
        html += "</ul>\n"
        for list in lists { html += part(list, of: dictionary) }
        html += "</section>\n"
    }
    html += """
        </main>
        </div>
        <footer><div class="bar"><p>The same as Markdown, JSON or SQL comments: <span class="code">ingest dictionary \
        --format</span></p></div></footer>
        </body>
        </html>

        """
    return html.bytes
}

private func section(_ table: DataDictionary.Table) -> Markup {
    let description = table.description
    let key = table.key.map { link($0, to: "\(table.name).\($0)") }
    var html: Markup = """
        <section id="\(table.name)" aria-labelledby="\(table.name)-title">
        <h2 id="\(table.name)-title"><a class="code" href="#\(table.name)">\(table.name)</a> \(since(description.since))</h2>
        <p>\(description.row).</p>
        <dl class="facts">
        <div><dt>Key</dt><dd>\(table.key.isEmpty ? "none" : joined(key, by: ", "))</dd></div>
        <div><dt>Order</dt><dd>\(description.order)</dd></div>
        <div><dt>Empty</dt><dd>\(description.empty)</dd></div>
        <div><dt>Tiers</dt><dd>\(description.tier)</dd></div>
        </dl>
        <h3>Columns</h3>
        <dl class="columns">

        """
    for column in table.columns {
        let schema = column.schema
        let id = "\(table.name).\(schema.name)"
        html += """
            <div id="\(id)"><dt><a class="code" href="#\(id)">\(schema.name)</a>
            <span class="kind">\(column.type)\(schema.unit.isEmpty ? "" : ", \(schema.unit)")</span>
            \(schema.isKey ? tag("key") : "") \(schema.isRequired ? tag("required") : "") \(since(schema.since))</dt>
            <dd><p>\(schema.meaning)</p>
            """
        if !schema.source.isEmpty { html += "<p class=\"quiet\">CMS: \(schema.source)</p>" }
        if !column.references.isEmpty {
            let links = column.references.map { link("\($0.table).\($0.column)", to: "\($0.table).\($0.column)") }
            html += "<p class=\"quiet\">Refers to \(joined(links, by: " or "))</p>"
        }
        if !column.lists.isEmpty {
            let links = column.lists.map { link("\($0.name) (\($0.values.count))", to: $0.anchor) }
            html += "<p class=\"quiet\">Values: \(joined(links, by: ", "))</p>"
        }
        html += "</dd></div>\n"
    }
    html += "</dl>\n</section>\n"
    return html
}

private func part(_ list: DataDictionary.ValueList, of dictionary: DataDictionary) -> Markup {
    let columns = dictionary.columns(with: list.name).map { "\($0.table).\($0.column)" }
    var html: Markup = """
        <h3 id="\(list.anchor)"><a class="code" href="#\(list.anchor)">\(list.name)</a></h3>
        <p class="quiet">In \(joined(columns.map { link($0, to: $0) }, by: ", ")).\
        \(list.isClosed ? "" : " A value that CMS adds is kept and reported.")</p>
        <div class="scroll" tabindex="0" role="region" aria-label="Values of \(list.name)">
        <table><thead><tr><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead><tbody>

        """
    for (value, meaning) in list.values {
        html += "<tr><th scope=\"row\" class=\"code\">\(value.isEmpty ? "(blank)" : value)</th>"
        html += "<td>\(meaning)</td></tr>\n"
    }
    html += "</tbody></table></div>\n"
    return html
}

extension DataDictionary.ValueList {
    fileprivate var anchor: String { "values-\(name)" }
}

private func link(_ text: String, to id: String) -> Markup { "<a href=\"#\(id)\">\(text)</a>" }

private func tag(_ text: String) -> Markup { "<span class=\"tag\">\(text)</span>" }

private func since(_ version: ShapeVersion) -> Markup { tag("since \(version)") }

private func joined(_ parts: [Markup], by separator: String) -> Markup {
    var html = Markup()
    for (index, part) in parts.enumerated() {
        if index > 0 { html += "\(separator)" }
        html += part
    }
    return html
}

private func asset(_ asset: PageAsset) -> [UInt8] { Array(UnsafeBufferPointer(start: asset.bytes, count: asset.count)) }
