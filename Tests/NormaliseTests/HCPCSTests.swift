import Model
import TestSupport
import Testing

@Suite("HCPCS Level II and the join")
struct HCPCSTests {
    private func release(_ change: (inout HCPCS) -> Void) -> ReleaseFiles {
        var release = ReleaseFiles()
        var file = HCPCS()
        change(&file)
        release.add(.hcpcs, .txt, file.text)
        return release
    }

    private func editing(_ body: (String) -> String) -> ReleaseFiles {
        var release = ReleaseFiles()
        release.edit(.hcpcs, .txt, body)
        return release
    }

    /// The lines of the one entry that has two.
    private var longEntry: [String] {
        HCPCS.sample.map(HCPCS.records).first { $0.count > 1 } ?? []
    }

    @Test("A long descriptor is put together from its records with one blank between them")
    func longDescriptor() throws {
        let entry = try #require(try ReleaseFiles().canonical().entry("J0001"))
        #expect(
            entry.longDescriptor
                == "Injection, made-up drug for tests of long descriptors that need more than the eighty "
                + "characters of a single record, 1 mg")
        #expect(entry.shortDescriptor == "Made up drug, 1 mg")
        #expect(entry.hcpcs?.source.file == "hcpcs.txt")
    }

    @Test("Any text of words is put together as it was", arguments: 1...10 as ClosedRange<UInt64>)
    func randomDescriptors(seed: UInt64) throws {
        var random = SeededRandom(seed)
        var texts: [String: String] = [:]
        let release = release { file in
            for index in file.entries.indices where file.entries[index].code.count == 5 {
                let words = (0..<Int.random(in: 1...90, using: &random)).map { _ in
                    String(decoding: random.bytes(of: Array("abcdefg,;-()".utf8), count: 1...14), as: UTF8.self)
                }
                file.entries[index].long = words.joined(separator: " ")
                texts[file.entries[index].code] = file.entries[index].long
            }
        }
        for entry in try release.canonical().codes {
            #expect(entry.longDescriptor == texts[entry.code.description])
        }
    }

    @Test("A continuation that is missing, doubled or out of order is refused")
    func sequence() {
        let text = HCPCS().text
        let second = longEntry[1] + "\r\n"
        #expect(longEntry.count == 2)
        // The third record of three without the second.
        let gap = HCPCS.records(HCPCS.Entry("J0001", String(repeating: "word ", count: 40)))
        #expect(gap.count == 3)
        let entry = longEntry.joined(separator: "\r\n")
        #expect(
            editing { _ in text.replacing(entry, with: "\(gap[0])\r\n\(gap[2])") }.refusal?.ids == ["hcpcs_sequence"])
        #expect(editing { _ in text.replacing(second, with: second + second) }.refusal?.ids == ["hcpcs_sequence"])
        #expect(editing { _ in second + text.replacing(second, with: "") }.refusal?.ids == ["hcpcs_sequence"])
    }

    @Test("A first record must have the sequence number 100")
    func firstRecord() {
        let first = longEntry[0]
        let refused = editing { $0.replacing(first, with: first.replacing("J000100100", with: "J000100200")) }.refusal
        #expect(refused?.ids.contains("hcpcs_record") == true)
    }

    @Test("A file that lacks a section is cut", arguments: ["A", "J", "V"])
    func sections(letter: String) {
        let refused = release { $0.entries.removeAll { $0.code.hasPrefix(letter) && $0.code.count == 5 } }.refusal
        #expect(refused?.ids == ["hcpcs_sections"])
        #expect(refused?.description.contains("there is no code of section \(letter)") == true)
    }

    @Test("A code or modifier that stands twice is refused", arguments: ["A1", "G0001"])
    func duplicates(code: String) {
        let refused = release { file in file.entries += file.entries.filter { $0.code == code } }.refusal
        #expect(refused?.ids == ["key_repeats"])
    }

    @Test("Dates and numbers that cannot be read are errors at their bytes")
    func unreadable() {
        let refused = release { file in
            file.entries[2].fields[HCPCS.added] = "20261301"
            file.entries[3].fields[266] = "x"
        }.refusal
        #expect(refused?.ids == ["date_invalid", "number_invalid"])
        #expect(refused?.places == ["hcpcs.txt:3:269", "hcpcs.txt:4:266"])
    }

    @Test("Values that no table lists are kept and reported")
    func unknownValues() throws {
        let release = release {
            $0.entries[4].fields.merge([HCPCS.pricing: "77", HCPCS.coverage: "?"]) { _, new in new }
        }
        #expect(release.refusal?.description == nil)
        let canonical = try release.canonical()
        #expect(canonical.findings.of("hcpcs_value_unknown").count == 2)
        #expect(canonical.entry("C0001")?.hcpcs?.pricing == ["77"])
    }

    @Test("Several values side by side are told apart by their places")
    func lists() throws {
        let release = release {
            $0.entries[2].fields.merge([120: "  51", 129: "60-9", 205: "G0001     G0002"]) { _, new in new }
        }
        let record = try #require(try release.canonical().entry("A0001")?.hcpcs)
        #expect(record.pricing == ["51"])
        #expect(record.coverageIssuesManual == ["60-9"])
        #expect(record.crossReferences == ["G0001", "G0002"])
    }

    @Test("Modifiers are a table of their own, sorted")
    func modifiers() throws {
        let canonical = try ReleaseFiles().canonical()
        #expect(canonical.modifiers.map(\.code.description) == ["A1", "ZZ"])
        #expect(canonical.entry("A1") == nil)
    }

    // MARK: The join

    @Test("Every code of either file is there once", arguments: ["RVU19A", "RVU27A"])
    func union(label: String) throws {
        let canonical = try ReleaseFiles(label).canonical()
        let expected = Set(PPRRVU.sample.map { $0["code"] } + HCPCS.sample.map(\.code).filter { $0.count == 5 })
        #expect(canonical.codes.map(\.code.description) == expected.sorted())
    }

    @Test(
        "A code that one side lacks says why",
        arguments: [
            ("99213", nil, "cpt"), ("9991T", nil, "cpt"), ("D0001", nil, "cdt"), ("G0001", nil, nil),
            ("J0003", "terminated", nil),
            ("J0002", "not_on_fee_schedule", nil), ("B0001", "section_not_on_fee_schedule", nil),
            ("K0001", "section_not_on_fee_schedule", nil),
        ] as [(String, String?, String?)])
    func absence(code: String, values: String?, hcpcs: String?) throws {
        let entry = try #require(try ReleaseFiles().canonical().entry(code))
        #expect(entry.relativeValuesAbsence == values)
        #expect(entry.hcpcsAbsence == hcpcs)
        #expect(entry.relativeValues.isEmpty == (values != nil))
        #expect((entry.hcpcs == nil) == (hcpcs != nil))
    }

    @Test("A Level II code that the HCPCS file lacks is reported; without that file it is not")
    func notInHCPCS() throws {
        var lacking = release { $0.entries.removeAll { $0.code == "G0001" } }
        #expect(try lacking.canonical().entry("G0001")?.hcpcsAbsence == "not_in_hcpcs_file")
        #expect(try lacking.canonical().findings.of("hcpcs_absent").count == 1)
        lacking.remove(.hcpcs)
        #expect(try lacking.canonical().entry("G0001")?.hcpcsAbsence == "no_hcpcs_file")
        #expect(try lacking.canonical().findings.of("hcpcs_absent").isEmpty)
    }

    @Test("A placeholder code is published and reported")
    func placeholder() throws {
        var release = ReleaseFiles()
        let rows = (PPRRVU.sample + [PPRRVU.Row("GXXX1", status: "C")]).sorted { $0["code"] < $1["code"] }
        release.add(.pprrvu, .csv, PPRRVU(year: 2019, rows: rows))
        #expect(release.refusal?.description == nil)
        #expect(try release.canonical().entry("GXXX1")?.hcpcsAbsence == "placeholder")
        #expect(Findings(try release.verification().diagnostics).ids == ["code_shape"])
    }

    @Test("Where the files word a short descriptor differently, the HCPCS file's is taken and the other reported")
    func shortDescriptors() throws {
        let canonical = try release { $0.entries[6].short = "Other words" }.canonical()
        #expect(canonical.entry("G0001")?.shortDescriptor == "Other words")
        #expect(canonical.findings.of("short_descriptors_differ").count == 1)
    }

    @Test(
        "A drug's route is told from its long descriptor",
        arguments: [("J0001", "injection"), ("J0002", "topical"), ("J0003", "implant"), ("A0001", nil)]
            as [(String, String?)])
    func routes(code: String, route: String?) throws {
        #expect(try ReleaseFiles().canonical().entry(code)?.route == route)
    }

    @Test("Only what the sample makes up is reported of it")
    func quiet() throws {
        #expect(try ReleaseFiles().canonical().findings.ids == ["row_count"])
        #expect(try ReleaseFiles("RVU27A").canonical().findings.ids == ["row_count"])
    }
}
