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
    /// References and escapes; made once, since making it takes longer than using it.
    private let escapes = #/&(#x?)?([0-9A-Za-z]+);|_x([0-9A-Fa-f]{4})_/#
    /// What may still be read, in bytes of text and eight for each cell: a small file can repeat a long string, or
    /// name far columns, often enough to fill any memory. CMS's largest sheet takes a twentieth.
    private var room = 1 << 28
    public private(set) var rows = CSVRows()

    /// Whether there was room for all rows.
    public var isTooLarge: Bool { room < 0 }
    /// Whether the sheet had its end, once all pieces were read.
    public var isWhole: Bool {
        rest.withUnsafeBufferPointer { bytes in
            var scanner = Scanner(bytes, 0..<bytes.count)
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
            var scanner = Scanner(bytes, 0..<bytes.count)
            while scanner.skip(past: "<si"), let item = scanner.take(until: "</si>") {
                var parts = Scanner(bytes, item)
                // A text may come in runs of different type.
                while parts.skip(past: "<t"), let tag = parts.take(until: ">") {
                    if bytes[tag.upperBound - 1] == UInt8(ascii: "/") { continue }
                    guard let text = parts.take(until: "</t>") else { break }
                    Self.append(bytes[text], escapes, to: &strings)
                }
                stringEnds.append(strings.count)
            }
        }
    }

    // MARK: The sheet

    /// Reads the next piece of `xl/worksheets/sheet1.xml`.
    public mutating func readSheet(_ piece: [UInt8]) {
        if room < 0 { return }
        var bytes = rest
        rest = []
        bytes += piece
        var done = 0
        bytes.withUnsafeBufferPointer { bytes in
            var scanner = Scanner(bytes, 0..<bytes.count)
            while scanner.skip(past: "<row"), let tag = scanner.take(until: ">") {
                var cells: Range<Int>?
                if bytes[tag.upperBound - 1] != UInt8(ascii: "/") {
                    guard let found = scanner.take(until: "</row>") else { break }
                    cells = found
                }
                // A row without a number is the one behind the last (ECMA-376, 18.3.1.73).
                let number = scanner.number(scanner.attribute(UInt8(ascii: "r"), in: tag))
                line = min(number > 0 ? number : line + 1, Self.mostRows)
                if let cells { readRow(Scanner(bytes, cells)) }
                done = scanner.position
            }
        }
        rest = Array(bytes[done...])
        if rest.count > Self.longestRow { room = -1 }
    }

    private mutating func readRow(_ cells: Scanner) {
        var scanner = cells
        let bytes = scanner.bytes
        var column = 0
        while scanner.skip(past: "<c "), let tag = scanner.take(until: ">") {
            let index = scanner.column(scanner.attribute(UInt8(ascii: "r"), in: tag))
            while column < index, room >= 0 {
                append([])
                column += 1
            }
            if bytes[tag.upperBound - 1] != UInt8(ascii: "/"), let content = scanner.take(until: "</c>") {
                readValue(Scanner(bytes, content), type: scanner.attribute(UInt8(ascii: "t"), in: tag))
            } else {
                append([])
            }
            column += 1
        }
        if column > 0 { rows.endRow(line: line) }
    }

    private mutating func readValue(_ content: Scanner, type: Range<Int>) {
        var scanner = content
        let bytes = scanner.bytes
        var value: [UInt8] = []
        let isShared = type.count == 1 && bytes[type.lowerBound] == UInt8(ascii: "s")
        if type.count == "inlineStr".utf8.count {
            if scanner.skip(past: "<t"), scanner.skip(past: ">"), let text = scanner.take(until: "</t>") {
                Self.append(bytes[text], escapes, to: &value)
            }
        } else if scanner.skip(past: "<v>"), let raw = scanner.take(until: "</v>") {
            if isShared {
                let index = scanner.number(raw)
                if index < stringEnds.count {
                    append(strings[(index == 0 ? 0 : stringEnds[index - 1])..<stringEnds[index]])
                    return
                }
            } else if type.isEmpty || (type.count == 1 && bytes[type.lowerBound] == UInt8(ascii: "n")) {
                // Most numbers are short and plain, and stay as they are.
                if raw.count <= 15, !bytes[raw].contains(UInt8(ascii: "E")) {
                    append(bytes[raw])
                    return
                }
                value = Self.decimal(bytes[raw])
            } else {
                Self.append(bytes[raw], escapes, to: &value)
            }
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
    private static func append(
        _ text: Slice<UnsafeBufferPointer<UInt8>>, _ escapes: Regex<(Substring, Substring?, Substring?, Substring?)>,
        to buffer: inout [UInt8]
    ) {
        guard text.contains(where: { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "_") || $0 < 0x20 }) else {
            buffer.append(contentsOf: text)
            return
        }
        let start = buffer.count
        defer {
            for index in start..<buffer.count where [0x09, 0x0A, 0x0D].contains(buffer[index]) { buffer[index] = 0x20 }
        }
        let string = String(decoding: text, as: UTF8.self)
        let resolved = string.replacing(escapes) { match -> String in
            if let digits = match.output.3 {
                let number = UInt32(digits, radix: 16) ?? 0x1A
                return number == 0x1A
                    ? "" : Unicode.Scalar(number).map { String(Character($0)) } ?? String(match.output.0)
            }
            let name = match.output.2 ?? ""
            guard let mark = match.output.1 else {
                return ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"][name] ?? String(match.output.0)
            }
            let scalar = UInt32(name, radix: mark == "#x" ? 16 : 10).flatMap(Unicode.Scalar.init)
            return scalar.map { String(Character($0)) } ?? String(match.output.0)
        }
        buffer.append(contentsOf: resolved.utf8)
    }

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

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
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

    private func find(_ text: StaticString) -> Int? {
        let count = text.utf8CodeUnitCount
        let wanted = text.utf8Start
        let first = wanted[0]
        var index = position
        while index + count <= end {
            if bytes[index] == first {
                var length = 1
                while length < count, bytes[index + length] == wanted[length] { length += 1 }
                if length == count { return index }
            }
            index += 1
        }
        return nil
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
