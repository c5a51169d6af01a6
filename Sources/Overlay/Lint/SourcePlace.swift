import Model

/// Finds the line and column of a byte of a text: in a file the same text may be folded, indented and quoted.
struct SourcePlaces {
    private let bytes: [UInt8]
    private var starts: [Int] = [0]

    init(_ text: String) {
        bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() where byte == 0x0A { starts.append(index + 1) }
    }

    /// - Parameters:
    ///   - offset: a byte of `text`, whose writing begins at `place`.
    /// - Returns: `place` itself where the writing cannot be followed.
    func place(of offset: Int, in text: String, at place: Place) -> Place {
        guard let line = place.line, let column = place.column, line <= starts.count else { return place }
        var index = starts[line - 1]
        for _ in 1..<max(column, 1) { index = after(index) }
        guard index < bytes.count else { return place }
        let isBlock = bytes[index] == UInt8(ascii: ">") || bytes[index] == UInt8(ascii: "|")
        let mark = bytes[index]
        if isBlock {
            guard line < starts.count else { return place }
            index = starts[line]
        } else if mark == UInt8(ascii: "\"") || mark == UInt8(ascii: "'") {
            index += 1
        }
        guard let found = follow(Array(text.utf8), to: offset, from: index, mark: isBlock ? 0 : mark) else {
            return place
        }
        var foundLine = line
        while foundLine < starts.count, starts[foundLine] <= found { foundLine += 1 }
        let start = starts[foundLine - 1]
        let characters = bytes[start..<found].count { $0 & 0xC0 != 0x80 }
        return Place(place.file, line: foundLine, column: characters + 1)
    }

    private func after(_ index: Int) -> Int {
        var next = index + 1
        while next < bytes.count, bytes[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }

    /// Goes through text and writing side by side; blanks and line breaks of any number are one.
    private func follow(_ text: [UInt8], to offset: Int, from start: Int, mark: UInt8) -> Int? {
        var index = start
        var position = 0
        func skipBlanks() { while index < bytes.count, isBlank(bytes[index]) { index += 1 } }
        if text.first.map(isBlank) != true { skipBlanks() }
        while position < offset {
            guard index < bytes.count, position < text.count else { return nil }
            if isBlank(text[position]), isBlank(bytes[index]) {
                // Blanks that the text has in a row are in the writing, too, unless it broke the line there.
                if text[position] == bytes[index], bytes[index] != 0x0A, !isLineEnd(index) {
                    index += 1
                    position += 1
                } else {
                    skipBlanks()
                    position += 1
                    while position < offset, isBlank(text[position]) { position += 1 }
                }
            } else if text[position] == bytes[index], bytes[index] != UInt8(ascii: "\\") || mark != UInt8(ascii: "\"") {
                // A doubled quotation mark stands for one.
                if bytes[index] == mark, mark == UInt8(ascii: "'") { index += 1 }
                index += 1
                position += 1
            } else if mark == UInt8(ascii: "\""), bytes[index] == UInt8(ascii: "\\") {
                guard let (skip, length) = escape(at: index, text, position) else { return nil }
                index += skip
                position += length
            } else {
                return nil
            }
        }
        if position < text.count, !isBlank(text[position]) { skipBlanks() }
        return index < bytes.count ? index : nil
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// Whether only blanks lie between here and the end of the line.
    private func isLineEnd(_ index: Int) -> Bool {
        var index = index
        while index < bytes.count, bytes[index] == 0x20 { index += 1 }
        return index == bytes.count || bytes[index] == 0x0A || bytes[index] == 0x0D
    }

    /// The bytes of an escape, and of the character it stands for.
    private func escape(at index: Int, _ text: [UInt8], _ position: Int) -> (Int, Int)? {
        guard index + 1 < bytes.count else { return nil }
        let skip =
            switch bytes[index + 1] {
            case UInt8(ascii: "x"): 4
            case UInt8(ascii: "u"): 6
            case UInt8(ascii: "U"): 10
            default: 2
            }
        var length = 1
        while position + length < text.count, text[position + length] & 0xC0 == 0x80 { length += 1 }
        return (skip, length)
    }
}
