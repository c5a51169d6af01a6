/// HTML or SVG. What is written in the source is markup; what is put in by interpolation is text and is escaped,
/// so that no text of CMS's or of an editor's can become markup.
public struct Markup: Sendable, ExpressibleByStringInterpolation {
    public private(set) var bytes: [UInt8] = []

    public init() {}
    public init(stringLiteral literal: StaticString) { literal.withUTF8Buffer { bytes.append(contentsOf: $0) } }
    public init(stringInterpolation parts: StringInterpolation) { bytes = parts.bytes }

    /// The bytes as they are: for what this program carries itself.
    public init(trusted bytes: [UInt8]) { self.bytes = bytes }

    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var bytes: [UInt8] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        public mutating func appendLiteral(_ literal: StaticString) {
            literal.withUTF8Buffer { bytes.append(contentsOf: $0) }
        }
        public mutating func appendInterpolation(_ text: String) { appendEscaped(text, to: &bytes) }
        public mutating func appendInterpolation(_ number: Int) { bytes.append(contentsOf: String(number).utf8) }
        public mutating func appendInterpolation(_ markup: Markup) { bytes.append(contentsOf: markup.bytes) }
    }

    public static func += (left: inout Markup, right: Markup) { left.bytes.append(contentsOf: right.bytes) }

    public var isEmpty: Bool { bytes.isEmpty }
}

/// Escapes what ends a text or an attribute; control characters, which HTML forbids, become U+FFFD.
private func appendEscaped(_ text: String, to bytes: inout [UInt8]) {
    var text = text
    text.withUTF8 { utf8 in
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): bytes.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): bytes.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): bytes.append(contentsOf: "&quot;".utf8)
            case UInt8(ascii: "'"): bytes.append(contentsOf: "&#39;".utf8)
            case 0x09, 0x0A, 0x20..<0x7F, 0x80...: bytes.append(byte)
            default: bytes.append(contentsOf: "\u{FFFD}".utf8)
            }
        }
    }
}
