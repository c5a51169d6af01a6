/// `text` in the one form that files are kept in: keys in the order of their shape, two blanks of indentation, texts
/// in quotation marks only where they need them, long ones folded, comments above or beside what they stand at.
///
/// What is written is read again: it says the same, and no comment is lost.
/// - Parameter shape: the shape of a document.
/// - Throws: where the text is no YAML, or something of it cannot be kept, with its place.
public func formatYAML(_ text: String, shape: (YAMLMapping) -> YAMLShape) throws(YAMLError) -> String {
    let documents = try readYAML(text)
    guard !documents.isEmpty else { return text }
    let source = YAMLSource(text)
    for line in source.lines where line < source.characters.count && source.characters[line] == "%" {
        throw YAMLError(message: "directives are not formatted", line: source.line(at: line) + 1, column: 1)
    }
    let comments = try YAMLComments(source, documents)
    var writer = YAMLWriter(source: source, comments: comments)
    for (index, document) in documents.enumerated() {
        guard let mapping = document.mapping, !mapping.members.isEmpty else {
            throw YAMLError(
                message: "a document of keys and values is expected here", line: document.line,
                column: document.column)
        }
        if index > 0 { writer.lines.append("---") }
        writer.lines += comments.head[index]
        writer.write(mapping, indentation: 0, shape(mapping))
        writer.lines += comments.tail[index]
    }
    let formatted = writer.lines.map { $0 + "\n" }.joined()

    let again = try readYAML(formatted)
    guard again.count == documents.count, zip(again, documents).allSatisfy({ $0.says($1) }),
        try YAMLComments(YAMLSource(formatted), again).all == comments.all
    else {
        throw YAMLError(
            message: "something of it would change in the form that files are kept in", line: nil, column: nil)
    }
    return formatted
}

/// Writes values as lines.
private struct YAMLWriter {
    let source: YAMLSource
    let comments: YAMLComments
    var lines: [String] = []

    init(source: YAMLSource, comments: YAMLComments) {
        self.source = source
        self.comments = comments
    }

    mutating func write(_ mapping: YAMLMapping, indentation: Int, _ shape: YAMLShape) {
        let ordered = mapping.members.enumerated().sorted { left, right in
            let ranks = (shape.rank(left.element.key.text), shape.rank(right.element.key.text))
            return ranks.0 != ranks.1 ? ranks.0 < ranks.1 : left.offset < right.offset
        }.map(\.element)
        for (key, value) in ordered {
            let entry = YAMLComments.Entry(kind: .key, offset: source.offset(of: key) ?? 0)
            let name = key.text ?? ""
            write(
                value, entry, lead: (YAMLScalar.isPlain(name) ? name : YAMLScalar.quoted(name)) + ":",
                indentation: indentation, shape[key.text])
        }
    }

    /// A key or a dash with its value.
    private mutating func write(
        _ value: YAMLNode, _ entry: YAMLComments.Entry, lead: String, indentation: Int, _ shape: YAMLShape
    ) {
        let blanks = String(repeating: " ", count: indentation)
        lines += (comments.before[entry] ?? []).map { blanks + $0 }
        let beside = comments.beside[entry].map { "  " + $0 } ?? ""
        switch value.content {
        case .text(let text):
            let first = blanks + lead + " "
            let written = YAMLScalar.lines(
                text, after: first.unicodeScalars.count, indentation: indentation + 2)
            lines.append(first + written[0] + beside)
            lines += written.dropFirst()
        case .list(let items):
            lines.append(blanks + lead + (items.isEmpty ? " []" : "") + beside)
            for item in items { write(item: item, indentation: indentation + 2, shape.items.first ?? YAMLShape()) }
        case .mapping(let mapping):
            lines.append(blanks + lead + (mapping.members.isEmpty ? " {}" : "") + beside)
            write(mapping, indentation: indentation + 2, shape)
        }
        lines += (comments.after[entry] ?? []).map { blanks + $0 }
    }

    private mutating func write(item: YAMLNode, indentation: Int, _ shape: YAMLShape) {
        let entry = YAMLComments.Entry(kind: .item, offset: source.offset(of: item) ?? 0)
        guard let mapping = item.mapping, !mapping.members.isEmpty else {
            write(item, entry, lead: "-", indentation: indentation, shape)
            return
        }
        // The first key stands beside the dash; comments above it go above the dash.
        let blanks = String(repeating: " ", count: indentation)
        lines += (comments.before[entry] ?? []).map { blanks + $0 }
        var inner = YAMLWriter(source: source, comments: comments)
        inner.write(mapping, indentation: indentation + 2, shape)
        let above = inner.lines.prefix { $0.drop { $0 == " " }.first == "#" }
        lines += above.map { blanks + $0.drop { $0 == " " } }
        let rest = inner.lines.dropFirst(above.count)
        if let first = rest.first {
            let beside = comments.beside[entry].map { "  " + $0 } ?? ""
            lines.append(blanks + "- " + first.dropFirst(indentation + 2) + beside)
        }
        lines += rest.dropFirst()
        lines += (comments.after[entry] ?? []).map { blanks + $0 }
    }
}
