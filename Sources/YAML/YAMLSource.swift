/// A YAML text as characters, for edits that leave everything else as it is. Lines end where YAML ends them.
public struct YAMLSource {
    public let characters: [Unicode.Scalar]
    /// The offset of each line's first character.
    public let lines: [Int]

    public init(_ text: String) {
        characters = Array(text.unicodeScalars)
        var lines = [0]
        var offset = 0
        while offset < characters.count {
            let length = Self.breakLength(characters, at: offset)
            offset += max(length, 1)
            if length > 0 { lines.append(offset) }
        }
        self.lines = lines
    }

    private static func breakLength(_ characters: [Unicode.Scalar], at offset: Int) -> Int {
        switch characters[offset] {
        case "\r": offset + 1 < characters.count && characters[offset + 1] == "\n" ? 2 : 1
        case "\n", "\u{85}", "\u{2028}", "\u{2029}": 1
        default: 0
        }
    }

    /// Whether a line ends at `offset`, the end of the text included.
    public func isLineEnd(_ offset: Int) -> Bool {
        offset >= characters.count || Self.breakLength(characters, at: offset) > 0
    }

    /// Where `node` begins; `nil` for one without a place.
    public func offset(of node: YAMLNode) -> Int? {
        guard let line = node.line, let column = node.column, line >= 1, line <= lines.count else { return nil }
        let offset = lines[line - 1] + column - 1
        return offset <= characters.count ? offset : nil
    }

    /// The line of an offset, from 0.
    public func line(at offset: Int) -> Int {
        var low = 0
        var high = lines.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lines[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Where the line of `offset` ends, before its line break.
    public func lineEnd(_ offset: Int) -> Int {
        var end = offset
        while !isLineEnd(end) { end += 1 }
        return end
    }

    /// The offset after a line's break.
    public func nextLine(_ offset: Int) -> Int {
        let end = lineEnd(offset)
        return end >= characters.count ? end : end + Self.breakLength(characters, at: end)
    }

    public func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: characters[range])
        return String(text)
    }

    /// Where a line begins with `---` or `...`, between documents.
    public func isMarker(line: Int) -> Bool {
        let start = lines[line]
        guard start + 3 <= characters.count else { return false }
        let mark = characters[start]
        guard mark == "-" || mark == ".", characters[start + 1] == mark, characters[start + 2] == mark else {
            return false
        }
        return isLineEnd(start + 3) || isBlank(characters[start + 3])
    }

    /// The offset behind the scalar that begins at `offset`, comments and blanks behind it left out; a block ends
    /// with its last line's break. `nil` where it begins with an anchor, an alias or a tag.
    public func scalarEnd(_ offset: Int, isInFlow: Bool) -> Int? {
        guard offset < characters.count else { return offset }
        switch characters[offset] {
        case "&", "*", "!": return nil
        case "\"", "'": return quotedEnd(offset)
        case "|" where !isInFlow, ">" where !isInFlow: return blockEnd(offset)
        default:
            var end = offset
            while !isLineEnd(end) {
                let character = characters[end]
                if character == "#", end > 0, isBlank(characters[end - 1]) { break }
                if isInFlow, character == "," || character == "}" || character == "]" { break }
                if character == ":", isLineEnd(end + 1) || isBlank(characters[end + 1]) { break }
                end += 1
            }
            while end > offset, isBlank(characters[end - 1]) { end -= 1 }
            return end
        }
    }

    private func quotedEnd(_ offset: Int) -> Int {
        let quote = characters[offset]
        var end = offset + 1
        while end < characters.count {
            if characters[end] == "\\", quote == "\"" {
                end += 2
            } else if characters[end] == quote {
                if quote == "'", end + 1 < characters.count, characters[end + 1] == "'" {
                    end += 2
                } else {
                    return end + 1
                }
            } else {
                end += 1
            }
        }
        return characters.count
    }

    /// Lines that are blank or deeper than the line that the block hangs on.
    private func blockEnd(_ offset: Int) -> Int {
        var next = nextLine(offset)
        var content: Int?
        var end = next
        while next < characters.count {
            var column = next
            while column < characters.count, characters[column] == " " { column += 1 }
            if isLineEnd(column) {
                next = nextLine(next)
                if next >= characters.count { break }
                continue
            }
            let indentation = column - next
            // The first line that is not blank sets the depth; with an indicator it may begin with blanks.
            let depth = content ?? max(indentation, 1)
            if content == nil, indentation <= parentIndentation(offset) { break }
            guard indentation >= min(depth, blockDepth(offset) ?? depth) else { break }
            content = depth
            next = nextLine(next)
            end = next
        }
        return end
    }

    /// The depth that a block's header states (`|2-`), counted from the line it hangs on.
    private func blockDepth(_ offset: Int) -> Int? {
        var position = offset + 1
        while !isLineEnd(position), position < offset + 3 {
            if let digit = Int(String(characters[position])) { return parentIndentation(offset) + digit }
            position += 1
        }
        return nil
    }

    /// How deep the key or dash stands whose value begins at `offset`. A dash before a key counts as depth.
    private func parentIndentation(_ offset: Int) -> Int {
        let start = lines[line(at: offset)]
        var column = start
        while column < offset, characters[column] == " " || characters[column] == "-" && isBlankAfter(column) {
            column += 1
        }
        // `- >-` hangs on its dash.
        if column == offset {
            while column > start, characters[column - 1] != "-" { column -= 1 }
            return max(column - 1 - start, 0)
        }
        return column - start
    }

    private func isBlankAfter(_ offset: Int) -> Bool { isLineEnd(offset + 1) || isBlank(characters[offset + 1]) }

    func isBlank(_ character: Unicode.Scalar) -> Bool { character == " " || character == "\t" }
}

extension YAMLNode {
    /// Whether two values say the same, whatever the order of keys and wherever they stand.
    public func says(_ other: YAMLNode) -> Bool {
        switch (content, other.content) {
        case (.text(let left), .text(let right)):
            return left.unicodeScalars.elementsEqual(right.unicodeScalars)
        case (.list(let left), .list(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.says($1) }
        case (.mapping(let left), .mapping(let right)):
            return left.members.count == right.members.count
                && left.members.allSatisfy { member in
                    right.members.contains { $0.key.says(member.key) && $0.value.says(member.value) }
                }
        default: return false
        }
    }
}
