import Model
import Schemas

// Rules about any text: what stands in it that no reader should see.

extension Checker {
    mutating func checkLength(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let most = context.limits[field.rawValue], bytes.count > most else { return }
        let count = subject.passages[passage].text.unicodeScalars.count
        if count > most {
            report("overlay_too_long", at: 0, "`\(field.rawValue)` has \(count) characters; at most \(most) are read")
        }
    }

    /// One look at every byte.
    mutating func checkCharacters(_ bytes: UnsafeBufferPointer<UInt8>) {
        var open = 0
        var isBalanced = true
        var hasSpacing = false
        var before: UInt8 = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            defer {
                before = byte
                index += 1
            }
            if byte.isASCIILetter { continue }
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch byte {
            case UInt8(ascii: " "):
                let isBeforeMark =
                    next == UInt8(ascii: ",") || next == UInt8(ascii: ";")
                    || (next == UInt8(ascii: ".")
                        && (index + 2 == bytes.count || bytes[index + 2] == UInt8(ascii: " ")))
                if !hasSpacing, next == byte || isBeforeMark {
                    hasSpacing = true
                    report("overlay_spacing", at: index, next == byte ? "two blanks in a row" : "a blank before a mark")
                }
            case UInt8(ascii: "<"):
                if next.isASCIILetter || next == UInt8(ascii: "/") || next == UInt8(ascii: "!") {
                    report("overlay_markup", at: index, "'\(excerpt(bytes, index))' is markup of a page")
                }
            case UInt8(ascii: "&"):
                if isEntity(bytes, index) {
                    report(
                        "overlay_markup", at: index, "'\(excerpt(bytes, index))' is written for a page, not for readers"
                    )
                }
            case UInt8(ascii: "`"):
                report("overlay_markup", at: index, "a backtick is markup")
            case UInt8(ascii: "*"):
                if next == byte, before != byte { report("overlay_markup", at: index, "two asterisks are markup") }
            case UInt8(ascii: "]"):
                if next == UInt8(ascii: "(") { report("overlay_markup", at: index, "'](' is a link of a page") }
            case UInt8(ascii: "("): open += 1
            case UInt8(ascii: ")"):
                open -= 1
                // "a)" in a list closes nothing.
                if open < 0 { open = 0 }
            case UInt8(ascii: "?"):
                if next == byte, index + 2 < bytes.count, bytes[index + 2] == byte, before != byte {
                    report("overlay_placeholder", at: index, "'???' stands where a text should be")
                }
            case 0x0A: break
            case 0x00..<0x20, 0x7F:
                report("overlay_control_character", at: index, "\(name(UInt32(byte))) cannot be seen")
            case 0x80...0xFF: checkForeign(bytes, index)
            default: break
            }
        }
        isBalanced = open == 0
        if !isBalanced { report("overlay_punctuation", at: 0, "a bracket is opened and never closed") }
        if field == .title || field == .synonyms || field == .specialties || field == .name, let last = bytes.last,
            last == UInt8(ascii: ",") || last == UInt8(ascii: ";") || last == UInt8(ascii: ":")
                || (last == UInt8(ascii: ".") && !endsInAbbreviation(bytes))
        {
            report("overlay_punctuation", at: bytes.count - 1, "a name ends without a mark")
        }
    }

    /// "Inc." and "U.S." end in a period of their own.
    private func endsInAbbreviation(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let last = words.all.last else { return false }
        return last.end - last.start <= 3
    }

    /// Characters that are not ASCII: those that nobody sees, and those that come from a wrong decoding.
    private mutating func checkForeign(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) {
        let next = index + 1 < bytes.count ? bytes[index + 1] : 0
        let third = index + 2 < bytes.count ? bytes[index + 2] : 0
        switch bytes[index] {
        case 0xC2 where next < 0xA0 || next == 0xAD || next == 0xA0:
            report("overlay_control_character", at: index, "\(name(UInt32(next))) cannot be seen")
        case 0xC2, 0xC3:
            // A C3 or C2 byte read as Windows-1252, and what follows one in UTF-8.
            guard bytes[index] == 0xC3, next == 0x83 || next == 0x82 || next == 0xA2 else { return }
            let isLatin = third == 0xC2 || third == 0xC5 || third == 0xC6
            let isQuote = third == 0xE2
            if next == 0xA2 ? isQuote : isLatin || isQuote {
                report(
                    "overlay_mojibake", at: index, "'\(excerpt(bytes, index))' is a character read in a wrong encoding")
            }
        case 0xE2 where next == 0x80 && (0x8B...0x8F).contains(third) || next == 0x80 && (0xA8...0xAE).contains(third):
            report("overlay_control_character", at: index, "\(name(0x2000 + UInt32(third & 0x3F))) cannot be seen")
        case 0xE2 where next == 0x81 && (0xA0...0xAF).contains(third):
            report("overlay_control_character", at: index, "\(name(0x2040 + UInt32(third & 0x3F))) cannot be seen")
        case 0xEF where next == 0xBB && third == 0xBF:
            report("overlay_control_character", at: index, "\(name(0xFEFF)) cannot be seen")
        case 0xEF where next == 0xBF && third == 0xBD:
            report("overlay_mojibake", at: index, "a character was lost: U+FFFD stands in its place")
        case 0xEE: report("overlay_control_character", at: index, "a character of private use cannot be seen")
        default: break
        }
    }

    private func name(_ scalar: UInt32) -> String {
        let digits = String(scalar, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private func isEntity(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Bool {
        var index = start + 1
        if index < bytes.count, bytes[index] == UInt8(ascii: "#") { index += 1 }
        let first = index
        while index < bytes.count, bytes[index].isASCIILetter || bytes[index].isASCIIDigit { index += 1 }
        return index > first + 1 && index - first < 9 && index < bytes.count && bytes[index] == UInt8(ascii: ";")
    }

    /// A few characters from `index` on, to the next blank.
    func excerpt(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> String {
        var end = index
        while end < bytes.count, end - index < 24, bytes[end] > 0x20 { end += 1 }
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return String(decoding: bytes[index..<end], as: UTF8.self)
    }

    /// One look at every word.
    mutating func checkWords(_ bytes: UnsafeBufferPointer<UInt8>, route: String?) {
        let isQuestionary = field == .question || field == .answer
        var beforeNumber: UInt64 = 0
        var hasPlaceholder = false
        var routes: [(word: Int, route: Int)] = []
        for (index, word) in words.all.enumerated() {
            let meaning = context.vocabulary[word.number]
            if word.number == beforeNumber, word.followsBlank, isDoubled(index, bytes),
                meaning?.kinds.contains(.mayDouble) != true
            {
                report("overlay_doubled_word", at: Int(word.start), "'\(text(word, bytes))' stands twice in a row")
            }
            beforeNumber = word.number
            guard let meaning else { continue }
            if !hasPlaceholder, isPlaceholder(meaning, word, bytes) {
                hasPlaceholder = true
                report(
                    "overlay_placeholder", at: Int(word.start), "'\(text(word, bytes))' stands where a text should be")
            }
            if let number = meaning.route { routes.append((index, number)) }
        }
        if !hasPlaceholder, context.vocabulary.isPlaceholder(words) {
            report("overlay_placeholder", at: 0, "the text stands in place of another")
        }
        if !routes.isEmpty { checkRoutes(routes, bytes, route: route, isQuestionary: isQuestionary) }
    }

    private func isPlaceholder(
        _ meaning: Vocabulary.Meaning, _ word: Words.Word, _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        if meaning.kinds.contains(.placeholder) { return true }
        guard meaning.kinds.contains(.placeholderCapitals) else { return false }
        return bytes[Int(word.start)..<Int(word.end)].allSatisfy { $0 < 0x60 }
    }

    /// Numbers may repeat, and so may the parts of words with hyphens and apostrophes.
    private func isDoubled(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let first = words.all[index - 1]
        let second = words.all[index]
        guard !bytes[Int(second.start)].isASCIIDigit else { return false }
        let isJoined = { (byte: UInt8) in byte == UInt8(ascii: "-") || byte == UInt8(ascii: "'") }
        if first.start > 0, isJoined(bytes[Int(first.start) - 1]) { return false }
        if Int(second.end) < bytes.count, isJoined(bytes[Int(second.end)]) { return false }
        return true
    }
}
