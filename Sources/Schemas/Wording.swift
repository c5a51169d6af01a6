import Model

/// A row of `values/abbreviations.csv`: what an abbreviation of CMS's short descriptors stands for, and where.
public struct Abbreviation: Sendable {
    /// What has to stand beside the abbreviation for this reading to hold.
    public enum Neighbour: Sendable, Equatable {
        case anything
        /// A number: `30 min`, `10mg`.
        case number
        /// Nothing: the abbreviation begins the text.
        case start
        /// One of these words.
        case words([[UInt8]])
    }

    /// In small letters; may hold a slash (`w/o`) or be a symbol (`&`).
    public let abbreviation: String
    /// Empty where the abbreviation has to stay as it is.
    public let expansion: String
    /// Letters of the Level II sections in which the reading holds; empty for all.
    public let sections: [UInt8]
    public let after: Neighbour
    public let before: Neighbour
    /// Whether the reading holds without the long descriptor to confirm it.
    public let isCertain: Bool

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [Abbreviation] {
        var rows: [Abbreviation] = []
        for row in table.rows {
            let abbreviation = try row("abbreviation")
            guard !abbreviation.isEmpty, abbreviation == abbreviation.lowercased() else {
                throw row.invalid("an abbreviation is written in small letters")
            }
            let certain = try row("certain")
            guard certain == "yes" || certain == "no" else { throw row.invalid("certain is yes or no") }
            rows.append(
                Abbreviation(
                    abbreviation: abbreviation, expansion: try row("expansion"),
                    sections: Array(try row("sections").utf8), after: neighbour(try row("after")),
                    before: neighbour(try row("before")), isCertain: certain == "yes"))
        }
        return rows
    }

    private static func neighbour(_ text: String) -> Neighbour {
        switch text {
        case "": .anything
        case "number": .number
        case "start": .start
        default: .words(text.split(separator: " ").map { Array($0.utf8) })
        }
    }
}

/// A row of `values/letter-case.csv`: how a word is written that CMS's texts have in small letters.
public struct WrittenWord: Sendable {
    /// `HCl`, `VIII`, `Medicare`.
    public let written: String
    /// Letters of the Level II sections in which the word is meant; empty for all.
    public let sections: [UInt8]

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [WrittenWord] {
        var rows: [WrittenWord] = []
        for row in table.rows {
            let written = try row("written")
            guard !written.isEmpty, written != written.lowercased() else {
                throw row.invalid("'\(written)' has no capital: it needs no row")
            }
            rows.append(WrittenWord(written: written, sections: Array(try row("sections").utf8)))
        }
        return rows
    }
}
