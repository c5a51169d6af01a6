// How many school years the plain language of an overlay asks for.

/// The Flesch-Kincaid grade: 0.39 × words in a sentence + 11.8 × syllables in a word − 15.59. It is made for English
/// prose of about a hundred words, so that the sentences of an overlay are taken together.
struct ReadingGrade {
    private(set) var words = 0
    private(set) var sentences = 0
    private(set) var syllables = 0
    /// The longest sentence: its words, the text it is of, and its first byte there.
    private(set) var longest = (words: 0, passage: 0, offset: 0)
    /// The words of four syllables and more.
    private(set) var hard: [String] = []

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>, _ text: Words, passage: Int) {
        var start = 0
        for (index, word) in text.all.enumerated() {
            if word.beginsSentence { start = index }
            if word.beginsSentence || index == 0 { sentences += 1 }
            if index - start + 1 > longest.words {
                longest = (index - start + 1, passage, Int(text.all[start].start))
            }
            let characters = UnsafeBufferPointer(rebasing: bytes[Int(word.start)..<Int(word.end)])
            let count = syllableCount(characters)
            words += 1
            syllables += count
            if count >= 4, hard.count < 3 {
                let name = String(decoding: characters, as: UTF8.self)
                if !hard.contains(name) { hard.append(name) }
            }
        }
    }

    /// In hundredths of a year; `nil` without a text.
    var hundredths: Int? {
        sentences == 0 ? nil : 39 * words / sentences + 1180 * syllables / words - 1559
    }
}

/// Groups of vowels, without an e that is not heard; at least one.
func syllableCount(_ word: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    var wasVowel = false
    for byte in word {
        let isVowel: Bool
        switch byte | 0x20 {
        case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "u"),
            UInt8(ascii: "y"):
            isVowel = true
        default: isVowel = false
        }
        if isVowel, !wasVowel { count += 1 }
        wasVowel = isVowel
    }
    if count > 1, word.count > 2, word[word.count - 1] | 0x20 == UInt8(ascii: "e"),
        word[word.count - 2] | 0x20 != UInt8(ascii: "l")
    {
        count -= 1
    }
    return max(count, 1)
}

extension Checker {
    mutating func checkGrade() {
        guard let most = context.limits["reading_grade"], let grade = grade.hundredths, grade > 100 * most else {
            return
        }
        passage = self.grade.longest.passage
        let hard = self.grade.hard.isEmpty ? "" : ", hard words are \(self.grade.hard.joined(separator: ", "))"
        report(
            "overlay_reading_grade", at: self.grade.longest.offset,
            "the plain language asks for \(grade / 100) school years, more than \(most): the longest sentence has "
                + "\(self.grade.longest.words) words\(hard)")
    }
}
