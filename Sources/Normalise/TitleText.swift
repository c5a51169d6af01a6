/// A descriptor taken apart into words, numbers and signs, so that each can be mended and put together again.
/// CMS's texts are ASCII; other bytes count as letters.
struct TitleText {
    enum Kind: UInt8 { case word, number, sign }

    struct Piece {
        var kind: Kind
        /// Whether a blank stands before it.
        var isSpaced: Bool
        /// Where its bytes stand in `bytes`.
        var start: Int
        var end: Int
        /// The first eight bytes in small letters: tells most words apart without looking at them.
        var key: UInt64

        var count: Int { end - start }
    }

    /// The bytes of the pieces; expansions stand behind those of the descriptor.
    private(set) var bytes: [UInt8]
    var pieces: [Piece] = []

    init(_ text: String) { self.init(Array(text.utf8)) }

    /// The same in small letters.
    init(lowercasing text: String) { self.init(text.utf8.map(\.lowercased)) }

    private init(_ text: [UInt8]) {
        bytes = text
        pieces.reserveCapacity(bytes.count / 4)
        var index = 0
        var isSpaced = false
        while index < bytes.count {
            let start = index
            let byte = bytes[index]
            index += 1
            var kind = Kind.sign
            if byte == 0x20 || byte == UInt8(ascii: "_") {
                isSpaced = true
                continue
            } else if byte.isLetter {
                kind = .word
                while index < bytes.count, bytes[index].isLetter || bytes[index].isDigit || isApostrophe(index) {
                    index += 1
                }
            } else if byte.isDigit || (byte == .point && isDigit(index) && !(start > 0 && bytes[start - 1].isLetter)) {
                kind = .number
                while isDigit(index) || ((at(index) == .point || at(index) == .comma) && isDigit(index + 1)) {
                    index += 1
                }
            } else if byte.isComparison {
                while at(index).isComparison || (at(index) == .slash && at(index + 1).isComparison) { index += 1 }
            }
            append(kind, isSpaced: isSpaced, start..<index)
            isSpaced = false
        }
    }

    private mutating func append(_ kind: Kind, isSpaced: Bool, _ range: Range<Int>) {
        pieces.append(piece(kind, isSpaced: isSpaced, range))
    }

    private func piece(_ kind: Kind, isSpaced: Bool, _ range: Range<Int>) -> Piece {
        Piece(
            kind: kind, isSpaced: isSpaced, start: range.lowerBound, end: range.upperBound,
            key: wordKey(bytes[range]))
    }

    private func at(_ index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }
    private func isDigit(_ index: Int) -> Bool { at(index).isDigit }
    /// Between letters: `patient's`.
    private func isApostrophe(_ index: Int) -> Bool { at(index) == .apostrophe && at(index + 1).isLetter }

    // MARK: Reading

    func text(_ piece: Piece) -> ArraySlice<UInt8> { bytes[piece.start..<piece.end] }

    /// The piece at `index` as one byte, 0 where it is longer or there is none.
    func sign(_ index: Int) -> UInt8 {
        guard pieces.indices.contains(index), pieces[index].kind == .sign, pieces[index].count == 1 else { return 0 }
        return bytes[pieces[index].start]
    }

    /// The word at `index` in small letters; empty where there is no word.
    func word(_ index: Int) -> [UInt8] {
        guard pieces.indices.contains(index), pieces[index].kind == .word else { return [] }
        return text(pieces[index]).map(\.lowercased)
    }

    func isWord(_ index: Int, _ word: FunctionWord) -> Bool {
        pieces.indices.contains(index) && pieces[index].kind == .word && pieces[index].key == word.key
            && pieces[index].count == word.count
    }

    func isNumber(_ index: Int) -> Bool { pieces.indices.contains(index) && pieces[index].kind == .number }

    var words: [[UInt8]] {
        pieces.indices.compactMap { pieces[$0].kind == .sign ? nil : text(pieces[$0]).map(\.lowercased) }
    }

    var wordCount: Int { pieces.count { $0.kind != .sign } }

    /// The number or word at `index` in small letters.
    func isText(_ index: Int, _ text: [UInt8]) -> Bool {
        pieces.indices.contains(index) && pieces[index].kind != .sign
            && self.text(pieces[index]).elementsEqual(text) { $0.lowercased == $1 }
    }

    /// Whether `word`, in small letters, is one of the words or numbers.
    func contains(_ word: [UInt8]) -> Bool {
        let key = wordKey(word[...])
        return pieces.contains { piece in
            piece.key == key && piece.count == word.count && piece.kind != .sign
                && (word.count <= 8 || text(piece).elementsEqual(word) { $0.lowercased == $1 })
        }
    }

    // MARK: Changing

    /// Puts `words` in the place of the pieces of `range`.
    mutating func replace(_ range: Range<Int>, with words: some Collection<UInt8>) {
        guard let first = pieces[range].first else { return }
        var replacement: [Piece] = []
        for word in words.split(separator: 0x20) {
            let start = bytes.count
            bytes += word
            let kind: Kind = bytes[start].isLetter ? .word : bytes[start].isDigit ? .number : .sign
            replacement.append(
                piece(kind, isSpaced: replacement.isEmpty ? first.isSpaced : true, start..<bytes.count))
        }
        pieces.replaceSubrange(range, with: replacement)
    }

    /// A piece for a sign that the text does not have yet.
    mutating func append(_ sign: UInt8) -> Piece {
        bytes.append(sign)
        return piece(.sign, isSpaced: false, bytes.count - 1..<bytes.count)
    }

    /// Parts a word before its digits.
    mutating func split(_ index: Int, at offset: Int) {
        let middle = pieces[index].start + offset
        let rest = piece(.number, isSpaced: true, middle..<pieces[index].end)
        pieces[index] = piece(.word, isSpaced: pieces[index].isSpaced, pieces[index].start..<middle)
        pieces.insert(rest, at: index + 1)
    }

    /// Takes away what tells the biller what else to list.
    mutating func dropInstructions() {
        guard let start = pieces.indices.first(where: { isWord($0, .list) && word($0 + 1) == instruction }) else {
            return
        }
        let isEnclosed = sign(start - 1) == .open
        var end = pieces.count
        if isEnclosed { end = pieces.indices[start...].first { sign($0) == .close }.map { $0 + 1 } ?? end }
        pieces.removeSubrange((isEnclosed ? start - 1 : start)..<end)
    }

    /// Takes away parentheses that hold nothing but examples; `false` where there are none.
    mutating func dropExamples() -> Bool {
        let count = pieces.count
        while let start = pieces.indices.first(where: {
            sign($0) == .open && isWord($0 + 1, .such) && isWord($0 + 2, .as)
        }) {
            var depth = 0
            let end = pieces.indices[start...].first {
                depth += sign($0) == .open ? 1 : sign($0) == .close ? -1 : 0
                return depth == 0
            }
            guard let end else { break }
            pieces.removeSubrange(start...end)
        }
        return pieces.count < count
    }

    private var instruction: [UInt8] { Array("separately".utf8) }

    /// Takes away points: in short descriptors they only mark abbreviations. Those of `i.u.` stay.
    mutating func dropPoints() {
        let all = self
        func isInitial(_ index: Int) -> Bool {
            all.pieces.indices.contains(index) && all.pieces[index].kind == .word && all.pieces[index].count == 1
        }
        pieces = all.pieces.indices.filter { index in
            guard all.sign(index) == .point else { return true }
            return isInitial(index - 1)
                && (isInitial(index + 1) || isInitial(index - 3) && all.sign(index - 2) == .point)
        }.map { all.pieces[$0] }
    }
}

/// A short word that the making of titles looks for.
struct FunctionWord {
    let key: UInt64
    let count: Int

    private init(_ word: StaticString) {
        key = wordKey(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        count = word.utf8CodeUnitCount
    }

    static let list = Self("list")
    static let such = Self("such")
    static let `as` = Self("as")
    static let e = Self("e")
    static let g = Self("g")
    static let eg = Self("eg")
    static let i = Self("i")
    static let ie = Self("ie")
    static let etc = Self("etc")
    static let w = Self("w")
    /// Words that join what stands on both sides of them.
    static let connectives = [
        w, Self("with"), Self("without"), Self("and"), Self("or"), Self("of"), Self("for"), Self("per"), Self("to"),
        Self("the"), Self("by"), Self("from"), Self("at"),
    ]
}

/// The first eight bytes of a word in small letters.
func wordKey(_ word: some Collection<UInt8>) -> UInt64 {
    var key: UInt64 = 0
    var shift: UInt64 = 56
    for byte in word {
        key |= UInt64(byte.lowercased) << shift
        if shift == 0 { break }
        shift -= 8
    }
    return key
}

extension UInt8 {
    static let comma = UInt8(ascii: ",")
    static let point = UInt8(ascii: ".")
    static let semicolon = UInt8(ascii: ";")
    static let colon = UInt8(ascii: ":")
    static let slash = UInt8(ascii: "/")
    static let hyphen = UInt8(ascii: "-")
    static let ampersand = UInt8(ascii: "&")
    static let plus = UInt8(ascii: "+")
    static let open = UInt8(ascii: "(")
    static let close = UInt8(ascii: ")")
    static let apostrophe = UInt8(ascii: "'")

    var isLetter: Bool { (0x61...0x7A).contains(self) || (0x41...0x5A).contains(self) || self >= 0x80 }
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isCapital: Bool { (0x41...0x5A).contains(self) }
    var isComparison: Bool { (0x3C...0x3E).contains(self) }
    var lowercased: UInt8 { isCapital ? self | 0x20 : self }
    var uppercased: UInt8 { (0x61...0x7A).contains(self) ? self & 0xDF : self }
}
