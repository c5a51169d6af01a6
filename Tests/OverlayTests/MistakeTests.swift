import Model
import TestSupport
import Testing

@Suite("Editors' mistakes")
struct MistakeTests {
    @Test(
        "A mistake is refused at its line and column",
        arguments: [
            ("code: G0001\ntitel: x\n", "overlay_key", "2:1"),
            ("code: G0001\nreview: {relase: x}\n", "overlay_key", "2:10"),
            ("section: J\ntitle: x\n", "overlay_key", "2:1"),
            ("section: J\nrvu_notes:\n  because: x\n", "overlay_key", "3:3"),
            ("code: G0001\nquestions:\n  - {question: a, answer: b, routes: [oral]}\n", "overlay_key", "3:30"),
            ("code: G0001\ntitle: ''\n", "overlay_empty", "2:8"),
            ("code: G0001\nsynonyms: [a, '  ']\n", "overlay_empty", "2:15"),
            ("code: G0001\ntitle: [a]\n", "overlay_type", "2:8"),
            ("code: G0001\nsynonyms: a\n", "overlay_type", "2:11"),
            ("code: G0001\nsynonyms: []\n", "overlay_type", "2:11"),
            ("code: G0001\nreview: RVU19A\n", "overlay_type", "2:9"),
            ("code: G0001\nquestions: why\n", "overlay_type", "2:12"),
            ("code: G0001\nquestions: [why]\n", "overlay_type", "2:13"),
            ("section: J\nrvu_notes: none\n", "overlay_type", "2:12"),
            ("range: J0001\n", "overlay_type", "1:8"),
            ("just words\n", "overlay_type", "1:1"),
            ("- a\n- b\n", "overlay_type", "1:1"),
            ("code: G0001\nquestions:\n  - question: a\n", "overlay_question", "3:5"),
            ("section: J\nquestions:\n  - question: '{{cod}}'\n    answer: b\n", "overlay_variable", "3:15"),
            ("section: J\nquestions:\n  - {question: a, answer: b, routes: [rubbed]}\n", "overlay_route", "3:39"),
            ("code: G0001\nreview: {descriptor: sha256:abc}\n", "overlay_pin", "2:22"),
            ("title: x\n", "overlay_scope", "1:1"),
            ("section: J\nrange: {first: J0001, last: J0002}\n", "overlay_scope", "1:10"),
            ("range: {first: J0002, last: J0001}\n", "overlay_scope", "1:8"),
            ("range: {first: J0001}\n", "overlay_scope", "1:8"),
            ("section: JJ\nname: x\n", "overlay_section_unknown", "1:1"),
            ("code: G9999\ntitle: x\n", "overlay_code_unknown", "1:7"),
            ("code: G00O1\ntitle: x\n", "overlay_code_unknown", "1:7"),
            ("code: far too long\ntitle: x\n", "overlay_code_unknown", "1:7"),
            ("code: G0001\n---\ncode: G0001\n", "overlay_duplicate", "3:7"),
            ("section: J\n---\nsection: J\n", "overlay_duplicate", "3:1"),
            (
                "range: {first: J0001, last: J0002}\n---\nrange: {first: J0001, last: J0002}\n", "overlay_duplicate",
                "3:1"
            ),
            ("code: G0001\ntitle: a: b\n", "overlay_yaml", "2:9"),
            ("code: G0001\ntitle: 'a\n", "overlay_yaml", "3:1"),
            ("code: G0001\ntitle: a\ntitle: b\n", "overlay_yaml", "2:1"),
        ])
    func mistakes(yaml: String, id: String, place: String) {
        let found = refused(yaml)
        #expect(found?.ids == [id])
        #expect(found?.places.first == "a.yaml:\(place)")
        #expect(found?.kind == .badData)
    }

    @Test("All mistakes of all files are listed at once")
    func together() {
        let found = refusal {
            try overlaid("code: G0001\ntitel: x\nsummary: ''\n", "code: G9999\n", "section: J\nname: []\n")
        }
        #expect(found?.places.sorted() == ["a.yaml:2:1", "a.yaml:3:10", "b.yaml:1:7", "c.yaml:2:7"])
    }

    @Test(
        "A synonym that repeats another or the title in other letter case is reported",
        arguments: [
            ("title: Exam\nsynonyms: [exam]\n", "3:12"), ("synonyms: [check, Check]\n", "2:19"),
        ])
    func synonyms(texts: String, place: String) throws {
        let canonical = try overlaid("code: G0001\n\(texts)")
        #expect(canonical.findings.of("overlay_synonym_repeats").map(\.place?.description) == ["a.yaml:\(place)"])
    }

    @Test("Without a HCPCS file a Level II code cannot be looked up: it is reported and left out")
    func withoutHCPCS() throws {
        var release = ReleaseFiles()
        release.remove(.hcpcs)
        let canonical = try overlaid("code: L0001\ntitle: A brace\n", release: release)
        #expect(canonical.entry("L0001") == nil)
        #expect(canonical.findings.of("overlay_code_absent").count == 1)
        #expect(refused("code: L000\ntitle: A brace\n", release: release)?.ids == ["overlay_code_unknown"])
        #expect(refused("code: 99999\ntitle: No code\n", release: release)?.ids == ["overlay_code_unknown"])
    }

    @Test("An empty file is no mistake", arguments: ["", "\n", "# a remark\n", "---\n"])
    func empty(yaml: String) { #expect(refused(yaml)?.description == nil) }

    @Test("Random YAML is merged or refused, never a crash", arguments: 1...20 as ClosedRange<UInt64>)
    func randomYAML(seed: UInt64) {
        var random = SeededRandom(seed)
        let whole = Array(
            "code: G0001\ntitle: \"a {{code}}\"\nsynonyms:\n  - a\n  - 'b'\nquestions:\n  - {question: a, answer: b}\nreview:\n  release: x\n"
                .utf8)
        for _ in 0..<50 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int.random(in: bytes.indices, using: &random)] =
                    Array(": -[]{}'\"\n&*!|>#%@`a".utf8).randomElement(using: &random) ?? 0
            }
            let found = refused(String(decoding: bytes, as: UTF8.self))
            #expect(found?.ids.contains("not_an_ingest_error") != true)
        }
    }

    @Test("The messages of typical mistakes are the recorded ones")
    func messages() {
        let mistakes = [
            ("a key with a typing error", "code: G0001\nsynonym:\n  - exam\n"),
            ("a code that CMS dropped", "code: G9999\ntitle: x\n"),
            ("a text with a colon and no quotation marks", "code: G0001\nsummary: Note: this breaks\n"),
            (
                "a variable with a typing error",
                "section: J\nquestions:\n  - question: \"What is {{tilte}}?\"\n    answer: x\n"
            ),
            ("a reason that does not exist", "section: J\nrvu_notes:\n  bundeled: x\n"),
            ("a text left empty", "code: G0001\nbilling:\n"),
            ("two overlays of a code", "code: G0001\n---\ncode: g0001\n"),
            ("a section that does not exist", "section: drugs\nname: x\n"),
        ]
        let all = mistakes.map { "# \($0)\n\(refused($1)?.description ?? "(accepted)")\n" }.joined(separator: "\n")
        #expect(difference(of: all, fromGolden: "messages.txt") == nil)
    }
}
