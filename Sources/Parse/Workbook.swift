public import CSV
import Model

/// Rows of an XLSX worksheet, read from the XML parts of the workbook as they stream by.
///
/// CMS's workbooks are plain: one sheet, shared strings, numbers and blanks. Just these are read (ECMA-376
/// part 1, §18.3.1 and §18.4); a workbook needs no more to be a witness.
public struct Workbook {
    private var strings: [UInt8] = []
    private var stringEnds: [Int] = []
    private var rest: [UInt8] = []
    /// That of the row read last.
    private var line = 0
    /// What may still be read, in bytes of text and eight for each cell: a small file can repeat a long string, or
    /// name far columns, often enough to fill any memory. CMS's largest sheet takes a twentieth.
    private var room = 1 << 28
    public private(set) var rows = CSVRows()

    /// Whether there was room for all rows.
    public var isTooLarge: Bool { room < 0 }
    /// Whether the sheet had its end, once all pieces were read.
    public var isWhole: Bool {
        rest.withUnsafeBufferPointer { bytes in
            var scanner = Scanner(bytes)
            return scanner.skip(past: "sheetData")
        }
    }

    /// The longest row that is looked for in one piece, and the rows that a spreadsheet can have.
    private static let longestRow = 1 << 24
    private static let mostRows = 1 << 20

    public init() {}

    // MARK: Shared strings

    /// Reads `xl/sharedStrings.xml`, whole.
    public mutating func readStrings(_ xml: [UInt8]) {
        xml.withUnsafeBufferPointer { bytes in
            var scanner = Scanner(bytes)
            while scanner.skip(past: "<si"), let item = scanner.take(until: "</si>") {
                var parts = Scanner(bytes, item)
                // A text may come in runs of different type.
                while parts.skip(past: "<t"), let tag = parts.take(until: ">") {
                    if bytes[tag.upperBound - 1] == UInt8(ascii: "/") { continue }
                    guard let text = parts.take(until: "</t>") else { break }
                    Self.append(bytes[text], to: &strings)
                }
                stringEnds.append(strings.count)
            }
        }
    }

    // MARK: The sheet

    /// Makes room for a sheet of so many bytes: in CMS's, thirty and more hold a cell, which has fewer than four.
    public mutating func reserve(bytes: Int) {
        let cells = min(bytes / 30, 1 << 20)
        rows.reserve(fields: cells, bytes: 4 * cells)
    }

    /// Reads the next piece of `xl/worksheets/sheet1.xml`.
    public mutating func readSheet(_ piece: [UInt8]) {
        if room < 0 { return }
        var bytes = rest
        rest = []
        bytes += piece
        var done = 0
        bytes.withUnsafeBufferPointer { bytes in
            var scanner = Scanner(bytes)
            // What stands behind it waits for the next piece.
            let end = scanner.lastStart(of: "</row>") ?? 0
            while scanner.skip(past: "<row"), let tag = scanner.take(until: ">") {
                let isClosed = bytes[tag.upperBound - 1] == UInt8(ascii: "/")
                if !isClosed, tag.upperBound > end { break }
                // A row without a number is the one behind the last (ECMA-376, 18.3.1.73).
                let number = scanner.number(scanner.attribute(UInt8(ascii: "r"), in: tag))
                line = min(number > 0 ? number : line + 1, Self.mostRows)
                if !isClosed { readRow(&scanner) }
                done = scanner.position
            }
        }
        bytes.removeFirst(done)
        rest = bytes
        if rest.count > Self.longestRow { room = -1 }
    }

    /// Reads the cells before `</row>`, and moves behind it.
    private mutating func readRow(_ scanner: inout Scanner) {
        var column = 0
        while scanner.skip(past: "<"), !scanner.take("/row>") {
            guard scanner.take("c "), let tag = scanner.takeTag() else { continue }
            let index = scanner.column(scanner.attribute(UInt8(ascii: "r"), in: tag))
            while column < index, room >= 0 {
                append([])
                column += 1
            }
            if scanner.bytes[tag.upperBound - 1] == UInt8(ascii: "/") {
                append([])
            } else {
                readValue(&scanner, type: scanner.attribute(UInt8(ascii: "t"), in: tag))
            }
            column += 1
        }
        if column > 0 { rows.endRow(line: line) }
    }

    /// Reads the value of a cell; one without is empty.
    private mutating func readValue(_ scanner: inout Scanner, type: Range<Int>) {
        let bytes = scanner.bytes
        guard let raw = scanner.takeText(of: type.count == "inlineStr".utf8.count ? "t" : "v") else {
            return append([])
        }
        let kind = type.count == 1 ? bytes[type.lowerBound] : type.isEmpty ? UInt8(ascii: "n") : 0
        var value: [UInt8] = []
        switch kind {
        case UInt8(ascii: "s"):
            let index = scanner.number(raw)
            guard index < stringEnds.count else { break }
            let place = (index == 0 ? 0 : stringEnds[index - 1])..<stringEnds[index]
            return strings.withUnsafeBufferPointer { append($0[place]) }
        case UInt8(ascii: "n"):
            // Most numbers are short and plain, and stay as they are.
            if raw.count <= 15, !bytes[raw].contains(UInt8(ascii: "E")) { return append(bytes[raw]) }
            value = Self.decimal(bytes[raw])
        default: Self.append(bytes[raw], to: &value)
        }
        append(value)
    }

    private mutating func append(_ field: some Collection<UInt8>) {
        room -= field.count + 8
        if room >= 0 { rows.append(field: field) }
    }

    // MARK: Texts and numbers

    /// Appends character data with its references (`&amp;`, `&#233;`) and the escapes of spreadsheets (`_x001A_`)
    /// resolved. CMS's end-of-file mark means nothing in a workbook and is left out; a line break within a cell is
    /// a blank.
    private static func append(_ text: Slice<UnsafeBufferPointer<UInt8>>, to buffer: inout [UInt8]) {
        var rest = text
        while let mark = rest.firstIndex(where: { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "_") || $0 < 0x20 }) {
            buffer.append(contentsOf: rest[..<mark])
            rest = rest[mark...]
            let (scalar, length) = escaped(rest) ?? (Unicode.Scalar(rest[mark]), 1)
            switch scalar {
            case "\u{1A}": break
            case "\t", "\n", "\r": buffer.append(0x20)
            default: buffer.append(contentsOf: scalar.utf8)
            }
            rest = rest.dropFirst(length)
        }
        buffer.append(contentsOf: rest)
    }

    /// The character that a text begins with by its name or number, and how many bytes say so.
    private static func escaped(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> (scalar: Unicode.Scalar, length: Int)? {
        let isReference = text.first == UInt8(ascii: "&")
        // None is longer, but for zeros that nobody writes.
        guard isReference || text.first == UInt8(ascii: "_"),
            let end = text.prefix(16).dropFirst().firstIndex(of: UInt8(ascii: isReference ? ";" : "_"))
        else { return nil }
        let name = String(decoding: text[..<end].dropFirst(), as: UTF8.self)
        let length = text[...end].count
        if isReference, let scalar = named[name] { return (scalar, length) }
        let start = !isReference ? "x" : name.hasPrefix("#x") ? "#x" : "#"
        let digits = name.dropFirst(start.count)
        guard name.hasPrefix(start), isReference || digits.count == 4, digits.allSatisfy(\.isHexDigit),
            let scalar = UInt32(digits, radix: start == "#" ? 10 : 16).flatMap(Unicode.Scalar.init)
        else { return nil }
        return (scalar, length)
    }

    private static let named: [String: Unicode.Scalar] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]

    /// A number as people wrote it. Spreadsheets keep the nearest binary fraction and print up to 17 digits of it
    /// (`0.56000000000000005`); fifteen digits are what it can hold of a decimal.
    static func decimal(_ raw: some RandomAccessCollection<UInt8>) -> [UInt8] {
        // No number that a spreadsheet writes is longer.
        guard raw.count <= 40 else { return Array(raw) }
        var significant: UInt64 = 0
        var count = 0
        var isRoundedUp: Bool?
        var hasDigits = false
        var isBehindPoint = false
        var places = 0
        var index = raw.startIndex
        reading: while index < raw.endIndex {
            switch raw[index] {
            case 0x30...0x39:
                let digit = raw[index] - 0x30
                hasDigits = true
                if count < 15 {
                    significant = significant * 10 + UInt64(digit)
                    if significant > 0 { count += 1 }
                    if isBehindPoint { places += 1 }
                } else {
                    isRoundedUp = isRoundedUp ?? (digit >= 5)
                    if !isBehindPoint { places -= 1 }
                }
            case UInt8(ascii: ".") where !isBehindPoint: isBehindPoint = true
            case UInt8(ascii: "E"), UInt8(ascii: "e"):
                let power = Int(String(decoding: raw[raw.index(after: index)...], as: UTF8.self))
                // Its magnitude: the least integer has none in its own type.
                guard let power, power.magnitude < 30 else { return Array(raw) }
                places -= power
                break reading
            default: return Array(raw)
            }
            index = raw.index(after: index)
        }
        // Without a digit it is no number, and so it is left.
        guard hasDigits else { return Array(raw) }
        if isRoundedUp == true { significant += 1 }
        while places > 0, significant % 10 == 0 {
            significant /= 10
            places -= 1
        }
        var digits = Array(String(significant).utf8)
        if places <= 0 { return significant == 0 ? digits : digits + Array(repeating: 0x30, count: -places) }
        if digits.count <= places {
            digits.insert(contentsOf: repeatElement(0x30, count: places + 1 - digits.count), at: 0)
        }
        digits.insert(UInt8(ascii: "."), at: digits.count - places)
        return digits
    }
}

/// Moves through bytes by what it looks for.
private struct Scanner {
    let bytes: UnsafeBufferPointer<UInt8>
    private let end: Int
    private(set) var position: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>? = nil) {
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    /// Moves behind the next occurrence of `text`; false when there is none.
    mutating func skip(past text: StaticString) -> Bool {
        guard let start = find(text) else { return false }
        position = start + text.utf8CodeUnitCount
        return true
    }

    /// What stands before the next occurrence of `text`; moves behind it.
    mutating func take(until text: StaticString) -> Range<Int>? {
        guard let start = find(text) else { return nil }
        defer { position = start + text.utf8CodeUnitCount }
        return position..<start
    }

    /// Moves behind `text` where it comes next.
    mutating func take(_ text: StaticString) -> Bool {
        guard stands(text, at: position) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    /// What stands before the end of a tag, and moves behind it; `nil` where another tag begins before.
    mutating func takeTag() -> Range<Int>? {
        var index = position
        while index < end, bytes[index] != UInt8(ascii: ">") {
            if bytes[index] == UInt8(ascii: "<") { return nil }
            index += 1
        }
        guard index < end else { return nil }
        defer { position = index + 1 }
        return position..<index
    }

    /// The text of the next element with this name; `nil` where the cell or its row ends before one.
    mutating func takeText(of name: StaticString) -> Range<Int>? {
        while let tag = find("<") {
            position = tag + 1
            if take("/c>") { return nil }
            if stands("/row>", at: position) || stands("c ", at: position) {
                position = tag
                return nil
            }
            guard take(name), let start = takeTag(), bytes[start.upperBound - 1] != UInt8(ascii: "/") else { continue }
            guard let next = find("<") else { return nil }
            defer { position = next }
            if stands("</", at: next) { return position..<next }
        }
        return nil
    }

    /// Where `text` occurs last.
    func lastStart(of text: StaticString) -> Int? {
        var index = end - text.utf8CodeUnitCount
        while index >= position, !stands(text, at: index) { index -= 1 }
        return index >= position ? index : nil
    }

    @inline(__always)
    private func find(_ text: StaticString) -> Int? {
        var index = position
        let last = end - text.utf8CodeUnitCount
        while index <= last, !stands(text, at: index) { index += 1 }
        return index <= last ? index : nil
    }

    /// Whether `text` stands at a place.
    @inline(__always)
    private func stands(_ text: StaticString, at index: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        let wanted = text.utf8Start
        guard index + count <= end, bytes[index] == wanted[0] else { return false }
        var length = 1
        while length < count, bytes[index + length] == wanted[length] { length += 1 }
        return length == count
    }

    /// The value of an attribute in the inside of a tag; empty when it has none of this name.
    func attribute(_ name: UInt8, in tag: Range<Int>) -> Range<Int> {
        var index = tag.lowerBound
        while index + 2 < tag.upperBound {
            if bytes[index] == name, bytes[index + 1] == UInt8(ascii: "="),
                index == tag.lowerBound || bytes[index - 1] == 0x20
            {
                let start = index + 3
                var end = start
                while end < tag.upperBound, bytes[end] != UInt8(ascii: "\"") { end += 1 }
                return start..<end
            }
            index += 1
        }
        return tag.lowerBound..<tag.lowerBound
    }

    func number(_ digits: Range<Int>) -> Int {
        bytes[digits].reduce(0) { (0x30...0x39).contains($1) && $0 < 1 << 40 ? $0 * 10 + Int($1 - 0x30) : $0 }
    }

    /// The column of a reference such as `AE11`, from 0.
    func column(_ reference: Range<Int>) -> Int {
        bytes[reference].prefix { (0x41...0x5A).contains($0) }.prefix(3).reduce(0) { $0 * 26 + Int($1 - 0x40) } - 1
    }
}
