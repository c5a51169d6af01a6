// Texts without quotation marks that other readers of YAML take for something else.

extension Checker {
    mutating func checkScalar(_ passage: Passage) {
        guard passage.text.utf8.count <= 24, let reading = otherReading(passage.text) else { return }
        report(
            "overlay_scalar_unquoted", at: 0,
            "\(passage.text) without quotation marks is \(reading) to other readers of YAML")
    }
}

/// What YAML 1.1 and 1.2 make of a plain text that is not text to them; `nil` where it stays text.
func otherReading(_ text: String) -> String? {
    guard let first = text.utf8.first else { return nil }
    // Every such text begins with a digit, a sign, a point, a tilde, or a letter of these words.
    if !first.isASCIIDigit {
        switch text.lowercased() {
        case "yes", "on", "true", "y": return "a truth value, true"
        case "no", "off", "false", "n": return "a truth value, false"
        case "null", "~": return "nothing at all"
        case ".inf", "+.inf", "-.inf", ".nan": return "a number"
        default: break
        }
        guard first == UInt8(ascii: "+") || first == UInt8(ascii: "-") || first == UInt8(ascii: ".") else { return nil }
    }
    let digits = text.utf8.filter(\.isASCIIDigit)
    let others = text.utf8.filter { !$0.isASCIIDigit }
    if others.isEmpty {
        let isOctal = digits.count > 1 && digits.first == UInt8(ascii: "0")
        if isOctal, let number = Int(text, radix: 8) { return "the octal number \(number)" }
        return Int(text).map { "the number \($0)" } ?? "a number"
    }
    guard digits.count > 0 else { return nil }
    let shape = String(decoding: others, as: UTF8.self).lowercased()
    switch shape {
    case ".", "-", "+", "-.", "+.", "_", "e", ".e", ".e+", ".e-", "e-", "e+":
        // A hyphen that is no sign makes a range or a name, not a number.
        if shape.hasPrefix("-") || shape.hasPrefix("+") {
            return first == UInt8(ascii: "-") || first == UInt8(ascii: "+") ? "a number" : nil
        }
        return text.utf8.last?.isASCIIDigit == true || shape == "." ? "a number" : nil
    case ":": return "a number to the base of sixty"
    case "--" where text.utf8.count == 10: return "a date"
    default: return nil
    }
}
