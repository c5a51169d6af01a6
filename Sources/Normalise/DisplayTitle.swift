public import Model
import Parallel
public import Schemas

/// Gives each Level II code a name made from CMS's own descriptors; see `title_origin` of the table `codes`.
public func suggestTitles(for codes: inout [CodeEntry], schemas: Schemas) {
    let titles = DisplayTitles(schemas)
    let entries = codes
    let suggestions = inPieces(of: entries.count) { index -> SuggestedTitle? in
        // A name for no code whose text is not CMS's.
        guard entries[index].code.system == .hcpcs else { return nil }
        return titles.suggestion(
            section: entries[index].code[0], short: entries[index].shortDescriptor, long: entries[index].longDescriptor)
    }
    for (index, suggestion) in suggestions.enumerated() where suggestion != nil {
        codes[index].suggestedTitle = suggestion
    }
}

/// Makes names for Level II codes out of CMS's two descriptors.
///
/// The long descriptor, its punctuation and capitals mended, is the name where it is short enough to be one. Else
/// the short descriptor is, when every word of it can be read in full: its abbreviations stand for words of the long
/// descriptor, which confirms them, or for what `values/abbreviations.csv` is certain of. A short descriptor that
/// keeps a riddle gives way to a long one that is still bearable. No word is invented.
struct DisplayTitles {
    /// A long descriptor of at most so many characters is a name.
    static let comfortable = 80
    /// A longer one is too much, however cryptic the short one.
    static let bearable = 120

    /// No instruction or example is so long that a name remains when it is taken away.
    static let hopeless = 1200

    private let wording: Wording

    init(_ schemas: Schemas) {
        wording = Wording(abbreviations: schemas.abbreviations, written: schemas.writtenWords)
    }

    /// A name for a code of the section with that letter; `nil` when there is no text.
    func suggestion(section: UInt8, short: String, long descriptor: String?) -> SuggestedTitle? {
        let long = descriptor.flatMap { long in
            long.utf8.count > Self.hopeless ? nil : LongTitle(long, section: section, wording: wording)
        }
        let isOutdone = long?.isOutdone(by: short) ?? false
        if let long, long.count <= Self.comfortable, !isOutdone { return long.suggestion }
        let short = ShortTitle(short, long: descriptor, section: section, wording: wording)
        if let long, long.count <= Self.bearable, !isOutdone, !short.isReadable { return long.suggestion }
        return short.suggestion ?? long?.suggestion
    }
}

/// A long descriptor as a name: the same words, without instructions for billing.
private struct LongTitle {
    private var text: TitleText

    init(_ descriptor: String, section: UInt8, wording: Wording) {
        text = TitleText(descriptor)
        text.dropInstructions()
        text.expandFirstSign(wording)
        text.mendPunctuation()
        var rendered = text.rendered(section, wording)
        if rendered.count > DisplayTitles.comfortable, text.dropExamples() {
            text.trimEnds()
            rendered = text.rendered(section, wording)
        }
        self.rendered = rendered
    }

    private let rendered: [UInt8]

    var count: Int { rendered.count }

    var suggestion: SuggestedTitle? {
        rendered.isEmpty ? nil : SuggestedTitle(String(decoding: rendered, as: UTF8.self), .longDescriptor)
    }

    /// Whether `short` says the same and more: `Gold` is called `Assay of gold` there.
    func isOutdone(by short: String) -> Bool {
        guard text.wordCount <= 4 else { return false }
        let own = text.words
        let others = TitleText(short).words
        return others.count > own.count && (others.starts(with: own) || others.suffix(own.count).elementsEqual(own))
    }
}

/// A short descriptor as a name, its abbreviations expanded.
private struct ShortTitle {
    let suggestion: SuggestedTitle?
    /// Whether every word is one of the long descriptor, or certain.
    let isReadable: Bool

    init(_ descriptor: String, long: String?, section: UInt8, wording: Wording) {
        guard !descriptor.isEmpty else {
            suggestion = nil
            isReadable = false
            return
        }
        var text = TitleText(descriptor)
        text.dropPoints()
        let expander = Expander(
            wording: wording, section: section, confirmation: long.map { TitleText(lowercasing: $0) })
        isReadable = expander.expand(&text, isFull: descriptor.utf8.count >= 28)
        text.mendPunctuation()
        let rendered = text.rendered(section, wording)
        suggestion =
            rendered.isEmpty ? nil : SuggestedTitle(String(decoding: rendered, as: UTF8.self), .shortDescriptor)
    }
}
