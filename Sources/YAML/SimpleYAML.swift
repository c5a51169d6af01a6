/// Reads the form that nearly all overlays have: nested keys and lists, each text on a line of its own or in a block
/// (`>-`). It is twenty times as fast as a reader of all YAML, and refuses whatever it does not fully know: flow
/// collections, anchors, tags, escapes, texts that go on in the next line, tabs, control characters. A test holds it
/// against Yams.
/// - Returns: `nil` for a text that is not in this form.
package func readSimpleYAML(_ text: String, firstLine: Int = 1) -> [YAMLNode]? {
    var text = text
    return text.withUTF8 { bytes in
        guard bytes.areSimple else { return nil }
        var reader = SimpleYAMLReader(bytes, firstLine: firstLine)
        return try? reader.documents()
    }
}

/// The text has to be read by a reader of all YAML.
private struct Refusal: Error {}

private struct SimpleYAMLReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var line: Int
    /// The current line: where it begins, where its content begins, and where it ends.
    private var start = 0
    private var position = 0
    private var end = 0
    /// How many keys and lists the current line lies in. Each is a call of its own, and the stack has an end; overlays
    /// have four, and libyaml refuses a thousand.
    private var depth = 0
    private static let deepest = 64

    init(_ bytes: UnsafeBufferPointer<UInt8>, firstLine: Int) {
        self.bytes = bytes
        line = firstLine
        enter(0)
        skipBlank()
    }

    // MARK: Lines

    private var isAtEnd: Bool { start >= bytes.count }
    private var indent: Int { position - start }
    private var isAtMarker: Bool {
        end - start == 3 && bytes[start] == .hyphen && bytes[start + 1] == .hyphen && bytes[start + 2] == .hyphen
    }

    private mutating func enter(_ first: Int) {
        start = first
        end = bytes.end(ofLineAt: first)
        position = start
        while position < end, bytes[position] == .space { position += 1 }
    }

    private mutating func advance() {
        line += 1
        enter(end + 1)
    }

    /// Goes to the next line with content.
    private mutating func skipBlank() {
        while !isAtEnd, position == end || bytes[position] == .hash { advance() }
    }

    private mutating func nextContent() {
        advance()
        skipBlank()
    }

    // MARK: Structure

    mutating func documents() throws(Refusal) -> [YAMLNode] {
        if isAtEnd { return [] }
        if isAtMarker { nextContent() }
        var nodes: [YAMLNode] = []
        while true {
            guard !isAtEnd, !isAtMarker, indent == 0 else { throw Refusal() }
            nodes.append(try mapping())
            if isAtEnd { return nodes }
            guard isAtMarker else { throw Refusal() }
            nextContent()
        }
    }

    /// The keys from here on that stand at the same column.
    private mutating func mapping() throws(Refusal) -> YAMLNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw Refusal() }
        let column = indent
        let place = (line: line, column: column + 1)
        var members: [(key: YAMLNode, value: YAMLNode)] = []
        members.reserveCapacity(12)
        while !isAtEnd, indent == column, !isAtMarker {
            guard let colon = keyEnd(position) else { throw Refusal() }
            let name = text(position, colon)
            guard !members.contains(where: { $0.key.text == name }) else { throw Refusal() }
            let key = YAMLNode(.text(name), line, column + 1, isPlain: true)
            position = colon + 1
            while position < end, bytes[position] == .space { position += 1 }
            if position < end {
                members.append((key, try scalar(below: column)))
                continue
            }
            nextContent()
            guard !isAtEnd, !isAtMarker else { throw Refusal() }
            if isAtItem, indent >= column {
                members.append((key, try list()))
            } else {
                guard indent > column else { throw Refusal() }
                members.append((key, try mapping()))
            }
        }
        guard isAtEnd || indent < column || isAtMarker else { throw Refusal() }
        return YAMLNode(.mapping(YAMLMapping(members: members)), place.line, place.column)
    }

    private var isAtItem: Bool {
        position + 1 < end && bytes[position] == .hyphen && bytes[position + 1] == .space
    }

    private mutating func list() throws(Refusal) -> YAMLNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw Refusal() }
        let column = indent
        let place = (line: line, column: column + 1)
        var nodes: [YAMLNode] = []
        nodes.reserveCapacity(8)
        while !isAtEnd, indent == column, !isAtMarker, isAtItem {
            position += 2
            while position < end, bytes[position] == .space { position += 1 }
            guard position < end else { throw Refusal() }
            nodes.append(keyEnd(position) == nil ? try scalar(below: column) : try mapping())
        }
        guard isAtEnd || indent <= column || isAtMarker else { throw Refusal() }
        return YAMLNode(.list(nodes), place.line, place.column)
    }

    /// Where the colon of a key stands that begins at `first`; `nil` where no plain key does.
    private func keyEnd(_ first: Int) -> Int? {
        var index = first
        while index < end, bytes[index].isKeyCharacter { index += 1 }
        guard index > first, index < end, bytes[index] == .colon, bytes[first] >= UInt8(ascii: "a") else { return nil }
        return index + 1 == end || bytes[index + 1] == .space ? index : nil
    }

    // MARK: Scalars

    private mutating func scalar(below parent: Int) throws(Refusal) -> YAMLNode {
        let place = (line: line, column: position - start + 1)
        let value: String
        switch bytes[position] {
        case UInt8(ascii: "\""): value = try quoted(UInt8(ascii: "\""))
        case UInt8(ascii: "'"): value = try quoted(UInt8(ascii: "'"))
        case UInt8(ascii: ">"): value = try block(below: parent, folds: true)
        case UInt8(ascii: "|"): value = try block(below: parent, folds: false)
        default:
            value = try plain()
            return YAMLNode(.text(value), place.line, place.column, isPlain: true)
        }
        return YAMLNode(.text(value), place.line, place.column)
    }

    private mutating func plain() throws(Refusal) -> String {
        guard bytes[position].mayBeginPlain else { throw Refusal() }
        var last = end
        while bytes[last - 1] == .space { last -= 1 }
        for index in position..<last {
            switch bytes[index] {
            case .colon: guard index + 1 < last, bytes[index + 1] != .space else { throw Refusal() }
            case .hash: guard bytes[index - 1] != .space else { throw Refusal() }
            default: break
            }
        }
        let value = text(position, last)
        nextContent()
        return value
    }

    /// Between quotation marks of which none stands inside.
    private mutating func quoted(_ mark: UInt8) throws(Refusal) -> String {
        var last = end
        while bytes[last - 1] == .space { last -= 1 }
        last -= 1
        guard last > position, bytes[last] == mark else { throw Refusal() }
        for index in position + 1..<last where bytes[index] == mark || bytes[index] == UInt8(ascii: "\\") {
            if bytes[index] == mark || mark == UInt8(ascii: "\"") { throw Refusal() }
        }
        let value = text(position + 1, last)
        nextContent()
        return value
    }

    /// Lines below, deeper than `parent` and all equally deep: joined by spaces, an empty line a line break; or kept.
    private mutating func block(below parent: Int, folds: Bool) throws(Refusal) -> String {
        var header = position + 1
        let strips = header < end && bytes[header] == .hyphen
        if strips { header += 1 }
        guard header == end else { throw Refusal() }
        advance()
        guard !isAtEnd, position < end, indent > parent else { throw Refusal() }
        let column = indent
        var spans: [(first: Int, last: Int, blanksBefore: Int)] = []
        spans.reserveCapacity(16)
        var size = 1
        var blanks = 0
        while !isAtEnd {
            if position == end {
                guard indent <= column else { throw Refusal() }
                blanks += 1
            } else if indent < column {
                break
            } else {
                guard indent == column || !folds else { throw Refusal() }
                spans.append((start + column, end, blanks))
                size += end - start - column + blanks + 1
                blanks = 0
            }
            advance()
        }
        let endsInBreak = bytes[bytes.count - 1] == .newline
        guard strips || endsInBreak else { throw Refusal() }
        skipBlank()
        return String(unsafeUninitializedCapacity: size) { buffer in
            var count = 0
            for (index, span) in spans.enumerated() {
                if index > 0 {
                    let breaks = folds ? span.blanksBefore : span.blanksBefore + 1
                    if breaks == 0 {
                        buffer[count] = .space
                        count += 1
                    }
                    for _ in 0..<breaks {
                        buffer[count] = .newline
                        count += 1
                    }
                }
                for byte in span.first..<span.last {
                    buffer[count] = bytes[byte]
                    count += 1
                }
            }
            if !strips {
                buffer[count] = .newline
                count += 1
            }
            return count
        }
    }

    private func text(_ first: Int, _ last: Int) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[first..<last]), as: UTF8.self)
    }
}

extension YAMLNode {
    fileprivate init(_ content: Content, _ line: Int, _ column: Int, isPlain: Bool = false) {
        self.content = content
        self.line = line
        self.column = column
        self.isPlain = isPlain
    }
}

/// The text in pieces of about `size` bytes, cut only between documents, with the line that each begins at. A text with
/// directives, or with documents that end in dots, stays whole.
package func yamlPieces(_ text: String, size: Int) -> [(text: String, firstLine: Int)] {
    var text = text
    guard text.utf8.count > size else { return [(text, 1)] }
    return text.withUTF8 { bytes in
        var cuts: [(byte: Int, line: Int)] = [(0, 1)]
        var line = 1
        var start = 0
        while start < bytes.count {
            let end = bytes.end(ofLineAt: start)
            switch bytes[start] {
            case UInt8(ascii: "%"): return nil
            case UInt8(ascii: ".") where end - start >= 3: return nil
            case .hyphen where end - start == 3 && bytes[start + 1] == .hyphen && bytes[start + 2] == .hyphen:
                if start - cuts[cuts.count - 1].byte >= size { cuts.append((start, line)) }
            default: break
            }
            start = end + 1
            line += 1
        }
        return cuts.enumerated().map { index, cut in
            let last = index + 1 < cuts.count ? cuts[index + 1].byte : bytes.count
            return (String(decoding: UnsafeBufferPointer(rebasing: bytes[cut.byte..<last]), as: UTF8.self), cut.line)
        }
    } ?? [(text, 1)]
}

extension UnsafeBufferPointer<UInt8> {
    /// The position of the line break, or of the text's end.
    fileprivate func end(ofLineAt start: Int) -> Int {
        var index = start
        while index < count, self[index] != .newline { index += 1 }
        return index
    }

    /// Whether no character needs a closer look: tabs, control characters, other line breaks, byte order marks.
    fileprivate var areSimple: Bool {
        var index = 0
        while index < count {
            let byte = self[index]
            index += 1
            if byte >= 0x20 && byte < 0x7F || byte == .newline { continue }
            if byte < 0x80 || byte == 0xEF { return false }
            if byte == 0xC2, self[index] < 0xA0 { return false }
            if byte == 0xE2, self[index] == 0x80, self[index + 1] == 0xA8 || self[index + 1] == 0xA9 { return false }
        }
        return true
    }
}

extension UInt8 {
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let space = UInt8(ascii: " ")
    fileprivate static let hash = UInt8(ascii: "#")
    fileprivate static let colon = UInt8(ascii: ":")
    fileprivate static let hyphen = UInt8(ascii: "-")

    fileprivate var isKeyCharacter: Bool {
        (0x61...0x7A).contains(self) || (0x30...0x39).contains(self) || self == UInt8(ascii: "_")
    }

    /// Letters, digits and what has no meaning of its own in YAML.
    fileprivate var mayBeginPlain: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...0xFF, UInt8(ascii: "("), UInt8(ascii: "."),
            UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "$"), UInt8(ascii: "<"):
            true
        default: false
        }
    }
}
