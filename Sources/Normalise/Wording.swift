import Schemas

/// The tables of words by their bytes: what abbreviations stand for, and how words are written.
struct Wording: Sendable {
    /// What an abbreviation stands for under a condition.
    struct Reading: Sendable {
        let expansion: [[UInt8]]
        let sections: [UInt8]
        let after: Abbreviation.Neighbour
        let before: Abbreviation.Neighbour
        let isCertain: Bool

        /// Whether the abbreviation stays as it is.
        var isVerbatim: Bool { expansion.isEmpty }
    }

    private var readings: WordMap<Reading>
    private var written: WordMap<(bytes: [UInt8], sections: [UInt8])>

    init(abbreviations: [Abbreviation], written words: [WrittenWord]) {
        readings = WordMap(
            abbreviations.map { row in
                let expansion = row.expansion.utf8.split(separator: 0x20).map { Array($0) }
                return (
                    Array(row.abbreviation.utf8),
                    Reading(
                        expansion: expansion, sections: row.sections, after: row.after, before: row.before,
                        isCertain: row.isCertain)
                )
            })
        written = WordMap(
            words.map { ($0.written.utf8.map(\.lowercased), (Array($0.written.utf8), $0.sections)) })
    }

    /// What `abbreviation` may stand for, in the order of the table.
    func readings(of abbreviation: some Collection<UInt8>) -> [Reading] {
        readings[wordKey(abbreviation), abbreviation]
    }

    /// Whether the word is a unit that stays as it is behind a number: `10mg` is 10 mg.
    func isUnit(_ word: some Collection<UInt8>) -> Bool {
        readings(of: word).contains { $0.isVerbatim && $0.after == .number }
    }

    /// How `word` is written in a section; `nil` where small letters will do.
    func written(_ key: UInt64, _ word: ArraySlice<UInt8>, section: UInt8) -> [UInt8]? {
        written[key, word].first { $0.sections.isEmpty || $0.sections.contains(section) }?.bytes
    }
}

/// Values by words in small letters: asked for every word of every descriptor, and most are not there.
private struct WordMap<Value: Sendable>: Sendable {
    private var entries: [(key: UInt64, word: [UInt8], values: [Value])] = []
    /// Positions in `entries` plus one, by hash; 0 is free.
    private var slots: [Int32]

    init(_ pairs: [(word: [UInt8], value: Value)]) {
        var size = 64
        while size < pairs.count * 4 { size *= 2 }
        slots = Array(repeating: 0, count: size)
        for (word, value) in pairs {
            let key = wordKey(word)
            var slot = self.slot(key)
            while slots[slot] != 0, entries[Int(slots[slot]) - 1].word != word { slot = (slot + 1) & (size - 1) }
            if slots[slot] == 0 {
                entries.append((key, word, []))
                slots[slot] = Int32(entries.count)
            }
            entries[Int(slots[slot]) - 1].values.append(value)
        }
    }

    private func slot(_ key: UInt64) -> Int {
        Int((key &* 0x9E37_79B9_7F4A_7C15) >> 40) & (slots.count - 1)
    }

    subscript(key: UInt64, word: some Collection<UInt8>) -> [Value] {
        var slot = slot(key)
        while slots[slot] != 0 {
            let entry = Int(slots[slot]) - 1
            if entries[entry].key == key, entries[entry].word.count == word.count,
                word.count <= 8 || entries[entry].word.elementsEqual(word, by: { $0 == $1.lowercased })
            {
                return entries[entry].values
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return []
    }
}
