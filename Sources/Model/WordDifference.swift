/// How one text became another, word by word.
public struct WordDifference: Sendable, Equatable {
    public enum Kind: String, Sendable { case same, removed, added }

    /// Neighbouring words of one kind, with blanks between them.
    public struct Run: Sendable, Equatable {
        public let kind: Kind
        public internal(set) var text: String

        public init(kind: Kind, text: String) {
            self.kind = kind
            self.text = text
        }
    }

    public let runs: [Run]
    /// Twice the common words by all words of both texts, in percent. It ranks; it does not decide.
    public let similarity: Int
    /// Whether a word of the one begins like a word of the other: CMS abbreviates the same word in many ways.
    public let sharesContent: Bool
    /// Whether both have the same letters and digits in the same order, whatever their case and punctuation.
    public let hasSameWords: Bool

    public init(_ old: String, _ new: String) {
        let left = old.split(separator: " ")
        let right = new.split(separator: " ")
        let leftWords = left.map(folded)
        let rightWords = right.map(folded)
        var runs: [Run] = []
        func add(_ kind: Kind, _ word: Substring) {
            if runs.last?.kind == kind {
                runs[runs.count - 1].text += " \(word)"
            } else {
                runs.append(Run(kind: kind, text: String(word)))
            }
        }

        // The longest common run of words in order, between the parts that are equal at both ends.
        var first = 0
        while first < left.count, first < right.count, left[first] == right[first] { first += 1 }
        var last = 0
        while last < left.count - first, last < right.count - first,
            left[left.count - 1 - last] == right[right.count - 1 - last]
        { last += 1 }
        let rows = left.count - first - last
        let columns = right.count - first - last
        var lengths = [[Int32]](repeating: [Int32](repeating: 0, count: columns + 1), count: rows + 1)
        for row in stride(from: rows - 1, through: 0, by: -1) {
            for column in stride(from: columns - 1, through: 0, by: -1) {
                lengths[row][column] =
                    left[first + row] == right[first + column]
                    ? lengths[row + 1][column + 1] + 1 : max(lengths[row + 1][column], lengths[row][column + 1])
            }
        }
        for index in 0..<first { add(.same, left[index]) }
        var row = 0
        var column = 0
        while row < rows || column < columns {
            if row < rows, column < columns, left[first + row] == right[first + column] {
                add(.same, left[first + row])
                row += 1
                column += 1
            } else if row < rows, column == columns || lengths[row + 1][column] >= lengths[row][column + 1] {
                add(.removed, left[first + row])
                row += 1
            } else {
                add(.added, right[first + column])
                column += 1
            }
        }
        for index in (left.count - last)..<max(left.count, left.count - last) { add(.same, left[index]) }
        self.runs = runs

        var counts: [String: Int] = [:]
        for word in leftWords where !word.isEmpty { counts[word, default: 0] += 1 }
        var common = 0
        for word in rightWords {
            guard let count = counts[word], count > 0 else { continue }
            counts[word] = count - 1
            common += 1
        }
        let all = leftWords.count { !$0.isEmpty } + rightWords.count { !$0.isEmpty }
        similarity = all == 0 ? 100 : 200 * common / all
        func beginnings(_ words: [String]) -> Set<Substring> {
            Set(words.filter { $0.count >= 3 && $0.first?.isLetter == true }.map { $0.prefix(3) })
        }
        sharesContent = !beginnings(leftWords).isDisjoint(with: beginnings(rightWords))
        hasSameWords = leftWords.joined() == rightWords.joined()
    }

    /// The text with the words that went in `[-…-]` and those that came in `{+…+}`.
    public var marked: String {
        runs.map { run in
            switch run.kind {
            case .same: run.text
            case .removed: "[-\(run.text)-]"
            case .added: "{+\(run.text)+}"
            }
        }.joined(separator: " ")
    }
}

/// What a change of a descriptor amounts to.
public enum Rewording: String, Sendable {
    /// Case, blanks or punctuation.
    case cosmetic
    case reworded
    /// CMS has added the code anew, or no word of the new text begins like one of the old: it may mean something else now.
    case reuseSuspected = "reuse_suspected"

    public init(_ words: WordDifference, isAddedAnew: Bool) {
        self = words.hasSameWords ? .cosmetic : isAddedAnew || !words.sharesContent ? .reuseSuspected : .reworded
    }
}

/// A word's letters and digits in lower case.
private func folded(_ word: Substring) -> String {
    String(
        decoding: word.utf8.compactMap { byte -> UInt8? in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, 0x80...0xFF: byte
            case 0x41...0x5A: byte | 0x20
            default: nil
            }
        }, as: UTF8.self)
}
