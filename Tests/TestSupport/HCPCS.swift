/// A HCPCS Level II file in CMS's 320-byte records.
public struct HCPCS: Sendable {
    public struct Entry: Sendable {
        public var code: String
        public var long: String
        public var short: String
        /// Other fields by their first position.
        public var fields: [Int: String]

        public init(_ code: String, _ long: String, short: String = "Made up", _ fields: [Int: String] = [:]) {
            self.code = code
            self.long = long
            self.short = short
            self.fields = [230: "C", 269: "20020101", 277: "20020101", 293: "N", 257: "Z2"].merging(fields) { _, new in
                new
            }
        }
    }

    public static let pricing = 120, betos = 257, coverage = 230, added = 269, terminated = 285, action = 293

    public var entries: [Entry]
    public var preamble: [String] = []
    public var lineEnd = "\r\n"

    public init(_ entries: [Entry] = Self.sample) { self.entries = entries }

    /// A code of every section, two modifiers, and the codes that the PPRRVU sample has too. All texts are
    /// made up.
    public static let sample: [Entry] = [
        Entry("A1", "Made-up modifier for the first of two things"), Entry("ZZ", "Made-up modifier for the second"),
        Entry("A0001", "Made-up ride in a carriage", short: "Made up ride"), Entry("B0001", "Made-up feeding set"),
        Entry("C0001", "Made-up hospital item"), Entry("E0001", "Made-up chair"),
        Entry("G0001", "Made-up examination of an imaginary organ", short: "Made up exam"),
        Entry("G0002", "Made-up visit to an invented place", short: "Made up visit"), Entry("G0003", "Made-up bundle"),
        Entry("G0004", "Made-up test", short: "Made up test"),
        Entry("G0005", "Made-up rental", short: "Made up rental"),
        Entry("G0117", "Made-up screening"), Entry("H0001", "Made-up session"),
        Entry(
            "J0001",
            "Injection, made-up drug for tests of long descriptors that need more than the eighty characters "
                + "of a single record, 1 mg", short: "Made up drug, 1 mg",
            [pricing: "51", betos: "O1E"]),
        Entry("J0002", "Made-up gel for topical administration, 1 gram", [pricing: "51", betos: "O1E"]),
        Entry(
            "J0003", "Made-up implant that has ended, 5 mg",
            [pricing: "51", betos: "O1E", terminated: "20151231", action: "D"]),
        Entry("K0001", "Made-up wheel"), Entry("L0001", "Made-up brace"), Entry("M0001", "Made-up measure"),
        Entry("P0001", "Made-up smear"), Entry("Q0001", "Made-up temporary thing"), Entry("R0001", "Made-up transport"),
        Entry("S0001", "Made-up private thing"), Entry("T0001", "Made-up agency thing"), Entry("V0001", "Made-up lens"),
    ]

    public var text: String { lines(preamble + entries.flatMap(Self.records), lineEnd) }

    /// The records of one entry: the descriptor is broken between words.
    public static func records(_ entry: Entry) -> [String] {
        let isModifier = entry.code.count == 2
        var segments = [""]
        for word in entry.long.split(separator: " ") {
            let longer = segments[segments.count - 1].isEmpty ? String(word) : segments[segments.count - 1] + " " + word
            if longer.count <= 79 { segments[segments.count - 1] = longer } else { segments.append(String(word)) }
        }
        return segments.enumerated().map { index, segment in
            let sequence = String("0000\(index + 1)00".suffix(5))
            let kind = isModifier ? (index == 0 ? "7" : "8") : (index == 0 ? "3" : "4")
            var fields: [(ClosedRange<Int>, String)] = [
                (1...5, isModifier ? "   " + entry.code : entry.code), (6...10, sequence), (11...11, kind),
                (12...91, segment),
            ]
            if index == 0 {
                fields.append((92...119, entry.short))
                fields += entry.fields.map { ($0.key...320, $0.value) }
            }
            return record(length: 320, fields)
        }
    }
}
