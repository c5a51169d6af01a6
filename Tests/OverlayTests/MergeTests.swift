import Digest
import Model
import TestSupport
import Testing

@Suite("Merging editors' texts")
struct MergeTests {
    @Test("A code's overlay is kept word for word")
    func texts() throws {
        let editorial = try #require(
            try overlaid(
                """
                code: G0001
                title: Examination of an imaginary organ
                summary: >-
                  A text over
                  two lines.
                synonyms:
                  - exam
                  - check
                plain_language: ["Someone looks.", "It does not hurt."]
                clinical_context: Where needed.
                specialties: [Testing]
                billing: Bill it.
                documentation: Write it down.
                questions:
                  - question: Why?
                    answer: Because.
                """
            ).editorial("G0001"))
        #expect(editorial.title == "Examination of an imaginary organ")
        #expect(editorial.summary == "A text over two lines.")
        #expect(editorial.synonyms == ["exam", "check"])
        #expect(editorial.plainLanguage == ["Someone looks.", "It does not hurt."])
        #expect(editorial.clinicalContext == "Where needed.")
        #expect(editorial.specialties == ["Testing"])
        #expect(editorial.billing == .init("Bill it.", .code))
        #expect(editorial.documentation == .init("Write it down.", .code))
        #expect(editorial.questions == [.init(question: "Why?", answer: "Because.", origin: .code)])
        #expect(editorial.sources == [Source(file: "a.yaml", line: 1)])
    }

    @Test(
        "What looks like a number, a truth value or a date stays text",
        arguments: [
            "NO", "no", "Yes", "true", "1e3", "0100", "0x1F", "1_000", "12:30", "2026-01-01", "null", "~", ".5", "1.10",
        ])
    func texts(typed: String) throws {
        let editorial = try overlaid("code: G0001\ntitle: \(typed)\nsynonyms: [\(typed) ]\nsummary: \(typed)\n")
            .editorial("G0001")
        #expect(editorial?.title == typed)
        #expect(editorial?.synonyms == [typed])
    }

    @Test(
        "A code keeps its zeros without quotation marks, and may be in small letters",
        arguments: ["00100", "9991t", "g0001"])
    func codes(code: String) throws {
        #expect(try overlaid("code: \(code)\ntitle: A title\n").editorial(code.uppercased())?.title == "A title")
    }

    @Test(
        "A code's own text comes before its range's, a narrow range's before a wide one's, a range's before the section's"
    )
    func precedence() throws {
        let section = "section: J\nbilling: section\ndocumentation: section\nname: Section name\n"
        let wide = "range: {first: J0001, last: J9999}\nbilling: wide\ndocumentation: wide\nname: Wide name\n"
        let narrow = "range: {first: J0001, last: J0002}\nbilling: narrow\nname: Narrow name\n"
        let own = "code: J0001\nbilling: own\n"
        let canonical = try overlaid(section, own, wide, narrow)
        #expect(canonical.editorial("J0001")?.billing == .init("own", .code))
        #expect(canonical.editorial("J0001")?.documentation == .init("wide", .category))
        #expect(canonical.editorial("J0002")?.billing == .init("narrow", .category))
        #expect(canonical.editorial("J0003")?.billing == .init("wide", .category))
        #expect(canonical.entry("J0001")?.section?.name == "Section name")
        #expect(canonical.entry("J0001")?.category?.name == "Narrow name")
        #expect(canonical.entry("J0003")?.category?.name == "Wide name")
        #expect(canonical.editorial("J0001")?.sources.map(\.file) == ["b.yaml", "d.yaml", "c.yaml", "a.yaml"])
        #expect(canonical.editorial("G0001") == nil)
        #expect(try overlaid(section).editorial("J0003")?.billing == .init("section", .category))
    }

    @Test("The order of the files makes no difference")
    func fileOrder() throws {
        let files = [
            "section: J\nbilling: section\n", "range: {first: J0001, last: J0002}\nbilling: range\n",
            "code: J0001\nsummary: own\n",
        ]
        let forwards = try overlaid(files[0], files[1], files[2])
        let backwards = try overlaid(files[2], files[1], files[0])
        for code in ["J0001", "J0002", "J0003"] {
            #expect(forwards.editorial(code)?.billing == backwards.editorial(code)?.billing)
            #expect(forwards.editorial(code)?.summary == backwards.editorial(code)?.summary)
        }
    }

    @Test("A range of digits does not take in codes with a letter at the end")
    func rangeOfDigits() throws {
        // 9991T lies between 99202 and 99999 if only the characters are compared.
        let canonical = try overlaid("range: {first: '99202', last: '99999'}\nbilling: visits\n")
        #expect(canonical.editorial("99213")?.billing?.text == "visits")
        #expect(canonical.editorial("9991T") == nil)
    }

    @Test("A section of CPT-numbered codes is called by its identifier")
    func cptSection() throws {
        let canonical = try overlaid("section: evaluation_management\nbilling: visits\n")
        #expect(canonical.editorial("99213")?.billing?.text == "visits")
        #expect(canonical.editorial("G0001") == nil)
    }

    @Test(
        "The note on missing RVUs follows the reason",
        arguments: [
            ("J0001", "excluded"), ("J0002", "absent"), ("J0003", "absent"),
        ])
    func notes(code: String, note: String) throws {
        let canonical = try overlaid(
            "section: J\nrvu_notes:\n  excluded_from_fee_schedule: excluded\n  not_on_fee_schedule: absent\n")
        #expect(canonical.editorial(code)?.relativeValueNote == note)
    }

    @Test("A priced code has no note on missing RVUs")
    func noNote() throws {
        let canonical = try overlaid(
            "section: G\nrvu_notes:\n  not_on_fee_schedule: absent\n  no_relative_values: none\n")
        #expect(canonical.editorial("G0001")?.relativeValueNote == nil)
    }

    // MARK: Templates

    private func questions(_ overlays: String..., code: String, tier: Tier = .public) throws -> [Editorial.Question] {
        try overlaid(overlays.joined(separator: "---\n"), tier: tier).editorial(code)?.questions ?? []
    }

    private func category(
        _ question: String, _ answer: String = "An answer.", routes: String? = nil, scope: String = "section: J"
    ) -> String {
        "\(scope)\nquestions:\n  - question: \"\(question)\"\n    answer: \"\(answer)\"\n"
            + (routes.map { "    routes: [\($0)]\n" } ?? "")
    }

    @Test(
        "Variables are filled from the code",
        arguments: [
            ("{{code}}", "J0001"), ("{{ code }}", "J0001"), ("{{title}}", "Made up drug, 1 mg"),
            ("{{section}}", "Drugs other than oral and chemotherapy"),
            ("{{route}}", "injection"), ("{{code}} {{code}}", "J0001 J0001"), ("no variable", "no variable"),
            ("{code}", "{code}"), ("}}{{code}}", "}}J0001"), ("{{! why }}{{code}}", "J0001"),
            ("<{{code}} & 'so'>", "<J0001 & 'so'>"),
            ("{{status}} {{global_days}}", "E XXX"), ("{{unpriced_reason}}", "excluded from fee schedule"),
            ("{{release}} from {{effective_from}}", "RVU19A from 2019-01-01"),
            ("{{#route}}by {{route}}{{/route}}{{^route}}somehow{{/route}}", "by injection"),
            ("{{#dosage}}per {{dosage}}{{/dosage}}{{^dosage}}no unit{{/dosage}}", "no unit"),
        ])
    func variables(template: String, filled: String) throws {
        #expect(try questions(category("What of it?", template), code: "J0001").map(\.answer) == [filled])
    }

    @Test("A question with a variable that the code cannot fill is left out")
    func missingVariable() throws {
        let overlay = category("What of {{route}}?", scope: "section: G")
        #expect(try questions(overlay, code: "G0001").isEmpty)
        #expect(try questions(category("What?", "{{route}}", scope: "section: G"), code: "G0001").isEmpty)
    }

    @Test("A withheld descriptor fills no variable in the public tier", arguments: ["{{title}}", "{{descriptor}}"])
    func withheld(variable: String) throws {
        let overlay = category("What of \(variable)?", scope: "section: evaluation_management")
        #expect(try questions(overlay, code: "99213").isEmpty)
        #expect(try questions(overlay, code: "99213", tier: .licensed).map(\.question) == ["What of withheld text?"])
    }

    @Test("An editors' title fills its variable where the descriptor is withheld")
    func ownTitle() throws {
        let overlay = category("What is {{title}}?", scope: "section: evaluation_management")
        #expect(
            try questions("code: 99213\ntitle: Our own words\n", overlay, code: "99213").map(\.question) == [
                "What is Our own words?"
            ])
    }

    @Test("A question for a route is asked of drugs of that route only")
    func routes() throws {
        let overlay = category("Is it rubbed in?", routes: "topical, transdermal")
        #expect(try questions(overlay, code: "J0002").map(\.question) == ["Is it rubbed in?"])
        #expect(try questions(overlay, code: "J0001").isEmpty)
    }

    @Test("A code's own question comes first, and its category's of the same wording not at all")
    func ownQuestion() throws {
        let own = "code: J0001\nquestions:\n  - {question: \"What is J0001?\", answer: Ours.}\n"
        let found = try questions(own, category("What is {{code}}?", "Theirs."), code: "J0001")
        #expect(found == [.init(question: "What is J0001?", answer: "Ours.", origin: .code)])
    }

    // MARK: Reviews

    private func digest(_ text: String) -> String { "sha256:" + Digest.hex(text) }

    private func review(_ code: String, _ pin: String) throws -> (state: Editorial.ReviewState?, findings: Findings) {
        let canonical = try overlaid("code: \(code)\nsummary: A summary.\n\(pin)")
        return (canonical.editorial(code)?.review?.state, canonical.findings)
    }

    @Test("A review of the descriptor as it is now is current")
    func current() throws {
        let pin = "review: {release: RVU18D, descriptor: \(digest("Made-up examination of an imaginary organ"))}\n"
        #expect(try review("G0001", pin).state == .current)
    }

    @Test("A review of another descriptor is stale and reported with the digest to pin")
    func stale() throws {
        let found = try review("G0001", "review: {release: RVU18D, descriptor: \(digest("Other words"))}\n")
        #expect(found.state == .stale)
        let warning = try #require(found.findings.of("overlay_stale").first)
        #expect(warning.place?.description == "a.yaml:3:39")
        #expect(warning.hint?.contains(digest("Made-up examination of an imaginary organ")) == true)
    }

    @Test("Without a pin a text is unreviewed", arguments: ["", "review: {release: RVU18D}\n"])
    func unreviewed(pin: String) throws { #expect(try review("G0001", pin).state == .unreviewed) }

    @Test(
        "Without a descriptor to compare with a text is unreviewed",
        arguments: [
            "review: {release: RVU18D}\n",
            "review: {release: RVU18D, descriptor: sha256:\(String(repeating: "0", count: 64))}\n",
        ])
    func nothingToCompare(pin: String) throws { #expect(try review("00100", pin).state == .unreviewed) }

    @Test("Texts on a code that CMS has ended are orphaned, and reported")
    func orphaned() throws {
        let found = try review("J0003", "")
        #expect(found.state == .orphaned)
        #expect(found.findings.of("overlay_code_ended").first?.message.contains("2015-12-31") == true)
    }

    @Test("A code that ends during the release is not orphaned yet")
    func endsDuringRelease() throws {
        var release = ReleaseFiles()
        var hcpcs = HCPCS()
        for index in hcpcs.entries.indices where hcpcs.entries[index].code == "J0003" {
            hcpcs.entries[index].fields[HCPCS.terminated] = "20190331"
        }
        release.add(.hcpcs, .txt, hcpcs.text)
        #expect(
            try overlaid("code: J0003\nsummary: A summary.\n", release: release).editorial("J0003")?.review?.state
                == .unreviewed)
    }

    @Test("A category alone is no review")
    func categoryOnly() throws { #expect(try overlaid("section: J\nbilling: x\n").editorial("J0001")?.review == nil) }

    @Test("The texts of categories are kept once, variables unfilled")
    func categoryTexts() throws {
        let rows = try overlaid(category("What is {{code}}?", routes: "oral")).categoryTexts.map(\.cells)
        #expect(
            rows == [
                [.text("J"), .text("question"), .text("1"), .text("What is {{code}}?"), .list(["oral"])],
                [.text("J"), .text("answer"), .text("1"), .text("An answer."), .list(["oral"])],
            ])
    }

    @Test("Without overlays nothing changes")
    func none() throws { #expect(try overlaid().codes == ReleaseFiles().canonical().codes) }
}
