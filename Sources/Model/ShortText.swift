/// Up to eight ASCII characters kept as one integer, left-justified, so that comparing the integers
/// compares the bytes. CMS's keys and indicators are all of this kind; `Meaning` keeps a code from being
/// passed where a modifier is wanted. Zeros are characters: `00100` stays `00100`.
public struct ShortText<Meaning>: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The characters, first one in the highest byte, unused bytes zero.
    public let bits: UInt64

    @inlinable
    public init(bits: UInt64) { self.bits = bits }

    /// No characters: a blank modifier, an indicator that a file leaves empty.
    @inlinable
    public static var blank: Self { Self(bits: 0) }

    /// The characters of `bytes`, or `nil` where there are more than eight or one is not printable ASCII.
    @inlinable
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count <= 8 else { return nil }
        var bits: UInt64 = 0
        var shift: UInt64 = 56
        for byte in bytes {
            guard byte > 0x20, byte < 0x7F else { return nil }
            bits |= UInt64(byte) << shift
            shift &-= 8
        }
        self.bits = bits
    }

    /// The characters of `text`, or `nil` where they do not fit.
    @inlinable
    public init?(_ text: String) { self.init(text.utf8) }

    @inlinable
    public var isBlank: Bool { bits == 0 }

    /// How many characters there are.
    @inlinable
    public var count: Int { 8 - bits.trailingZeroBitCount / 8 }

    /// The character at `index` as a byte; zero past the end.
    @inlinable
    public subscript(index: Int) -> UInt8 { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * index)) }

    @inlinable
    public static func == (left: Self, right: Self) -> Bool { left.bits == right.bits }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }

    public var description: String {
        String(unsafeUninitializedCapacity: count) { buffer in
            for index in 0..<count { buffer[index] = self[index] }
            return count
        }
    }

    /// The same characters under another meaning.
    @inlinable
    public func cast<Other>(to other: Other.Type = Other.self) -> ShortText<Other> {
        ShortText<Other>(bits: bits)
    }
}

public enum CodeMeaning {}
public enum ModifierMeaning {}
public enum ContractorMeaning {}
public enum LocalityMeaning {}
public enum IndicatorMeaning {}

/// A HCPCS code: five characters, Level I (CPT) or Level II.
public typealias Code = ShortText<CodeMeaning>
/// A two-character modifier; blank on the global row.
public typealias Modifier = ShortText<ModifierMeaning>
/// A Medicare Administrative Contractor: five digits.
public typealias Contractor = ShortText<ContractorMeaning>
/// A payment locality's number within its contractor: two digits.
public typealias LocalityNumber = ShortText<LocalityMeaning>
/// A status code or payment policy indicator, as CMS prints it.
public typealias Indicator = ShortText<IndicatorMeaning>

extension ShortText where Meaning == CodeMeaning {
    /// Whose code this is, from its shape alone.
    public var system: CodeSystem {
        switch self[0] {
        case UInt8(ascii: "D"): .cdt
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): .hcpcs
        default: .cpt
        }
    }

    /// Whether the characters have a shape that CMS assigns: five digits, four digits and a letter, or a
    /// letter and four digits. `GXXX1` has none of them.
    public var hasAssignedShape: Bool {
        guard count == 5 else { return false }
        func digit(_ index: Int) -> Bool { (0x30...0x39).contains(self[index]) }
        func letter(_ index: Int) -> Bool { (0x41...0x5A).contains(self[index]) }
        return (1...3).allSatisfy(digit)
            && ((digit(0) && (digit(4) || letter(4))) || (letter(0) && digit(4)))
    }
}

/// Who maintains a code, and so whose words its descriptor is.
public enum CodeSystem: String, Sendable {
    /// Level I, American Medical Association.
    case cpt = "CPT"
    /// Level II, CMS: free text.
    case hcpcs = "HCPCS"
    /// Level II dental (D codes), American Dental Association.
    case cdt = "CDT"
}

/// The key of a relative value row: a `26` or `TC` row never stands for the global row.
public struct RowKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let code: Code
    public let modifier: Modifier

    public init(code: Code, modifier: Modifier) {
        self.code = code
        self.modifier = modifier
    }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool {
        left.code != right.code ? left.code < right.code : left.modifier < right.modifier
    }

    public var description: String { modifier.isBlank ? "\(code)" : "\(code)-\(modifier)" }
}

/// The key of a payment locality. The number alone is not unique.
public struct LocalityKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let contractor: Contractor
    public let number: LocalityNumber

    public init(contractor: Contractor, number: LocalityNumber) {
        self.contractor = contractor
        self.number = number
    }

    public static func < (left: Self, right: Self) -> Bool {
        left.contractor != right.contractor ? left.contractor < right.contractor : left.number < right.number
    }

    public var description: String { "\(contractor)-\(number)" }
}
