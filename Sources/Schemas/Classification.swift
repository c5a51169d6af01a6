public import Model

/// Sections, categories and routes: our own words for groups of codes, so that none needs the AMA's.
public struct Classification: Sendable {
    private struct Range {
        let codes: Codes
        let section: Label
        let category: Label
    }

    /// From one code to another. Without its labels, which every look at a range would count owners of.
    private struct Codes {
        let first: Code
        let last: Code

        /// Five digits, or four digits and the letter that the range ends in.
        func contains(_ code: Code) -> Bool {
            first <= code && code <= last && code[4].isLetter == last[4].isLetter
                && (!last[4].isLetter || code[4] == last[4])
        }
    }

    private struct Route {
        let name: String
        let phrase: String
        let priority: Int
    }

    private let ranges: [Range]
    private let codesOfRanges: [Codes]
    private let sections: [UInt8: (label: Label, isOnFeeSchedule: Bool)]
    private let routes: [Route]
    private let betos: [Indicator: Label]

    init(
        ranges rangeTable: EmbeddedTable, sections sectionTable: EmbeddedTable, routes routeTable: EmbeddedTable,
        betos: IndicatorValues
    ) throws(IngestError) {
        var ranges: [Range] = []
        for row in rangeTable.rows {
            guard let first = Code(try row("first")), let last = Code(try row("last")), first <= last else {
                throw row.invalid("the range cannot be read")
            }
            ranges.append(
                Range(
                    codes: Codes(first: first, last: last),
                    section: Label(id: try row("section"), name: try row("section_name")),
                    category: Label(id: try row("category"), name: try row("category_name"))))
        }
        self.ranges = ranges
        codesOfRanges = ranges.map(\.codes)
        var sections: [UInt8: (label: Label, isOnFeeSchedule: Bool)] = [:]
        for row in sectionTable.rows {
            let letter = try row("letter")
            guard let first = letter.utf8.first else { throw row.invalid("no letter") }
            sections[first] = (Label(id: letter, name: try row("name")), try row("on_fee_schedule") == "yes")
        }
        self.sections = sections
        var routes: [Route] = []
        for row in routeTable.rows {
            routes.append(
                Route(
                    name: try row("route"), phrase: try row("phrase"),
                    priority: try row.integer("priority") ?? 0))
        }
        self.routes = routes.sorted { $0.priority < $1.priority }
        self.betos = Dictionary(
            uniqueKeysWithValues: betos["betos"].map { ($0.key, Label(id: $0.key.description, name: $0.value)) })
    }

    /// The section of `code`, `nil` for a shape that CMS does not assign.
    public func section(of code: Code) -> Label? {
        guard code.hasAssignedShape else { return nil }
        if code[0].isLetter {
            return sections[code[0]]?.label
        }
        return range(of: code)?.section
    }

    /// The category of `code`: its range, or for Level II the BETOS class of its HCPCS record, and its section
    /// where there is no class (D codes, and every code when there is no HCPCS file).
    public func category(of code: Code, betos value: Indicator) -> Label? {
        guard code.hasAssignedShape else { return nil }
        if code[0].isLetter {
            return betos[value] ?? section(of: code)
        }
        return range(of: code)?.category
    }

    private func range(of code: Code) -> Range? {
        codesOfRanges.firstIndex { $0.contains(code) }.map { ranges[$0] }
    }

    /// Every section's identifier.
    public var sectionIDs: Set<String> {
        Set(sections.values.map(\.label.id)).union(ranges.map(\.section.id))
    }

    /// Whether codes of this Level II letter can be in PPRRVU at all.
    public func isOnFeeSchedule(letter: UInt8) -> Bool { sections[letter]?.isOnFeeSchedule ?? true }

    /// The letters of the sections that a whole HCPCS file has: all but dental.
    public var hcpcsLetters: [UInt8] { sections.keys.filter { $0 != UInt8(ascii: "D") }.sorted() }

    /// The route by which a drug is given, as its descriptor states it; `nil` where it states none.
    public func route(descriptor: String) -> String? {
        let words = Array(descriptor.lowercased().utf8)
        return routes.first { words.containsPhrase(Array($0.phrase.utf8)) }?.name
    }

    /// What sections, categories and routes mean: our names for them, the codes of a category and the words of a
    /// descriptor that tell a route.
    var meanings: [ValueMeaning] {
        var meanings = sections.values.map { ValueMeaning("section", $0.label.id, $0.label.name) }
            .sorted { $0.value < $1.value }
        for range in ranges where !meanings.contains(where: { $0.value == range.section.id }) {
            meanings.append(ValueMeaning("section", range.section.id, range.section.name))
        }
        var categories: [(label: Label, codes: [String])] = []
        for range in ranges {
            let (first, last) = (range.codes.first, range.codes.last)
            let codes = first == last ? "\(first)" : "\(first)–\(last)"
            if let index = categories.firstIndex(where: { $0.label == range.category }) {
                categories[index].codes.append(codes)
            } else {
                categories.append((range.category, [codes]))
            }
        }
        meanings += categories.map { label, codes in
            ValueMeaning("category", label.id, "\(label.name): \(codes.joined(separator: ", "))")
        }
        let phrases = Dictionary(grouping: routes, by: \.name)
        meanings += routeNames.sorted().map { name in
            let words = (phrases[name] ?? []).map(\.phrase).joined(separator: "; ")
            return ValueMeaning("route", name, "The descriptor says: \(words)")
        }
        return meanings
    }

    /// Every route's name.
    public var routeNames: Set<String> { Set(routes.map(\.name)) }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (0x41...0x5A).contains(self) }
    fileprivate var isWordCharacter: Bool {
        (0x30...0x39).contains(self) || (0x61...0x7A).contains(self)
    }
}

extension [UInt8] {
    /// Whether `phrase` stands in the text with no letter or digit touching it.
    fileprivate func containsPhrase(_ phrase: [UInt8]) -> Bool {
        guard !phrase.isEmpty, count >= phrase.count else { return false }
        for start in 0...(count - phrase.count) where self[start] == phrase[0] {
            let end = start + phrase.count
            if self[start..<end].elementsEqual(phrase), start == 0 || !self[start - 1].isWordCharacter,
                end == count || !self[end].isWordCharacter
            {
                return true
            }
        }
        return false
    }
}
