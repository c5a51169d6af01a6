/// JSON as it was written: a number keeps its digits, because a price that passes through `Double` is no
/// longer the price that was published.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Keys in the order of the file.
    case object([Member])

    public struct Member: Hashable, Sendable {
        public let key: String
        public let value: JSONValue
    }

    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    public var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    public var members: [Member] { if case .object(let members) = self { members } else { [] } }

    /// The value as text for people; empty for `null`.
    public var text: String {
        switch self {
        case .null: ""
        case .bool(let flag): flag ? "yes" : "no"
        case .number(let text), .string(let text): text
        case .array(let elements): elements.map(\.text).joined(separator: ", ")
        case .object: ""
        }
    }

    /// Not JSON, at a byte offset.
    public struct SyntaxError: Error {
        public let offset: Int
    }

    /// Reads one JSON value (RFC 8259) that fills `bytes`.
    public init(_ bytes: [UInt8]) throws(SyntaxError) {
        var reader = Reader(bytes: bytes)
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == bytes.count else { throw SyntaxError(offset: reader.position) }
        self = value
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0
        private static let deepest = 64

        init(bytes: [UInt8]) { self.bytes = bytes }

        var failure: SyntaxError { SyntaxError(offset: position) }

        mutating func skipBlanks() {
            while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
        }

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            skipBlanks()
            guard position < bytes.count, bytes[position] == UInt8(ascii: scalar) else { return false }
            position += 1
            return true
        }

        mutating func take(word: StaticString) -> Bool {
            let end = position + word.utf8CodeUnitCount
            guard end <= bytes.count,
                bytes[position..<end].elementsEqual(
                    UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
            else { return false }
            position = end
            return true
        }

        mutating func value(depth: Int) throws(SyntaxError) -> JSONValue {
            guard depth < Self.deepest else { throw failure }
            skipBlanks()
            guard position < bytes.count else { throw failure }
            switch bytes[position] {
            case UInt8(ascii: "{"):
                position += 1
                var members: [Member] = []
                if take("}") { return .object([]) }
                repeat {
                    skipBlanks()
                    let key = try string()
                    guard take(":") else { throw failure }
                    members.append(Member(key: key, value: try value(depth: depth + 1)))
                } while take(",")
                guard take("}") else { throw failure }
                return .object(members)
            case UInt8(ascii: "["):
                position += 1
                var elements: [JSONValue] = []
                if take("]") { return .array([]) }
                repeat { elements.append(try value(depth: depth + 1)) } while take(",")
                guard take("]") else { throw failure }
                return .array(elements)
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t") where take(word: "true"): return .bool(true)
            case UInt8(ascii: "f") where take(word: "false"): return .bool(false)
            case UInt8(ascii: "n") where take(word: "null"): return .null
            default: return .number(try number())
            }
        }

        mutating func number() throws(SyntaxError) -> String {
            let start = position
            func isDigit(_ index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }
            if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
            guard isDigit(position), bytes[position] != UInt8(ascii: "0") || !isDigit(position + 1) else {
                throw failure
            }
            while isDigit(position) { position += 1 }
            if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
                position += 1
                guard isDigit(position) else { throw failure }
                while isDigit(position) { position += 1 }
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        mutating func string() throws(SyntaxError) -> String {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw failure }
            position += 1
            var text: [UInt8] = []
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                switch byte {
                case UInt8(ascii: "\""):
                    guard let string = String(validating: text, as: UTF8.self) else { throw failure }
                    return string
                case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
                case 0x00..<0x20: throw failure
                default: text.append(byte)
                }
            }
            throw failure
        }

        private mutating func escape() throws(SyntaxError) -> [UInt8] {
            guard position < bytes.count else { throw failure }
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
            case UInt8(ascii: "n"): return [0x0A]
            case UInt8(ascii: "r"): return [0x0D]
            case UInt8(ascii: "t"): return [0x09]
            case UInt8(ascii: "b"): return [0x08]
            case UInt8(ascii: "f"): return [0x0C]
            case UInt8(ascii: "u"):
                guard position + 4 <= bytes.count, bytes[position] != UInt8(ascii: "+"),
                    let value = UInt32(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16),
                    // Our own writer escapes control characters only; pairs of surrogates do not occur.
                    let scalar = Unicode.Scalar(value)
                else { throw failure }
                position += 4
                return Array(String(Character(scalar)).utf8)
            default: throw failure
            }
        }
    }
}
