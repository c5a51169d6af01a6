extension TitleText {
    /// Puts signs and blanks where readers expect them, and takes away what hangs over at the ends.
    mutating func mendPunctuation() {
        spellOutLatin()
        mendSigns()
        closeParentheses()
        trimEnds()
    }

    /// `e.g.,` becomes such as, `i.e.,` that is.
    private mutating func spellOutLatin() {
        var index = 0
        while index < pieces.count {
            defer { index += 1 }
            guard pieces[index].count <= 2 else { continue }
            let isExample = isWord(index, .e) || isWord(index, .eg)
            guard isExample || isWord(index, .i) || isWord(index, .ie) else { continue }
            var end = index + 1
            if isWord(index, .e) || isWord(index, .i) {
                guard sign(end) == .point, isWord(end + 1, isExample ? .g : .e), !pieces[end + 1].isSpaced else {
                    continue
                }
                end += 2
                if sign(end) == .point { end += 1 }
            } else if sign(end) != .comma {
                continue
            }
            if sign(end) == .comma || sign(end) == .semicolon || sign(end) == .colon { end += 1 }
            replace(index..<end, with: isExample ? Array("such as".utf8) : Array("that is".utf8))
            if index + 2 < pieces.count { pieces[index + 2].isSpaced = true }
        }
    }

    private mutating func mendSigns() {
        var mended: [Piece] = []
        mended.reserveCapacity(pieces.count)
        var forcesSpace = false
        for index in pieces.indices {
            var piece = pieces[index]
            if forcesSpace { piece.isSpaced = true }
            forcesSpace = false
            let last: UInt8 = mended.last.map { $0.kind == .sign ? bytes[$0.start] : 0 } ?? .open
            let this = sign(index)
            let next = sign(index + 1)
            switch this {
            case .point:
                if isAbbreviationsPoint(index, next) { continue }
                piece.isSpaced = false
            case .comma, .semicolon, .colon:
                // One stop is enough, and none stands before or behind a parenthesis's inside.
                if last == .comma || last == .open || last == .semicolon || last == .colon { continue }
                if this == .comma, next == .comma || next == .semicolon || next == .open || next == .close { continue }
                piece.isSpaced = false
                forcesSpace = !(this == .colon && isNumber(index - 1) && isNumber(index + 1))
            case .open:
                if last == .close || last == .comma || last == .semicolon { piece.isSpaced = true }
            case .close:
                piece.isSpaced = false
            default: break
            }
            if last == .open, this != .open { piece.isSpaced = false }
            mended.append(piece)
        }
        pieces = mended
    }

    /// Whether the point only marks an abbreviation: `sq.`, `in.,`.
    private func isAbbreviationsPoint(_ index: Int, _ next: UInt8) -> Bool {
        if next == .comma || next == .semicolon || next == .colon || next == .point { return true }
        guard index > 0, pieces[index - 1].kind == .word, !isWord(index - 1, .etc) else { return false }
        return (2...3).contains(pieces[index - 1].count)
    }

    /// Closes what a text of 28 characters had no room to close; a parenthesis that closes nothing goes.
    private mutating func closeParentheses() {
        trimEnds()
        var depth = 0
        pieces = pieces.filter { piece in
            guard piece.kind == .sign, piece.count == 1 else { return true }
            if bytes[piece.start] == .open { depth += 1 }
            if bytes[piece.start] == .close {
                guard depth > 0 else { return false }
                depth -= 1
            }
            return true
        }
        while depth > 0 {
            let parenthesis = append(.close)
            pieces.append(parenthesis)
            depth -= 1
        }
    }

    mutating func trimEnds() {
        while let last = pieces.last, isLoose(pieces.count - 1, last) { pieces.removeLast() }
        while pieces.first.map({ $0.kind == .sign && bytes[$0.start].isStop }) == true { pieces.removeFirst() }
        if !pieces.isEmpty { pieces[0].isSpaced = false }
    }

    /// Whether the last piece joins what does not come: a stop, a connective, an empty parenthesis.
    private func isLoose(_ index: Int, _ piece: Piece) -> Bool {
        switch piece.kind {
        case .number: false
        case .word: isConnective(index) && !(index > 0 && sign(index - 1) == .open)
        case .sign:
            switch bytes[piece.start] {
            case .point: !isWord(index - 1, .etc) && !(index > 0 && isSingleLetter(index - 1))
            case .plus: piece.isSpaced
            case .open: true
            default: bytes[piece.start].isStop
            }
        }
    }

    private func isSingleLetter(_ index: Int) -> Bool {
        pieces[index].kind == .word && pieces[index].count == 1
    }

    /// Whether the word joins what stands on both sides of it.
    func isConnective(_ index: Int) -> Bool {
        guard pieces[index].kind == .word, pieces[index].count <= 7 else { return false }
        return FunctionWord.connectives.contains { isWord(index, $0) }
    }

    // MARK: Writing

    /// Whether the word is a single letter that means itself (`hepatitis C`, `i.u.`) or a code (`J9305`).
    private func isSymbol(_ index: Int) -> Bool {
        let piece = pieces[index]
        guard piece.kind == .word else { return false }
        let letters = text(piece)
        if letters.count == 5 { return letters.dropFirst().allSatisfy(\.isDigit) }
        guard letters.count == 1, let letter = letters.first?.lowercased else { return false }
        if sign(index + 1) == .point || (sign(index - 1) == .point && !piece.isSpaced) { return true }
        guard piece.isSpaced || sign(index - 1) == .open, letter != UInt8(ascii: "a"), letter != UInt8(ascii: "x"),
            !isNumber(index - 1), sign(index + 1) != .slash
        else { return false }
        return sign(index - 1) != .open || sign(index + 1) != .close
    }

    /// The text with its capitals: those of the table, and the first letter.
    func rendered(_ section: UInt8, _ wording: Wording) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(pieces.count * 8)
        for (index, piece) in pieces.enumerated() {
            let word = text(piece)
            let isUnit =
                index > 0 && !piece.isSpaced && piece.kind == .word && pieces[index - 1].kind == .number
                && wording.isUnit(word)
            if (piece.isSpaced || isUnit), !result.isEmpty { result.append(0x20) }
            if piece.kind == .word, !word.dropFirst().contains(where: \.isCapital),
                let written = wording.written(piece.key, word, section: section)
            {
                result += written
            } else if isSymbol(index) {
                result += word.map(\.uppercased)
            } else {
                result += word
            }
        }
        if let first = result.firstIndex(where: { $0.isLetter || $0.isDigit }),
            // mRNA keeps its small letter.
            !(result.count > first + 1 && result[first + 1].isCapital)
        {
            result[first] = result[first].uppercased
        }
        return result
    }
}

extension UInt8 {
    /// A sign that nothing begins or ends with.
    fileprivate var isStop: Bool {
        switch self {
        case .comma, .point, .semicolon, .colon, .slash, .hyphen, .ampersand: true
        default: false
        }
    }
}
