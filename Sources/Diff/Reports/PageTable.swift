import HTML
import JSON
import Model

/// A table that people sort and filter. The first rows are in the page as HTML; all of them lie beside it as compact
/// JSON, column by column, from which the script takes the others.
struct PageTable {
    /// Rows written as HTML: enough to read on paper or without the script.
    static let rowsInHTML = 100

    enum Kind {
        case text
        /// A code, an identifier or a value as CMS prints it.
        case code
        /// One of a few values, for which there is a menu.
        case choice
        case number(PageNumber)
        /// A text with the words that came and went.
        case words
    }

    enum Value {
        case text(String)
        case number(Int64?)
        case words([WordDifference.Run])

        static func number(_ number: Int) -> Value { .number(Int64(number)) }
    }

    struct Column {
        let title: String
        let kind: Kind
        /// The values written so far, as JSON.
        fileprivate var json: [UInt8] = []
        /// For ``Kind/choice``: each value with its place in the list.
        fileprivate var choices: [String: Int] = [:]
        fileprivate var choiceOrder: [String] = []

        init(_ title: String, _ kind: Kind = .text) {
            self.title = title
            self.kind = kind
        }
    }

    let id: String
    let caption: String
    private var columns: [Column]
    private(set) var count = 0
    private var first: [[Value]] = []

    init(_ id: String, _ caption: String, _ columns: [Column]) {
        self.id = id
        self.caption = caption
        self.columns = columns
    }

    /// Adds a row; its values stand in the order of the columns and are of their kinds.
    mutating func add(_ row: [Value]) {
        if count < Self.rowsInHTML { first.append(row) }
        for index in columns.indices where index < row.count { columns[index].append(row[index]) }
        count += 1
    }

    // MARK: Writing

    /// The table, or one sentence where it has no rows.
    func markup(empty: String) -> Markup {
        guard count > 0 else { return "<p class=\"none\">\(empty)</p>\n" }
        let shown = min(count, Self.rowsInHTML)
        var html: Markup = """
            <div class="data" data-table="\(id)" data-rows="\(count)" data-menus="\(menus)">
            <p class="count" role="status">\(countText(shown))</p>
            <div class="scroll" tabindex="0" role="region" aria-labelledby="\(id)-caption">
            <table id="\(id)"><caption id="\(id)-caption">\(caption)</caption>
            <thead><tr>
            """
        for column in columns {
            html +=
                column.isNumber
                ? "<th scope=\"col\" class=\"n\">\(column.title)</th>" : "<th scope=\"col\">\(column.title)</th>"
        }
        html += "</tr></thead>\n<tbody>\n"
        for row in first {
            html += "<tr>"
            for (index, value) in row.enumerated() where index < columns.count {
                html += cell(value, columns[index], isHeading: index == 0)
            }
            html += "</tr>\n"
        }
        html += "</tbody></table></div>\n"
        html += "<script type=\"application/json\" id=\"\(id)-data\">\(Markup(trusted: json))</script>\n</div>\n"
        return html
    }

    /// The columns that get a menu.
    private var menus: String {
        columns.indices.filter { columns[$0].choiceOrder.count > 1 }.map(String.init).joined(separator: " ")
    }

    private func countText(_ shown: Int) -> String {
        let all = PageNumber.count.text(count)
        return shown == count
            ? "\(all) \(count == 1 ? "row" : "rows")"
            : "\(all) rows, the first \(shown) are shown"
    }

    private func cell(_ value: Value, _ column: Column, isHeading: Bool) -> Markup {
        switch (value, column.kind) {
        case (.number(let number), .number(let style)):
            return "<td class=\"n\">\(number.map { style.text($0) } ?? "")</td>"
        case (.words(let runs), _): return "<td class=\"words\">\(marked(runs))</td>"
        case (.text(let text), .text) where !isHeading: return "<td>\(text)</td>"
        case (.text(let text), .text): return "<th scope=\"row\">\(text)</th>"
        case (.text(let text), _):
            let kind = column.className
            return isHeading
                ? "<th scope=\"row\" class=\"\(kind)\">\(text)</th>" : "<td class=\"\(kind)\">\(text)</td>"
        case (.number, _): return "<td></td>"
        }
    }

    /// All rows, column by column.
    private var json: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(columns.reduce(0) { $0 + $1.json.count + 200 })
        bytes.append(contentsOf: "{\"columns\":[".utf8)
        for (index, column) in columns.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: column.head)
            bytes.append(contentsOf: column.json)
            bytes.append(contentsOf: "]}".utf8)
        }
        bytes.append(contentsOf: "]}".utf8)
        return bytes
    }
}

/// Word marks: `<del>` and `<ins>`.
func marked(_ runs: [WordDifference.Run]) -> Markup {
    var html = Markup()
    for (index, run) in runs.enumerated() {
        if index > 0 { html += " " }
        switch run.kind {
        case .same: html += "\(run.text)"
        case .removed: html += "<del>\(run.text)</del>"
        case .added: html += "<ins>\(run.text)</ins>"
        }
    }
    return html
}

extension PageTable.Column {
    var isNumber: Bool { if case .number = kind { true } else { false } }

    /// `code` or `choice`, which do not wrap.
    fileprivate var className: String { if case .code = kind { "code" } else { "choice" } }

    fileprivate mutating func append(_ value: PageTable.Value) {
        if !json.isEmpty { json.append(UInt8(ascii: ",")) }
        switch value {
        case .number(let number): json.append(contentsOf: (number.map { String($0) } ?? "null").utf8)
        case .text(let text):
            if case .choice = kind {
                let place = choices[text] ?? choiceOrder.count
                if place == choiceOrder.count {
                    choices[text] = place
                    choiceOrder.append(text)
                }
                json.append(contentsOf: String(place).utf8)
            } else {
                json.append(contentsOf: jsonText(text))
            }
        case .words(let runs):
            json.append(UInt8(ascii: "["))
            for (index, run) in runs.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                let mark = run.kind == .same ? "0," : run.kind == .removed ? "1," : "2,"
                json.append(contentsOf: mark.utf8)
                json.append(contentsOf: jsonText(run.text))
            }
            json.append(UInt8(ascii: "]"))
        }
    }

    /// What the script must know of the column, up to its values.
    fileprivate var head: [UInt8] {
        var bytes: [UInt8] = []
        switch kind {
        case .text: bytes.append(contentsOf: "{\"kind\":\"text\",".utf8)
        case .code: bytes.append(contentsOf: "{\"kind\":\"code\",".utf8)
        case .words: bytes.append(contentsOf: "{\"kind\":\"words\",".utf8)
        case .number(let style):
            bytes.append(contentsOf: "{\"kind\":\"number\",\"places\":\(style.places),".utf8)
            bytes.append(contentsOf: "\"change\":\(style.isChange),\"prefix\":".utf8)
            bytes.append(contentsOf: jsonText(style.prefix))
            bytes.append(contentsOf: ",\"suffix\":".utf8)
            bytes.append(contentsOf: jsonText(style.suffix))
            bytes.append(UInt8(ascii: ","))
        case .choice:
            bytes.append(contentsOf: "{\"kind\":\"choice\",\"choices\":[".utf8)
            for (index, choice) in choiceOrder.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(contentsOf: jsonText(choice))
            }
            bytes.append(contentsOf: "],".utf8)
        }
        bytes.append(contentsOf: "\"values\":[".utf8)
        return bytes
    }
}

/// A JSON text in which `<` is an escape, so that it cannot end the script element around it.
private func jsonText(_ text: String) -> [UInt8] {
    var json = JSONWriter(indented: false)
    json.value(text)
    guard json.bytes.contains(UInt8(ascii: "<")) else { return json.bytes }
    return json.bytes.flatMap { $0 == UInt8(ascii: "<") ? Array("\\u003c".utf8) : [$0] }
}
