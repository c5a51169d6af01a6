/// How one text is written: as it is where YAML would read it back as this text, in quotation marks where not, folded
/// where it is long, as a literal block where it has line breaks of its own.
enum YAMLScalar {
    /// Lines are no longer than this, as far as words let them.
    static let width = 106

    /// The lines of a value that begins behind `column` characters; the first follows them, the others are whole.
    /// - Parameter indentation: of the lines of a block.
    static func lines(_ text: String, after column: Int, indentation: Int) -> [String] {
        if text.unicodeScalars.contains("\n"), let literal = literal(text, indentation) { return literal }
        let short = isPlain(text) ? text : quoted(text)
        if column + short.unicodeScalars.count <= width { return [short] }
        return folded(text, indentation) ?? [short]
    }

    // MARK: Plain

    private static let words: Set = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "=", "<<", ".inf", ".nan", "+.inf", "-.inf",
    ]

    /// Whether `text` is read as itself, by readers that know numbers, dates and truth values too.
    static func isPlain(_ text: String) -> Bool {
        let characters = Array(text.unicodeScalars)
        guard let first = characters.first, let last = characters.last, first != " ", last != " ", last != ":",
            !"-?:,[]{}#&*!|>'\"%@`".unicodeScalars.contains(first), characters.allSatisfy(isPrintable),
            !text.contains(": "), !text.contains(" #"), !text.contains("{{"), !text.contains("}}"),
            !text.hasPrefix("..."), !words.contains(text.lowercased())
        else { return false }
        // Numbers of every kind, dates and times of day.
        let isNumeric =
            "0123456789+.".unicodeScalars.contains(first)
            && characters.allSatisfy { "0123456789+-.,_:abcdefxotzABCDEFXOTZ ".unicodeScalars.contains($0) }
        return !isNumeric
    }

    /// Whether YAML lets a character stand for itself on one line.
    private static func isPrintable(_ character: Unicode.Scalar) -> Bool {
        switch character.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    // MARK: Quoted

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where isPrintable(character): quoted.unicodeScalars.append(character)
            default: quoted += character.value > 0xFFFF ? "\\U" + hex(character, 8) : "\\u" + hex(character, 4)
            }
        }
        return quoted + "\""
    }

    private static func hex(_ character: Unicode.Scalar, _ digits: Int) -> String {
        let number = String(character.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: digits - number.count) + number
    }

    // MARK: Blocks

    /// `>-` and lines broken at single blanks; `nil` where none is there or a line would change the text.
    private static func folded(_ text: String, _ indentation: Int) -> [String]? {
        let characters = Array(text.unicodeScalars)
        guard characters.first != " ", characters.last != " ", characters.allSatisfy(isPrintable) else { return nil }
        var words: [String] = []
        var word = String.UnicodeScalarView()
        for (index, character) in characters.enumerated() {
            if character == " ", characters[index - 1] != " ", characters[index + 1] != " " {
                words.append(String(word))
                word = String.UnicodeScalarView()
            } else {
                word.append(character)
            }
        }
        words.append(String(word))
        guard words.count > 1 else { return nil }
        let blanks = String(repeating: " ", count: indentation)
        var lines = [">-"]
        var line = ""
        for word in words {
            let length = line.unicodeScalars.count + word.unicodeScalars.count
            if line.isEmpty {
                line = blanks + word
            } else if length + 1 <= width {
                line += " " + word
            } else {
                lines.append(line)
                line = blanks + word
            }
        }
        return lines + [line]
    }

    /// `|` or `|-` and the text's own lines; `nil` where a block could not hold it.
    private static func literal(_ text: String, _ indentation: Int) -> [String]? {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        let endsWithBreak = lines.last?.isEmpty == true
        if endsWithBreak { lines.removeLast() }
        guard let first = lines.first, !first.isEmpty, first.unicodeScalars.first != " ", lines.last?.isEmpty == false,
            lines.allSatisfy({ line in
                line.unicodeScalars.allSatisfy(isPrintable) && line.unicodeScalars.last != " "
            })
        else { return nil }
        let blanks = String(repeating: " ", count: indentation)
        return [endsWithBreak ? "|" : "|-"] + lines.map { $0.isEmpty ? "" : blanks + $0 }
    }
}
