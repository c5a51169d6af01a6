public import Model

/// Writes JSON as bytes, keys in the order given: compact for NDJSON, indented for files that people read.
public struct JSONWriter {
    public private(set) var bytes: [UInt8] = []
    private var isIndented: Bool
    private var depth = 0
    private var needsComma = false

    public init(indented: Bool) { isIndented = indented }

    /// Ends a line of NDJSON; the next value is a document of its own.
    public mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    public mutating func object(_ body: (inout JSONWriter) -> Void) { nest("{", "}", body) }
    public mutating func array(_ body: (inout JSONWriter) -> Void) { nest("[", "]", body) }

    /// An object on a line of its own, also where the rest is indented: for long lists that people search.
    public mutating func line(_ body: (inout JSONWriter) -> Void) {
        separate()
        let wasIndented = isIndented
        isIndented = false
        // The separator is written already.
        needsComma = false
        bytes.append(UInt8(ascii: "{"))
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        isIndented = wasIndented
        needsComma = true
    }

    /// The name of the value that follows, which is written as it is: a name of ours needs no escapes.
    public mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        endKey()
    }

    /// The same for a name that comes from data.
    public mutating func key(named name: String) {
        separate()
        append(name)
        endKey()
    }

    private mutating func endKey() {
        bytes.append(UInt8(ascii: ":"))
        if isIndented { bytes.append(UInt8(ascii: " ")) }
        needsComma = false
    }

    /// A field for each of `keys`, behind the first `skipped` of them, whose value `body` appends as JSON.
    public mutating func fields(_ keys: JSONKeys, skipping skipped: Int = 0, _ body: (Int, inout [UInt8]) -> Void) {
        keys.text.withUnsafeBufferPointer { text in
            for index in skipped..<keys.ends.count {
                separate()
                bytes.append(contentsOf: text[(index == 0 ? 0 : keys.ends[index - 1])..<keys.ends[index]])
                if isIndented { bytes.append(UInt8(ascii: " ")) }
                body(index, &bytes)
                needsComma = true
            }
        }
    }

    public mutating func field(_ name: StaticString, _ text: String?) {
        key(name)
        value(text)
    }

    public mutating func field(_ name: StaticString, _ number: Int?) {
        key(name)
        value(number.map { .integer($0) } ?? .null)
    }

    public mutating func field(_ name: StaticString, _ flag: Bool) {
        key(name)
        value(.flag(flag))
    }

    public mutating func field(_ name: StaticString, _ cell: Cell) {
        key(name)
        value(cell)
    }

    public mutating func field(named name: String, _ cell: Cell) {
        key(named: name)
        value(cell)
    }

    public mutating func field(_ name: StaticString, texts: [String]) {
        key(name)
        value(.list(texts))
    }

    public mutating func object(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
        key(name)
        object(body)
    }

    public mutating func array(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
        key(name)
        array(body)
    }

    public mutating func value(_ text: String?) { value(text.map { .text($0) } ?? .null) }

    public mutating func value(_ cell: Cell) {
        separate()
        switch cell {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .text(let text): append(text)
        case .short:
            // Printable ASCII, of which only the quotation mark and the backslash would need an escape.
            append(cell.text)
        case .integer, .flag, .decimal: cell.append(to: &bytes)
        case .list(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(item)
            }
            bytes.append(UInt8(ascii: "]"))
        }
        needsComma = true
    }

    /// A number or truth value whose text is at hand; `null` for an empty one.
    public mutating func field(named name: String, bare text: String) {
        key(named: name)
        separate()
        bytes.append(contentsOf: (text.isEmpty ? "null" : text).utf8)
        needsComma = true
    }

    private mutating func nest(_ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: open))
        depth += 1
        needsComma = false
        body(&self)
        depth -= 1
        if needsComma { newLine() }
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        guard isIndented else { return }
        switch bytes.last {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ","): newLine()
        default: break
        }
    }

    private mutating func newLine() {
        guard isIndented else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { bytes.appendJSON(text: $0) }
    }
}

/// The names of fields that are written many times.
public struct JSONKeys: Sendable {
    fileprivate var text: [UInt8] = []
    fileprivate var ends: [Int] = []

    public init(_ names: [String]) {
        for var name in names {
            name.withUTF8 { text.appendJSON(text: $0) }
            text.append(UInt8(ascii: ":"))
            ends.append(text.count)
        }
    }
}

extension [UInt8] {
    /// Appends UTF-8 as a JSON string.
    public mutating func appendJSON(text: UnsafeBufferPointer<UInt8>) {
        append(UInt8(ascii: "\""))
        if text.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            for byte in text { appendEscaped(byte) }
        } else {
            append(contentsOf: text)
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            append(UInt8(ascii: "\\"))
            append(byte)
        case 0x0A: append(contentsOf: "\\n".utf8)
        case 0x00..<0x20:
            append(contentsOf: "\\u00".utf8)
            for digit in [byte >> 4, byte & 15] { append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
        default: append(byte)
        }
    }
}
