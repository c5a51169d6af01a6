/// A number's digits in groups of three: `19277.50` as `19,277.50`; other texts as they are.
public func grouped(_ number: String) -> String {
    let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, whole.utf8.count > 3, whole.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        return number
    }
    var digits: [UInt8] = []
    for (index, digit) in whole.utf8.enumerated() {
        if index > 0, (whole.utf8.count - index) % 3 == 0 { digits.append(UInt8(ascii: ",")) }
        digits.append(digit)
    }
    return String(decoding: digits, as: UTF8.self) + (parts.count > 1 ? "." + parts[1] : "")
}
