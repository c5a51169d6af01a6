import Schemas

/// Expands the abbreviations of a short descriptor.
struct Expander {
    let wording: Wording
    let section: UInt8
    /// The long descriptor in small letters: what it says, an abbreviation may stand for.
    let confirmation: TitleText?

    /// - Parameter isFull: The descriptor fills its 28 characters, so that its last word may be cut.
    /// - Returns: Whether every word is now one of the long descriptor, or certain.
    func expand(_ text: inout TitleText, isFull: Bool) -> Bool {
        var isReadable = true
        var index = 0
        while index < text.pieces.count {
            let count = text.pieces.count
            if !expandPiece(index, of: &text, mayBeCut: isFull && index == count - 1) { isReadable = false }
            index += max(1, 1 + text.pieces.count - count)
        }
        text.dropRepetitions()
        return isReadable
    }

    private func expandPiece(_ index: Int, of text: inout TitleText, mayBeCut: Bool) -> Bool {
        let piece = text.pieces[index]
        if piece.kind == .number { return true }
        if let end = text.endOfSlashForm(index) {
            let key = Array(text.text(from: index, to: end))
            if let words = confirmed(key, index, end, text) ?? certain(key, index, end, text) {
                text.replace(index..<end, with: words, isSpacedBehind: true)
                return true
            }
        }
        if piece.kind == .word, text.isWord(index, .w), text.sign(index + 1) == .slash {
            text.replace(index..<index + 2, with: Array("with".utf8), isSpacedBehind: true)
            return true
        }
        let word = text.text(piece).map(\.lowercased)
        let end = index + 1
        if piece.kind == .word, confirmation?.contains(word) == true { return true }
        if let digits = word.firstIndex(where: \.isDigit), digits > 0, isBeforeNumbers(word[..<digits]) {
            text.split(index, at: digits)
            return expandPiece(index, of: &text, mayBeCut: false)
        }
        // What stands at a number gets a blank with its new letters: 30min, R&L.
        let isSpaced = index > 0 && (piece.kind == .sign || text.pieces[index - 1].kind == .number)
        if let words = confirmed(word, index, end, text) {
            text.replace(index..<end, with: words, isSpacedBehind: piece.kind == .sign)
            if isSpaced { text.pieces[index].isSpaced = true }
            return true
        }
        if piece.kind == .sign {
            if let words = certain(word, index, end, text) {
                text.replace(index..<end, with: words, isSpacedBehind: true)
                if isSpaced { text.pieces[index].isSpaced = true }
            }
            return true
        }
        if isVerbatim(word, index, end, text) { return true }
        if let completed = confirmation?.completion(of: word, atLeast: mayBeCut ? 2 : 3) {
            text.replace(index..<end, with: completed)
            if isSpaced { text.pieces[index].isSpaced = true }
            return true
        }
        if let words = certain(word, index, end, text) {
            text.replace(index..<end, with: words)
            if isSpaced { text.pieces[index].isSpaced = true }
            return true
        }
        if text.isConnective(index) { return true }
        if mayBeCut, word.count < (confirmation == nil ? 3 : 2), !text.isNumber(index - 1),
            wording.written(piece.key, word[...], section: section) == nil
        {
            text.pieces.remove(at: index)
        }
        return false
    }

    /// Whether the abbreviation is one that numbers are written to: gp2.
    private func isBeforeNumbers(_ key: some Collection<UInt8>) -> Bool {
        wording.readings(of: key).contains { $0.before == .number && !$0.isVerbatim }
    }

    /// A reading that the long descriptor confirms, in its very form.
    private func confirmed(_ key: [UInt8], _ index: Int, _ end: Int, _ text: TitleText) -> [UInt8]? {
        guard let confirmation else { return nil }
        for reading in wording.readings(of: key) where !reading.isVerbatim && fits(reading, index, end, text) {
            if let words = confirmation.phrase(reading.expansion) { return words }
        }
        return nil
    }

    private func certain(_ key: [UInt8], _ index: Int, _ end: Int, _ text: TitleText) -> [UInt8]? {
        let reading = wording.readings(of: key).first { $0.isCertain && fits($0, index, end, text) }
        guard let reading, !reading.isVerbatim else { return nil }
        return Array(reading.expansion.joined(separator: [0x20]))
    }

    private func isVerbatim(_ key: [UInt8], _ index: Int, _ end: Int, _ text: TitleText) -> Bool {
        wording.readings(of: key).contains { $0.isVerbatim && $0.isCertain && fits($0, index, end, text) }
    }

    private func fits(_ reading: Wording.Reading, _ index: Int, _ end: Int, _ text: TitleText) -> Bool {
        (reading.sections.isEmpty || reading.sections.contains(section))
            && fits(reading.after, index - 1, text) && fits(reading.before, end, text)
    }

    private func fits(_ neighbour: Abbreviation.Neighbour, _ index: Int, _ text: TitleText) -> Bool {
        switch neighbour {
        case .anything: true
        case .number: text.isNumber(index)
        case .start: index < 0
        case .words(let words): words.contains { text.isText(index, $0) }
        }
    }
}

extension TitleText {
    /// `>=50% of` becomes At least 50% of.
    mutating func expandFirstSign(_ wording: Wording) {
        guard let piece = pieces.first, piece.kind == .sign, isNumber(1) else { return }
        let reading = wording.readings(of: text(piece)).first { $0.isCertain && $0.after == .start }
        guard let reading, !reading.isVerbatim else { return }
        replace(0..<1, with: Array(reading.expansion.joined(separator: [0x20])), isSpacedBehind: true)
        let number = reading.expansion.count
        if pieces.indices.contains(number) { pieces[number].isSpaced = true }
    }

    /// Where a form with a slash ends that begins at `index`: `w/o`, `f/u`, `b/4`.
    fileprivate func endOfSlashForm(_ index: Int) -> Int? {
        guard pieces[index].kind == .word, index + 2 < pieces.count, sign(index + 1) == .slash,
            !pieces[index + 1].isSpaced, !pieces[index + 2].isSpaced, pieces[index + 2].kind != .sign,
            pieces[index + 2].end - pieces[index].start <= 8
        else { return nil }
        return index + 3
    }

    fileprivate func text(from index: Int, to end: Int) -> [UInt8] {
        pieces[index..<end].flatMap { text($0).map(\.lowercased) }
    }

    fileprivate mutating func replace(_ range: Range<Int>, with words: some Collection<UInt8>, isSpacedBehind: Bool) {
        let rest = pieces.count - range.upperBound
        replace(range, with: words)
        if isSpacedBehind, rest > 0, pieces[pieces.count - rest].kind != .sign {
            pieces[pieces.count - rest].isSpaced = true
        }
    }

    /// The words where they stand one behind the other, the last one perhaps in the plural.
    fileprivate func phrase(_ words: [[UInt8]]) -> [UInt8]? {
        let indices = pieces.indices.filter { pieces[$0].kind != .sign }
        guard let first = words.first?.first, indices.count >= words.count else { return nil }
        for start in 0...(indices.count - words.count) {
            guard pieces[indices[start]].key >> 56 == UInt64(first) else { continue }
            var isSame = true
            for (offset, word) in words.enumerated() where isSame {
                let found = text(pieces[indices[start + offset]])
                isSame = found.elementsEqual(word) || (offset == words.count - 1 && found.isPlural(of: word))
            }
            guard isSame else { continue }
            var result: [UInt8] = []
            for offset in words.indices {
                if offset > 0 { result.append(0x20) }
                result += text(pieces[indices[start + offset]])
            }
            return result
        }
        return nil
    }

    /// The one word of this text that `word` is the beginning of, or that it keeps the first, the last and
    /// some consonants of; `nil` where several could be meant.
    fileprivate func completion(of word: [UInt8], atLeast letters: Int) -> ArraySlice<UInt8>? {
        guard word.count >= letters else { return nil }
        return only(word[0]) { $0.starts(with: word) } ?? only(word[0]) { word.count >= 3 && word.isSkeleton(of: $0) }
    }

    private func only(_ first: UInt8, _ fits: (ArraySlice<UInt8>) -> Bool) -> ArraySlice<UInt8>? {
        var found: ArraySlice<UInt8>?
        for piece in pieces where piece.kind == .word && piece.key >> 56 == UInt64(first) {
            let candidate = text(piece)
            guard fits(candidate) else { continue }
            if let before = found {
                if candidate.elementsEqual(before) || candidate.isPlural(of: before) { continue }
                if !before.isPlural(of: candidate) { return nil }
            }
            found = candidate
        }
        return found
    }

    /// Takes away a word that repeats the one before it.
    fileprivate mutating func dropRepetitions() {
        var index = 1
        while index < pieces.count {
            if pieces[index].kind == .word, pieces[index].isSpaced, pieces[index - 1].kind == .word,
                word(index) == word(index - 1)
            {
                pieces.remove(at: index)
            } else {
                index += 1
            }
        }
    }
}

extension Collection<UInt8> {
    /// Whether it is `word` with an s or es.
    fileprivate func isPlural(of word: some Collection<UInt8>) -> Bool {
        guard starts(with: word) else { return false }
        let rest = dropFirst(word.count)
        return rest.elementsEqual([0x73]) || rest.elementsEqual([0x65, 0x73])
    }
}

extension [UInt8] {
    /// Whether `word` has these letters in this order and begins and ends with them, an ending left aside.
    fileprivate func isSkeleton(of word: ArraySlice<UInt8>) -> Bool {
        guard first == word.first, count < word.count else { return false }
        var letters = word[...]
        for ending in ["ing", "ed", "es", "s"] where letters.count > count + ending.utf8.count {
            if letters.last != last, letters.suffix(ending.utf8.count).elementsEqual(ending.utf8) {
                letters = letters.dropLast(ending.utf8.count)
            }
        }
        guard letters.last == last else { return false }
        var index = startIndex
        for letter in letters where index < endIndex && letter == self[index] { index += 1 }
        return index == endIndex
    }
}
