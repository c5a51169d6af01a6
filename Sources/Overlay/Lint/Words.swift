/// The words of a text as byte ranges with a number each, equal for words that differ only in capitals.
struct Words {
    struct Word {
        let start: Int32
        let end: Int32
        let number: UInt64
        /// Only blanks lie between it and the word before.
        var followsBlank: Bool
        /// A sentence begins with it.
        var beginsSentence: Bool
    }

    private(set) var all: [Word] = []

    /// Finds the words of `bytes`: letters, digits and what is not ASCII; dashes and quotation marks of other alphabets
    /// lie between words.
    mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) {
        all.removeAll(keepingCapacity: true)
        var index = 0
        var followsBlank = false
        var beginsSentence = true
        while index < bytes.count {
            var byte = bytes[index]
            guard byte.isWord, !bytes.isPunctuation(at: index) else {
                if byte == 0x20 || byte == 0x0A {
                    index += 1
                    continue
                }
                followsBlank = false
                let isStop = byte == 0x2E || byte == 0x21 || byte == 0x3F || byte == 0x3B
                if isStop, index + 1 == bytes.count || bytes[index + 1] <= 0x20 { beginsSentence = true }
                index += byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
                continue
            }
            let start = index
            var number = Self.seed
            while byte.isWord, byte < 0x80 || !bytes.isPunctuation(at: index) {
                number = Self.next(number, byte)
                index += 1
                guard index < bytes.count else { break }
                byte = bytes[index]
            }
            all.append(
                Word(
                    start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: index), number: number,
                    followsBlank: followsBlank, beginsSentence: beginsSentence))
            followsBlank = true
            beginsSentence = false
        }
    }

    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    private static func next(_ number: UInt64, _ byte: UInt8) -> UInt64 {
        let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
        return (number ^ UInt64(lower)) &* 0x0000_0100_0000_01B3
    }

    /// The number of a single word.
    static func number(_ word: some Sequence<UInt8>) -> UInt64 { word.reduce(seed) { next($0, $1) } }
    static func number(_ word: String) -> UInt64 { number(word.utf8) }

    /// The words of a text in small letters.
    static func of(_ text: String) -> [String] {
        var text = text.lowercased()
        var words = Words()
        return text.withUTF8 { bytes in
            words.read(bytes)
            return words.all.map {
                String(decoding: bytes[Int($0.start)..<Int($0.end)], as: UTF8.self)
            }
        }
    }
}

extension UInt8 {
    /// Letters, digits, and bytes of characters that are not ASCII.
    var isWord: Bool { self >= 0x80 || (self | 0x20) &- 0x61 < 26 || self &- 0x30 < 10 }
    var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
    var isASCIIDigit: Bool { self &- 0x30 < 10 }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether a dash, a quotation mark or a blank that is not ASCII begins here.
    fileprivate func isPunctuation(at index: Int) -> Bool {
        guard self[index] >= 0x80, index + 1 < count else { return false }
        return self[index] == 0xE2 && self[index + 1] == 0x80 || self[index] == 0xC2 && self[index + 1] == 0xA0
    }
}

/// Values by the number of a word, found without a search.
struct WordTable<Value: Sendable>: Sendable {
    private var numbers: [UInt64]
    private var places: [Int32]
    private(set) var values: [Value] = []
    private let mask: Int

    /// - Parameter count: at least how many words there will be.
    init(count: Int) {
        var size = 16
        while size < count * 4 { size *= 2 }
        numbers = [UInt64](repeating: 0, count: size)
        places = [Int32](repeating: -1, count: size)
        mask = size - 1
    }

    init(_ members: [(UInt64, Value)], merging: (Value, Value) -> Value) {
        self.init(count: members.count)
        for (number, value) in members {
            let slot = slot(number)
            if places[slot] < 0 {
                numbers[slot] = number
                places[slot] = Int32(values.count)
                values.append(value)
            } else {
                values[Int(places[slot])] = merging(values[Int(places[slot])], value)
            }
        }
    }

    private func slot(_ number: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: number ^ (number >> 32)) & mask
        while places[slot] >= 0, numbers[slot] != number { slot = (slot + 1) & mask }
        return slot
    }

    subscript(number: UInt64) -> Value? {
        let place = places[slot(number)]
        return place < 0 ? nil : values[Int(place)]
    }
}
