import Model
import Schemas
import TestSupport
import Testing

@Suite("Suggested titles")
struct TitleTests {
    /// The title suggested for a Level II code with these texts; the HCPCS file lacks the code where `long` is `nil`.
    private func title(_ short: String, _ long: String?, code: String = "A0001") throws -> SuggestedTitle? {
        var release = ReleaseFiles()
        var hcpcs = HCPCS()
        hcpcs.entries.removeAll { $0.code == code }
        if let long {
            hcpcs.entries.append(HCPCS.Entry(code, long, short: short))
            hcpcs.entries.sort { ($0.code.count, $0.code) < ($1.code.count, $1.code) }
        }
        release.add(.hcpcs, .txt, hcpcs.text)
        return try release.canonical().entry(code)?.suggestedTitle
    }

    private static let filler =
        ", with more words about it than a name has room for, so that it cannot be the name of it"

    @Test(
        "A long descriptor that is short enough is the name, its punctuation and capitals mended",
        arguments: [
            ("made-up drug (brand), 0.01 mg", "Made-up drug (brand), 0.01 mg"),
            ("Injection., made-up drug, , 10mg", "Injection, made-up drug, 10 mg"),
            ("Thing ,each ; box", "Thing, each; box"), ("Tray,with bag", "Tray, with bag"),
            ("Pad, 16 sq. in., each", "Pad, 16 sq in, each"),
            ("Supply (e.g., foam, gel), each", "Supply (such as foam, gel), each"),
            ("Thing, (maker), 1 mg", "Thing (maker), 1 mg"),
            ("Thing (half a parenthesis", "Thing (half a parenthesis)"),
            ("Thing) whole, each", "Thing whole, each"),
            ("Factor viii, per i.u.", "Factor VIII, per I.U."),
            ("Made-up hcl by iv, per fda", "Made-up HCl by IV, per FDA"),
            ("Not equivalent to j9305, type b", "Not equivalent to J9305, type B"),
            (">=50% of the patients", "At least 50% of the patients"),
            ("Add-on (list separately in addition to code for primary procedure)", "Add-on"),
            ("Made-up drug-tdfk, 0.01 mg", "Made-up drug-tdfk, 0.01 mg"), ("\"y set\" tubing", "\"Y set\" tubing"),
        ])
    func long(descriptor: String, title expected: String) throws {
        #expect(try title("Short", descriptor) == SuggestedTitle(expected, .longDescriptor))
    }

    @Test(
        "A long descriptor that is too long gives way to the short one, which it helps to read",
        arguments: [
            (
                "Cath w/drainage 2-way latex", "Catheter with drainage, two or 2-way, latex",
                "Catheter with drainage 2-way latex"
            ),
            ("Inj., lumoxiti, 0.01 mg", "Injection, lumoxiti, 0.01 mg", "Injection, Lumoxiti, 0.01 mg"),
            ("Ext ureth clmp", "External urethral clamp", "External urethral clamp"),
            ("Screening 30min ea", "Screening, 30 minutes, each", "Screening 30 minutes each"),
            ("Free motio", "Free motion", "Free motion"), ("Bag w/ tube &", "Bag with tube and more", "Bag with tube"),
            ("Hcl in box", "Hcl in a box", "HCl in box"), ("Non aed pump", "Automated pump", "Non AED pump"),
        ])
    func short(descriptor: String, long: String, title expected: String) throws {
        let whole = long + Self.filler + Self.filler
        #expect(try title(descriptor, whole) == SuggestedTitle(expected, .shortDescriptor))
    }

    @Test("Between a riddle and a long descriptor that is bearable the long one is taken")
    func riddle() throws {
        let long =
            "Ostomy pouch with something built in and with a filter that nobody can guess from the other text, each"
        #expect(try title("Ost pch w bltfltr qq", long)?.text == long)
        #expect(try title("Ost pch w fil", long)?.text == "Ostomy pouch with filter")
    }

    @Test("A short descriptor that says more than the long one is the name")
    func outdone() throws {
        #expect(try title("Assay of gold", "Gold") == SuggestedTitle("Assay of gold", .shortDescriptor))
        #expect(try title("Drugs unclassified injection", "Unclassified drugs")?.text == "Unclassified drugs")
    }

    @Test(
        "An abbreviation of several readings is expanded under its guard only",
        arguments: [
            ("G0001", "No mg perf", "Oncology measures group not performed", "No measures group performed"),
            ("A0001", "Thing 5mg", "Thing of 5 mg", "Thing 5 mg"), ("G0001", "Pt rec care", "Care", "Patient rec care"),
            ("A0001", "Pt care", "Care", "Pt care"), ("E0001", "Hd chair", "A heavy duty chair", "Heavy duty chair"),
            ("G0001", "Hd pain", "A head in pain", "Head pain"), ("A0001", "Md thing", "Thing", "Md thing"),
            ("L0001", "Bk brace", "A brace below knee", "Below knee brace"),
            ("G0001", "Bk pain", "Back pain", "Back pain"),
            ("G0001", "Adm sq drug", "Administration of a subcutaneous drug", "Administration subcutaneous drug"),
            ("A0001", "Foil 2 sq cm", "Foil of 2 square centimeters", "Foil 2 square centimeters"),
        ])
    func guards(code: String, short: String, long: String, title expected: String) throws {
        #expect(try title(short, long + Self.filler + Self.filler, code: code)?.text == expected)
    }

    @Test("A title made into a descriptor gives the same title")
    func idempotent() throws {
        for (short, long) in [
            ("Cath w/drainage 2-way latex", "Catheter with drainage, two or 2-way, latex"),
            ("Inj., x, 0.01mg", "Injection, x, 0.01mg"),
            ("Factor viii 1 i.u.", "Factor viii, 1 i.u."), ("Thing (e.g. foam)", "Thing (e.g., foam) ,each."),
        ] {
            for end in ["", Self.filler + Self.filler] {
                let first = try #require(try title(short, long + end))
                #expect(try title(short, first.text)?.text == first.text)
            }
        }
    }

    @Test("Texts of other owners are never made into a title, and a code without a text has none")
    func owners() throws {
        let codes = try ReleaseFiles().canonical().codes
        for entry in codes where entry.system != .hcpcs {
            #expect(entry.suggestedTitle == nil, "\(entry.code)")
            #expect(entry.titleOrigin(in: .public) == nil)
        }
        #expect(codes.contains { $0.system == .cpt && $0.titleOrigin(in: .licensed) == .descriptor })
    }

    @Test(
        "Random texts become titles without a blank too many or an open parenthesis",
        arguments: 1...8 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let parts = [
            "inj", "(", ")", ",", ".", ";", "w/", "w/o", "10mg", "&", "e.g.,", "\"", ">=5", "sq", "cm", "-", "x", "ea.",
            "nos",
        ]
        for _ in 0..<20 {
            let text =
                "Word "
                + (0..<Int.random(in: 1...9, using: &random)).map { _ in
                    (parts.randomElement(using: &random) ?? "") + (Bool.random(using: &random) ? " " : "")
                }.joined()
            let made = try #require(try title(String(text.prefix(28)), text)).text
            #expect(!made.contains("  ") && !made.contains(",,") && !made.contains("( "), "\(text) became \(made)")
            #expect(made.count { $0 == "(" } == made.count { $0 == ")" }, "\(text) became \(made)")
            #expect(made.hasPrefix("Word"), "\(text) became \(made)")
        }
    }

    @Test("Readings are listed once, in order, and no row makes number of no")
    func table() {
        let rows = schemas.abbreviations
        #expect(
            rows.map(\.abbreviation)
                == rows.map(\.abbreviation).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        #expect(!rows.contains { $0.abbreviation == "no" && !$0.expansion.isEmpty })
        for unit in ["mg", "mcg", "ml"] {
            #expect(rows.contains { $0.abbreviation == unit && $0.after == .number && $0.expansion.isEmpty }, "\(unit)")
            #expect(!rows.contains { $0.abbreviation == unit && $0.expansion.hasPrefix("milli") }, "\(unit)")
        }
        let written = schemas.writtenWords
        #expect(
            Set(written.map { $0.written.lowercased() + String(decoding: $0.sections, as: UTF8.self) }).count
                == written.count)
    }
}
