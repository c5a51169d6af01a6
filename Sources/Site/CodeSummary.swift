import JSON

/// What the index and the section pages need of a code.
struct CodeSummary: Sendable {
    let code: String
    let title: String?
    let sectionID: String
    let sectionName: String
    let categoryID: String
    let categoryName: String
    /// Further words that a reader may look for: lower case, each once, none of the title's.
    let words: [String]

    init(_ document: JSONValue) {
        code = document.text("code") ?? ""
        title = document.text("title")
        let section = document["section"]
        sectionID = section?.text("id") ?? ""
        sectionName = section?.text("name") ?? ""
        categoryID = document["category"]?.text("id") ?? sectionID
        categoryName = document["category"]?.text("name") ?? sectionName
        let editorial = document["editorial"] ?? .null
        var texts = editorial.texts("synonyms") + (document["drug"]?.texts("brand_names") ?? [])
        texts += [document.text("long_descriptor"), document.text("short_descriptor")].compactMap(\.self)
        texts += editorial.texts("plain_language")
        var seen = Set(searchWords(title ?? ""))
        var words: [String] = []
        for text in texts {
            for word in searchWords(text) where seen.insert(word).inserted { words.append(word) }
        }
        self.words = words
    }
}

/// The words of a text as the search compares them: letters and digits in lower case, without what is too short to look
/// for.
func searchWords(_ text: String) -> [String] {
    var words: [String] = []
    var word: [UInt8] = []
    func end() {
        if word.count > 2 { words.append(String(decoding: word, as: UTF8.self)) }
        word.removeAll(keepingCapacity: true)
    }
    for byte in text.lowercased().utf8 {
        // Letters beyond ASCII stay whole.
        if (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte >= 0x80 {
            word.append(byte)
        } else {
            end()
        }
    }
    end()
    return words
}

/// The index that the search reads: a line per code, in one text that a browser takes in at once.
struct SearchIndex {
    private var categories: [String] = []
    private var places: [String: Int] = [:]
    private var lines: [UInt8] = []

    /// Adds a code: its code, title, category and further words, with tabs between them.
    mutating func add(_ summary: CodeSummary) {
        if !lines.isEmpty { lines.append(UInt8(ascii: "\n")) }
        let place = places[summary.categoryName] ?? categories.count
        if place == categories.count {
            places[summary.categoryName] = place
            categories.append(summary.categoryName)
        }
        let words = summary.words.joined(separator: " ")
        let title = (summary.title ?? "").map { $0.isWhitespace ? " " : $0 }
        lines.append(contentsOf: "\(summary.code)\t\(String(title))\t\(place)\t\(words)".utf8)
    }

    /// A script that sets `searchIndex`: a page that lies in a folder may not fetch a file, but may load a script.
    var script: [UInt8] {
        var json = JSONWriter(indented: false)
        json.object { json in
            json.field("categories", texts: categories)
            json.field("codes", String(decoding: lines, as: UTF8.self))
        }
        return Array("window.searchIndex = ".utf8) + json.bytes + Array(";\n".utf8)
    }
}
