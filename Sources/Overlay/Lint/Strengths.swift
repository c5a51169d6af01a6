import Model

/// An amount with its unit, exact: millionths of the unit that its dimension is counted in.
struct Quantity: Equatable {
    enum Dimension { case mass, volume, percent, activity, units }

    let dimension: Dimension
    let millionths: Int64
    /// The bytes it takes.
    let range: Range<Int>
}

/// The amounts that a descriptor names.
struct Strengths {
    let quantities: [Quantity]
    let texts: [String]

    init(_ descriptor: String?) {
        var found: [Quantity] = []
        var texts: [String] = []
        descriptor?.utf8.withContiguousStorageIfAvailable { bytes in
            found = Strengths.quantities(in: bytes, from: 0)
            texts = found.map { String(decoding: bytes[$0.range], as: UTF8.self) }
        }
        quantities = found
        self.texts = texts
    }

    /// Whether the descriptor names this amount; `nil` where it names none of its kind.
    func names(_ quantity: Quantity) -> Bool? {
        let alike = quantities.filter { $0.dimension == quantity.dimension }
        return alike.isEmpty ? nil : alike.contains { $0.millionths == quantity.millionths }
    }

    func texts(_ dimension: Quantity.Dimension) -> String {
        zip(quantities, texts).filter { $0.0.dimension == dimension }.map(\.1).joined(separator: " and ")
    }

    /// The amounts of a text from byte `first` on: digits, then a unit.
    static func quantities(in bytes: UnsafeBufferPointer<UInt8>, from first: Int, to last: Int? = nil) -> [Quantity] {
        let end = last ?? bytes.count
        var quantities: [Quantity] = []
        var index = first
        while index < end {
            guard bytes[index].isASCIIDigit || isPoint(bytes, index, end) else {
                index += 1
                continue
            }
            let start = index
            let isPartOfWord = start > 0 && (bytes[start - 1].isWord || bytes[start - 1] == UInt8(ascii: "."))
            var value: Int64 = 0
            var places = -1
            while index < end {
                if bytes[index].isASCIIDigit {
                    if places >= 0 { places += 1 }
                    if value < 1_000_000_000_000 { value = value * 10 + Int64(bytes[index] & 15) }
                } else if isPoint(bytes, index, end), places < 0 {
                    places = 0
                } else if bytes[index] != UInt8(ascii: ",") || index + 1 >= end || !bytes[index + 1].isASCIIDigit {
                    break
                }
                index += 1
            }
            guard !isPartOfWord, max(places, 0) <= 6, let unit = unit(bytes, index, end) else { continue }
            for _ in max(places, 0)..<6 { value = value.multipliedReportingOverflow(by: 10).partialValue }
            let (product, overflows) = value.multipliedReportingOverflow(by: unit.factor)
            if !overflows {
                quantities.append(Quantity(dimension: unit.dimension, millionths: product, range: start..<unit.end))
            }
            index = unit.end
        }
        return quantities
    }

    private static func isPoint(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, _ end: Int) -> Bool {
        bytes[index] == UInt8(ascii: ".") && index + 1 < end && bytes[index + 1].isASCIIDigit
    }

    /// The unit behind a number, with a blank or a hyphen between or nothing.
    private static func unit(
        _ bytes: UnsafeBufferPointer<UInt8>, _ after: Int, _ end: Int
    ) -> (dimension: Quantity.Dimension, factor: Int64, end: Int)? {
        var start = after
        if start < end, bytes[start] == 0x20 || bytes[start] == UInt8(ascii: "-") || bytes[start] == 0x0A { start += 1 }
        guard start < end else { return nil }
        if bytes[start] == UInt8(ascii: "%") { return (.percent, 1, start + 1) }
        var index = start
        while index < end, bytes[index].isASCIILetter { index += 1 }
        guard index > start, index - start <= 11, index == end || !bytes[index].isWord else { return nil }
        let name = String(decoding: bytes[start..<index].map { $0 | 0x20 }, as: UTF8.self)
        switch name {
        case "mcg", "ug", "microgram", "micrograms": return (.mass, 1, index)
        case "mg", "milligram", "milligrams": return (.mass, 1000, index)
        case "g", "gm", "gram", "grams": return (.mass, 1_000_000, index)
        case "ml", "cc", "milliliter", "milliliters": return (.volume, 1, index)
        case "percent": return (.percent, 1, index)
        case "microcurie", "microcuries", "uci": return (.activity, 1, index)
        case "mci", "millicurie", "millicuries": return (.activity, 1000, index)
        case "unit", "units", "iu": return (.units, 1, index)
        default: return nil
        }
    }
}

extension Checker {
    /// Statements of what one unit is, and strengths in names, against the descriptor's amounts.
    mutating func checkStrengths(_ bytes: UnsafeBufferPointer<UInt8>, _ strengths: Strengths) {
        for index in words.all.indices {
            guard let meaning = context.vocabulary[words.all[index].number] else { continue }
            if meaning.isUnit { checkUnit(index, bytes, strengths) }
            if meaning.isPer, index > 0, isOneOf(index - 1, ["counted", "billed", "reported", "paid", "priced"]) {
                checkNext(index, bytes, strengths)
            }
        }
        guard field == .title || field == .synonyms || field == .summary || field == .plainLanguage else { return }
        for quantity in Strengths.quantities(in: bytes, from: 0) {
            guard strengths.names(quantity) == false, isStrength(quantity), !isAside(quantity, bytes) else { continue }
            report(
                "overlay_strength_contradicts", at: quantity.range.lowerBound,
                "\(String(decoding: bytes[quantity.range], as: UTF8.self)) here, and "
                    + "\(strengths.texts(quantity.dimension)) in CMS's descriptor")
        }
    }

    /// Whether the text at hand gives the amount as the drug's strength.
    private func isStrength(_ quantity: Quantity) -> Bool {
        if field == .title { return true }
        guard quantity.dimension == .percent else { return false }
        if field == .synonyms { return true }
        // "A 20 percent solution" is about the drug; other shares are not.
        guard let next = words.all.firstIndex(where: { Int($0.start) >= quantity.range.upperBound }) else {
            return false
        }
        return isOneOf(next, ["solution", "gel", "cream", "ointment", "foam", "lotion", "suspension"])
    }

    private func isAside(_ quantity: Quantity, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let word = words.all.firstIndex(where: { Int($0.end) > quantity.range.lowerBound }) else { return false }
        return isAside(sentence(around: word), bytes)
    }

    private func isOneOf(_ index: Int, _ names: [String]) -> Bool {
        names.contains { Words.number($0) == words.all[index].number }
    }

    /// "One unit is 10 mg", "units of 10 mg".
    private mutating func checkUnit(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ strengths: Strengths) {
        guard index + 1 < words.all.count else { return }
        if isOneOf(index + 1, ["of"]) { return checkNext(index + 1, bytes, strengths) }
        let isEquation = bytes[Int(words.all[index].end)..<Int(words.all[index + 1].start)].contains(UInt8(ascii: "="))
        guard index > 0, isOneOf(index - 1, ["one", "each", "a", "1", "billing", "the"]),
            isEquation || isOneOf(index + 1, ["is", "equals", "means", "represents", "stands", "contains"])
        else { return }
        let sentence = sentence(around: index)
        let last = Int(words.all[sentence.upperBound - 1].end)
        let from = Int(words.all[isEquation ? index : index + 1].end)
        let stated = Strengths.quantities(in: bytes, from: from, to: min(bytes.count, last + 1))
        guard let quantity = stated.first(where: { strengths.names($0) != nil }) else { return }
        compare(quantity, sentence, bytes, strengths)
    }

    /// An amount that stands directly behind a word.
    private mutating func checkNext(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ strengths: Strengths) {
        guard index + 1 < words.all.count else { return }
        let start = Int(words.all[index].end)
        let quantity = Strengths.quantities(in: bytes, from: start, to: min(bytes.count, start + 32)).first
        guard let quantity, quantity.range.lowerBound <= Int(words.all[index + 1].start) else { return }
        compare(quantity, sentence(around: index), bytes, strengths)
    }

    private mutating func compare(
        _ quantity: Quantity, _ sentence: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>, _ strengths: Strengths
    ) {
        guard strengths.names(quantity) == false, !isAside(sentence, bytes) else { return }
        report(
            "overlay_unit_contradicts", at: quantity.range.lowerBound,
            "one unit is \(String(decoding: bytes[quantity.range], as: UTF8.self)) here and "
                + "\(strengths.texts(quantity.dimension)) in CMS's descriptor")
    }
}
