import Model

/// A source file's bytes on their way to fields: in Windows-1252, cut at CMS's end-of-file mark.
struct SourceText {
    let path: String
    /// The file as it is, with what stands from the end-of-file mark on.
    let whole: [UInt8]
    /// How many bytes of it are text. It ends with a line end, or is empty.
    let count: Int

    var bytes: ArraySlice<UInt8> { whole[..<count] }

    /// - Throws: for characters that CMS's files cannot have, an HTML page, binary data, data behind the end-of-file mark, and a last line that breaks
    ///   off: any of them means that this is not the whole file that CMS published.
    init(_ whole: [UInt8], path: String) throws(IngestError) {
        self.path = path
        var whole = whole
        // A byte order mark says that somebody saved the file again, as UTF-8. Put back into CMS's encoding, every
        // character is one byte, and the fields of a record stand at their places again.
        if whole.starts(with: [0xEF, 0xBB, 0xBF]) { whole = try Self.windows1252(whole.dropFirst(3), path: path) }
        var bytes = whole[...]
        if let first = bytes.first(where: { $0 > 0x20 }), first == UInt8(ascii: "<") {
            throw IngestError(
                .badData, "html_instead_of_data", at: Place(path, line: 1), "this is an HTML page, not a table",
                hint: "CMS answers some requests with a page: open the link in a browser and save the file.")
        }
        if let end = Self.firstIndex(of: 0x1A, in: bytes) {
            let rest = bytes[end...]
            guard rest.allSatisfy({ [0x1A, 0x20, 0x0D, 0x0A, UInt8(ascii: ",")].contains($0) }) else {
                throw IngestError(
                    .badData, "data_after_end", at: Place(path, line: Self.line(of: end, in: bytes)),
                    "there is data behind the end-of-file mark (byte 0x1A)")
            }
            bytes = bytes[..<end]
        }
        if let zero = Self.firstIndex(of: 0, in: bytes) {
            throw IngestError(
                .badData, "binary_data", at: Place(path, line: Self.line(of: zero, in: bytes)),
                "there is a zero byte: this is not a text file")
        }
        if let last = bytes.last, last != 0x0A {
            throw IngestError(
                .badData, "last_line_cut", at: Place(path, line: Self.line(of: bytes.endIndex, in: bytes)),
                "the last line has no line end, which CMS's files always have: the file is cut",
                hint: "Fetch the file again. If you know that it is whole, add the line end.")
        }
        self.whole = whole
        count = bytes.count
    }

    private static func windows1252(_ utf8: ArraySlice<UInt8>, path: String) throws(IngestError) -> [UInt8] {
        func refused(_ message: String, at index: Int) -> IngestError {
            IngestError(
                .badData, "character_invalid", at: Place(path, line: line(of: index, in: utf8)), message,
                hint: "The file was saved again, as UTF-8, and damaged: use CMS's own.")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count)
        var index = utf8.startIndex
        while index < utf8.endIndex {
            let start = index
            let first = utf8[index]
            guard first >= 0x80 else {
                bytes.append(first)
                index += 1
                continue
            }
            index += 1
            while index < utf8.endIndex, utf8[index] & 0xC0 == 0x80 { index += 1 }
            guard let scalar = String(validating: utf8[start..<index], as: UTF8.self)?.unicodeScalars.first,
                utf8[start..<index].count == UTF8.width(scalar)
            else {
                throw refused(
                    "its byte order mark says UTF-8, and the byte 0x\(String(first, radix: 16)) is none", at: start)
            }
            guard let byte = charactersFrom80.byte(of: scalar) else {
                throw refused("'\(Character(scalar))' is no character of Windows-1252, CMS's encoding", at: start)
            }
            bytes.append(byte)
        }
        return bytes
    }

    /// As the library's, eight bytes at a time.
    private static func firstIndex(of byte: UInt8, in bytes: ArraySlice<UInt8>) -> Int? {
        let pattern = 0x0101_0101_0101_0101 &* UInt64(byte)
        let found = bytes.withUnsafeBytes { raw in
            var position = 0
            while position &+ 8 <= raw.count {
                // A byte is the one sought where the difference is zero; only then does a high bit appear.
                let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self) ^ pattern
                if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0 { break }
                position &+= 8
            }
            return raw[position...].firstIndex(of: byte)
        }
        return found.map { bytes.startIndex + $0 }
    }

    private static func line(of index: Int, in bytes: ArraySlice<UInt8>) -> Int {
        1 + bytes[..<index].count { $0 == 0x0A }
    }

    /// The lines without their ends, as ranges of ``bytes``.
    func lines() -> [Range<Int>] {
        var lines: [Range<Int>] = []
        lines.reserveCapacity(bytes.count / 100)
        var start = bytes.startIndex
        while start < bytes.endIndex, let end = Self.firstIndex(of: 0x0A, in: bytes[start...]) {
            lines.append(start..<(end > start && bytes[end - 1] == 0x0D ? end - 1 : end))
            start = end + 1
        }
        return lines
    }
}

/// Characters of Windows-1252 from 0x80 to 0x9F; zero where there is none.
private let charactersFrom80: [UInt32] = [
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
    0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
    0x0153, 0, 0x017E, 0x0178,
]

extension [UInt32] {
    /// The byte for a character above ASCII; `nil` when Windows-1252 has none.
    fileprivate func byte(of scalar: Unicode.Scalar) -> UInt8? {
        if (0xA0...0xFF).contains(scalar.value) { return UInt8(scalar.value) }
        return firstIndex(of: scalar.value).map { UInt8(0x80 + $0) }
    }
}

/// Whether all bytes are printable ASCII: then fields are what they are in any encoding, but for blanks at their ends.
func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let raw = UnsafeRawBufferPointer(bytes)
    var others: UInt64 = 0
    var position = 0
    while position &+ 8 <= raw.count {
        let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        // The high bit of each byte below 0x20, and of each from 0x7F on; a byte beside such a one may be taken for one.
        others |= (word &- 0x2020_2020_2020_2020) | (word &+ 0x0101_0101_0101_0101) | word
        position &+= 8
    }
    while position < raw.count {
        if !(0x20..<0x7F).contains(raw[position]) { return false }
        position &+= 1
    }
    return others & 0x8080_8080_8080_8080 == 0
}

/// A field's place without blanks at either end.
@inline(__always)
func trimmed(_ field: Range<Int>, of bytes: UnsafeBufferPointer<UInt8>) -> Range<Int> {
    var (start, end) = (field.lowerBound, field.upperBound)
    while start < end, bytes[start] == 0x20 { start &+= 1 }
    while start < end, bytes[end &- 1] == 0x20 { end &-= 1 }
    return start..<end
}

/// Appends a field to `buffer` as UTF-8, without blanks at either end and with no-break spaces as spaces.
/// Returns the byte that has no meaning in the file's encoding, or a control character, if one is there.
func appendField(
    _ field: UnsafeBufferPointer<UInt8>, isUTF8: Bool, keepingLeadingBlanks: Bool = false, to buffer: inout [UInt8]
) -> UInt8? {
    var first = 0
    var last = field.count
    while !keepingLeadingBlanks, first < last, field[first] == 0x20 || (field[first] == 0xA0 && !isUTF8) { first += 1 }
    while first < last, field[last - 1] == 0x20 || (field[last - 1] == 0xA0 && !isUTF8) { last -= 1 }
    let trimmed = UnsafeBufferPointer(rebasing: field[first..<last])
    guard trimmed.contains(where: { $0 < 0x20 || $0 >= 0x7F }) else {
        buffer.append(contentsOf: trimmed)
        return nil
    }
    if isUTF8 {
        guard let text = String(validating: trimmed, as: UTF8.self) else { return trimmed.first { $0 >= 0x80 } }
        if let control = trimmed.first(where: { $0 < 0x20 || $0 == 0x7F }) { return control }
        let spaced = String(text.unicodeScalars.map { $0.value == 0xA0 ? " " : Character($0) })
        buffer.append(contentsOf: spaced.utf8)
        return nil
    }
    for byte in trimmed {
        switch byte {
        case 0x20..<0x7F: buffer.append(byte)
        case 0xA0: buffer.append(0x20)
        case 0x80...:
            let value = byte < 0xA0 ? charactersFrom80[Int(byte) - 0x80] : UInt32(byte)
            guard value != 0, let scalar = Unicode.Scalar(value) else { return byte }
            buffer.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: return byte
        }
    }
    return nil
}

/// ASCII letters as capitals, runs of blanks as one, none at the ends: how labels and titles are compared.
func normalisedLabel(_ bytes: some Sequence<UInt8>) -> String {
    var label: [UInt8] = []
    for byte in bytes {
        if byte == 0x20 || byte == 0x09 || byte == 0xA0 {
            if let last = label.last, last != 0x20 { label.append(0x20) }
        } else {
            label.append((0x61...0x7A).contains(byte) ? byte - 0x20 : byte)
        }
    }
    while label.last == 0x20 { label.removeLast() }
    return String(decoding: label, as: UTF8.self)
}
