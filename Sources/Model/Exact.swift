/// An exact decimal: a whole number of units of the last published place. There is no `Double` between
/// CMS's file and ours.
public protocol ExactDecimal: Hashable, Comparable, AdditiveArithmetic, Sendable, CustomStringConvertible {
    /// How many digits stand behind the point.
    static var places: Int { get }
    var units: Int64 { get }
    init(units: Int64)
}

extension ExactDecimal {
    public static func < (left: Self, right: Self) -> Bool { left.units < right.units }
    public static func + (left: Self, right: Self) -> Self { Self(units: left.units + right.units) }
    public static func - (left: Self, right: Self) -> Self { Self(units: left.units - right.units) }
    public static var zero: Self { Self(units: 0) }

    /// Reads digits, optionally a point and at most `places` digits: `1`, `0.86`, `.10`, `32.3465`.
    /// Anything else, a sign included, is `nil`; further digits are accepted only when they are zeros.
    @inlinable
    public init?(_ text: some Collection<UInt8>) {
        var units: Int64 = 0
        var digits = 0
        var behindPoint = -1
        for byte in text {
            if byte == UInt8(ascii: ".") {
                guard behindPoint < 0 else { return nil }
                behindPoint = 0
                continue
            }
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            if behindPoint >= 0 {
                if behindPoint == Self.places {
                    guard digit == 0 else { return nil }
                    continue
                }
                behindPoint += 1
            }
            digits += 1
            guard digits <= 15 else { return nil }
            units = units * 10 + Int64(digit)
        }
        // With all its places the number must have at most 18 digits, as many as any `Int64` has room for.
        guard digits > 0, behindPoint != 0, digits - max(behindPoint, 0) + Self.places <= 18 else { return nil }
        for _ in max(behindPoint, 0)..<Self.places { units *= 10 }
        self.init(units: units)
    }

    public init?(_ text: String) { self.init(text.utf8) }

    /// All places, always: `0.00`, `33.4009`.
    public var description: String {
        var bytes: [UInt8] = []
        appendDecimal(units, places: Self.places, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Writes `units` of 10^-`places` with all its places.
public func appendDecimal(_ units: Int64, places: Int, to bytes: inout [UInt8]) {
    // Twenty digits, a point and a sign at most; from the last digit on, as tens come off by a multiplication.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { buffer in
        var rest = units.magnitude
        var first = buffer.count
        var digits = 0
        repeat {
            if digits == places, places > 0 {
                first -= 1
                buffer[first] = UInt8(ascii: ".")
            }
            first -= 1
            buffer[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            digits += 1
        } while rest > 0 || digits <= places
        if units < 0 {
            first -= 1
            buffer[first] = UInt8(ascii: "-")
        }
        bytes.append(contentsOf: buffer[first...])
    }
}

/// A relative value unit (work, practice expense, malpractice or their total), in hundredths.
public struct RVU: ExactDecimal {
    public static let places = 2
    public let units: Int64
    public init(units: Int64) { self.units = units }
}

/// A share of the global surgical package (pre-, intra- or postoperative), in hundredths of the whole.
public struct PackageShare: ExactDecimal {
    public static let places = 2
    public let units: Int64
    public init(units: Int64) { self.units = units }
}

/// A geographic practice cost index, in thousandths.
public struct GPCI: ExactDecimal {
    public static let places = 3
    public let units: Int64
    public init(units: Int64) { self.units = units }
}

/// Dollars per RVU, in hundredths of a cent.
public struct ConversionFactor: ExactDecimal {
    public static let places = 4
    public let units: Int64
    public init(units: Int64) { self.units = units }
}

/// National dollars per anesthesia unit as ANES prints them, in millionths of a dollar.
public struct AnesthesiaConversionFactor: ExactDecimal {
    public static let places = 6
    public let units: Int64
    public init(units: Int64) { self.units = units }
}

/// US dollars, in cents.
public struct Money: ExactDecimal {
    public static let places = 2
    public let units: Int64
    public init(units: Int64) { self.units = units }
}
