import Model
import Schemas

// Words that say how a drug is given, and the route that CMS's descriptor states.

extension Checker {
    /// - Parameters:
    ///   - found: words of the text with the route word that each is.
    ///   - isQuestionary: whether the text is a question or its answer.
    mutating func checkRoutes(
        _ found: [(word: Int, route: Int)], _ bytes: UnsafeBufferPointer<UInt8>, route: String?, isQuestionary: Bool
    ) {
        let routes = route.map { [$0] } ?? subject.passages[passage].routes
        guard !routes.isEmpty else { return }
        var reported: Set<Int> = []
        for (index, number) in found {
            let routeWord = context.vocabulary.routeWords[number]
            guard !routeWord.fits.contains(where: routes.contains), reported.insert(number).inserted else { continue }
            if routeWord.isNoun {
                switch field {
                case .title, .synonyms, .summary, .plainLanguage, .question, .answer: break
                default: continue
                }
            }
            let sentence = sentence(around: index)
            guard !isAside(sentence, bytes) else { continue }
            if isQuestionary, isOpenQuestion(sentence, bytes) { continue }
            let word = words.all[index]
            let stated = routes.joined(separator: " or ")
            let subject =
                self.subject.code.map { "\($0) is \(stated) by CMS's descriptor" }
                ?? "the question is asked of \(stated) drugs"
            report("overlay_route_word", at: Int(word.start), "'\(text(word, bytes))', while \(subject)")
        }
    }

    /// The words from the beginning of the sentence to the beginning of the next.
    func sentence(around index: Int) -> Range<Int> {
        var first = index
        while first > 0, !words.all[first].beginsSentence { first -= 1 }
        var last = index + 1
        while last < words.all.count, !words.all[last].beginsSentence { last += 1 }
        return first..<last
    }

    /// Whether a sentence says how something is not, what goes with the drug, or speaks of another code.
    func isAside(_ sentence: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in sentence {
            let word = words.all[index]
            if let meaning = context.vocabulary[word.number], meaning.isNegation || meaning.isCompanion { return true }
            if isOtherCode(word, bytes) { return true }
            // "isn't", "don't"
            if word.end - word.start == 1, bytes[Int(word.start)] == UInt8(ascii: "t"), word.start > 0,
                bytes[Int(word.start) - 1] == UInt8(ascii: "'")
            {
                return true
            }
        }
        return false
    }

    private func isOtherCode(_ word: Words.Word, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard word.end - word.start == 5 else { return false }
        let characters = bytes[Int(word.start)..<Int(word.end)]
        guard characters.dropFirst().dropLast().allSatisfy(\.isASCIIDigit),
            characters.count(where: \.isASCIIDigit) >= 4, let code = Code(characters)
        else { return false }
        return code != subject.code
    }

    /// "Is it injected?" asks what the answer may deny.
    private func isOpenQuestion(_ sentence: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard field == .question else { return false }
        let openings = ["is", "are", "was", "can", "could", "do", "does", "did", "may", "must", "should", "will", "or"]
        return openings.contains { words.all[sentence.lowerBound].number == Words.number($0) }
    }
}
