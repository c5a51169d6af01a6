import HTML
import JSON
import Model

extension JSONValue {
    /// A field's text; `nil` where it is `null`, empty or not there.
    func text(_ key: String) -> String? {
        guard let text = self[key]?.text, !text.isEmpty else { return nil }
        return text
    }

    func isTrue(_ key: String) -> Bool { self[key] == .bool(true) }

    /// The texts of a list.
    func texts(_ key: String) -> [String] { (self[key]?.elements ?? []).map(\.text).filter { !$0.isEmpty } }

    /// A number other than zero.
    func isNonzero(_ key: String) -> Bool { self[key]?.text.utf8.contains { (0x31...0x39).contains($0) } ?? false }
}

/// `6320.12` as `$6,320.12`.
func dollars(_ amount: String) -> String { "$" + grouped(amount) }

/// An identifier as words, for values that the dataset does not explain.
func words(_ identifier: String) -> String {
    let words = identifier.replacing("_", with: " ")
    return words.prefix(1).uppercased() + words.dropFirst()
}

extension Markup {
    /// A list, or nothing without items.
    static func list(_ items: [String], class name: String) -> Markup {
        guard !items.isEmpty else { return Markup() }
        var html: Markup = "<ul class=\"\(name)\">"
        for item in items { html += "<li>\(item)</li>" }
        html += "</ul>\n"
        return html
    }

    /// Paragraphs: a blank line in the text begins another.
    static func paragraphs(_ text: String) -> Markup {
        var html = Markup()
        var paragraph = ""
        let lines: [Substring] = text.split(separator: "\n", omittingEmptySubsequences: false) + [""]
        for line in lines {
            if line.allSatisfy({ $0 == " " || $0 == "\r" }) {
                if !paragraph.isEmpty { html += "<p>\(paragraph)</p>\n" }
                paragraph = ""
            } else {
                paragraph += (paragraph.isEmpty ? "" : " ") + line
            }
        }
        return html
    }

    /// A term with what it is, for a `<dl>`.
    static func term(_ name: String, _ value: Markup) -> Markup { "<div><dt>\(name)</dt><dd>\(value)</dd></div>\n" }
}
