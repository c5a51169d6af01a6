/// The comments of a text, each with what it is about: the key or item below it, or the one on its line.
struct YAMLComments {
    /// A key of a mapping or an item of a list.
    struct Entry: Hashable {
        enum Kind: Hashable { case key, item }
        let kind: Kind
        /// Of the key or of the item's value.
        let offset: Int
    }

    private struct Placed {
        let entry: Entry
        let parent: Int?
        /// From 0; of an item, its dash.
        let column: Int
    }

    private(set) var before: [Entry: [String]] = [:]
    private(set) var beside: [Entry: String] = [:]
    private(set) var after: [Entry: [String]] = [:]
    /// At the head and at the end of each document.
    private(set) var head: [[String]]
    private(set) var tail: [[String]]
    /// Every comment, sorted.
    let all: [String]

    private let source: YAMLSource
    private var entries: [Placed] = []

    /// - Throws: where a comment or a node cannot be kept in its place.
    init(_ source: YAMLSource, _ documents: [YAMLNode]) throws(YAMLError) {
        self.source = source
        head = Array(repeating: [], count: documents.count)
        tail = head
        var scalars: [Int: Int] = [:]
        var ranges: [Range<Int>] = []
        var last = -1
        for document in documents {
            let first = entries.count
            try Self.walk(document, parent: nil, isInFlow: false, source, &entries, &scalars, &last)
            ranges.append(first..<entries.count)
        }
        let comments = Self.find(source, scalars)
        all = comments.map { Self.text(source, $0) }.sorted()

        // A document ends with the last line before the next marker.
        var ends: [Int] = []
        for document in documents {
            var line = (document.line ?? 1)
            while line < source.lines.count, !source.isMarker(line: line) { line += 1 }
            ends.append(line < source.lines.count ? source.lines[line] : source.characters.count + 1)
        }
        for comment in comments {
            let document = ends.firstIndex { comment < $0 } ?? max(documents.count - 1, 0)
            guard document < documents.count else { continue }
            try place(comment, document, ranges[document])
        }
    }

    private mutating func place(_ comment: Int, _ document: Int, _ range: Range<Int>) throws(YAMLError) {
        let text = Self.text(source, comment)
        let line = source.line(at: comment)
        let start = source.lines[line]
        let isMarker = source.isMarker(line: line)
        let isWhole = isMarker || (start..<comment).allSatisfy { source.isBlank(source.characters[$0]) }
        let previous = entries[range].lastIndex { $0.entry.offset < comment }
        guard let previous else {
            head[document].append(text)
            return
        }
        if !isWhole {
            guard beside.updateValue(text, forKey: entries[previous].entry) == nil else {
                throw YAMLError(
                    message: "two comments belong to one text", line: line + 1, column: comment - start + 1)
            }
            return
        }
        let column = isMarker ? 0 : comment - start
        let next = entries[range].firstIndex { $0.entry.offset > comment }
        if let next, column <= entries[next].column {
            before[entries[next].entry, default: []].append(text)
            return
        }
        if next == nil, column == 0 {
            tail[document].append(text)
            return
        }
        // What stands deeper than what follows belongs to what went before.
        let above = next.map { ancestors(of: $0) } ?? []
        let fitting = ([previous] + ancestors(of: previous)).first {
            entries[$0].column <= column && !above.contains($0)
        }
        if let fitting {
            after[entries[fitting].entry, default: []].append(text)
        } else if let next {
            before[entries[next].entry, default: []].append(text)
        } else {
            tail[document].append(text)
        }
    }

    private func ancestors(of index: Int) -> [Int] {
        var found: [Int] = []
        var parent = entries[index].parent
        while let current = parent {
            found.append(current)
            parent = entries[current].parent
        }
        return found
    }

    // MARK: Reading

    private static func text(_ source: YAMLSource, _ comment: Int) -> String {
        var end = source.lineEnd(comment)
        while end > comment, source.isBlank(source.characters[end - 1]) { end -= 1 }
        return source.text(comment..<end)
    }

    private static func refuse(_ message: String, _ node: YAMLNode) -> YAMLError {
        YAMLError(message: message, line: node.line, column: node.column)
    }

    private static func walk(
        _ node: YAMLNode, parent: Int?, isInFlow: Bool, _ source: YAMLSource, _ entries: inout [Placed],
        _ scalars: inout [Int: Int], _ last: inout Int
    ) throws(YAMLError) {
        guard let offset = source.offset(of: node), offset >= last else {
            throw refuse("an alias is written out nowhere else", node)
        }
        let first = offset < source.characters.count ? source.characters[offset] : " "
        if first == "&" || first == "*" || first == "!" {
            throw refuse("anchors, aliases and tags are not formatted", node)
        }
        switch node.content {
        case .text(let text):
            guard let end = source.scalarEnd(offset, isInFlow: isInFlow), !(text.isEmpty && end == offset) else {
                throw refuse("a text is missing", node)
            }
            scalars[offset] = end
            last = max(offset, last)
        case .list(let items):
            let isInFlow = isInFlow || first == "["
            for item in items {
                guard let place = source.offset(of: item) else { throw refuse("it has no place", item) }
                let start = source.lines[source.line(at: place)]
                var dash = place - 1
                while dash > start, source.characters[dash] == " " { dash -= 1 }
                let isDash = dash >= start && source.characters[dash] == "-"
                let column = isInFlow ? place - start : isDash ? dash - start : max(place - start - 2, 0)
                entries.append(Placed(entry: Entry(kind: .item, offset: place), parent: parent, column: column))
                try walk(
                    item, parent: entries.count - 1, isInFlow: isInFlow, source, &entries, &scalars, &last)
            }
        case .mapping(let mapping):
            let isInFlow = isInFlow || first == "{"
            for (key, value) in mapping.members {
                guard let place = source.offset(of: key) else { throw refuse("it has no place", key) }
                let column = place - source.lines[source.line(at: place)]
                entries.append(Placed(entry: Entry(kind: .key, offset: place), parent: parent, column: column))
                let index = entries.count - 1
                try walk(key, parent: index, isInFlow: isInFlow, source, &entries, &scalars, &last)
                try walk(value, parent: index, isInFlow: isInFlow, source, &entries, &scalars, &last)
            }
        }
    }

    /// Where comments begin: a hash at the beginning of a line or behind a blank, outside of texts.
    private static func find(_ source: YAMLSource, _ scalars: [Int: Int]) -> [Int] {
        var comments: [Int] = []
        var offset = 0
        while offset < source.characters.count {
            let character = source.characters[offset]
            if let end = scalars[offset], end > offset, ["\"", "'", "|", ">"].contains(character) {
                if character == "|" || character == ">" {
                    // A comment may stand behind the block's header.
                    let header = source.lineEnd(offset)
                    for position in offset..<header
                    where source.characters[position] == "#" && source.isBlank(source.characters[position - 1]) {
                        comments.append(position)
                        break
                    }
                }
                offset = end
                continue
            }
            let isFirst = offset == 0 || source.isLineEnd(offset - 1) || source.isBlank(source.characters[offset - 1])
            if character == "#", isFirst {
                comments.append(offset)
                offset = source.lineEnd(offset)
            } else {
                offset += 1
            }
        }
        return comments
    }
}
