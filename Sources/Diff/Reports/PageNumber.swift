import Model

/// How a whole number of units reads. The script writes the numbers of the rows that it adds by the same four values.
struct PageNumber: Sendable {
    var places = 0
    /// Whether a change: with its sign, also where it is positive.
    var isChange = false
    var prefix = ""
    var suffix = ""

    static let count = PageNumber()
    static let rvu = PageNumber(places: 2)
    static let rvuChange = PageNumber(places: 2, isChange: true)
    static let money = PageNumber(places: 2, prefix: "$")
    /// Dollars in thousandths.
    static let limit = PageNumber(places: 3, prefix: "$")
    static let moneyChange = PageNumber(places: 2, isChange: true, prefix: "$")
    static let percent = PageNumber(suffix: " %")
    static let percentChange = PageNumber(places: 1, isChange: true, suffix: " %")

    /// `1,234`, `−$6.50`, `+2.4 %`.
    func text(_ units: Int64) -> String {
        var digits: [UInt8] = []
        appendDecimal(Int64(units.magnitude), places: places, to: &digits)
        let whole = digits.count - (places > 0 ? places + 1 : 0)
        var text = units < 0 ? "−" : isChange && units > 0 ? "+" : ""
        text += prefix
        for (index, digit) in digits.enumerated() {
            if index > 0, index < whole, (whole - index).isMultiple(of: 3) { text += "," }
            text.unicodeScalars.append(Unicode.Scalar(digit))
        }
        return text + suffix
    }

    func text(_ number: Int) -> String { text(Int64(number)) }

    /// A part of a whole in tenths of a percent, rounded half away from zero; `nil` of nothing.
    static func tenths(_ part: Int64, of whole: Int64) -> Int64? {
        guard whole > 0 else { return nil }
        let tenths = Int64((part.magnitude * 2000 + UInt64(whole)) / (2 * UInt64(whole)))
        return part < 0 ? -tenths : tenths
    }

    /// Millionths of a dollar as cents, rounded half away from zero.
    static func cents(millionths: Int64) -> Int64 {
        let cents = Int64((millionths.magnitude + 5_000) / 10_000)
        return millionths < 0 ? -cents : cents
    }
}
