import Foundation
import Model
import Overlay
import Pipeline
import Schemas
import TestSupport
import Testing

/// The small release of samples/, whose codes the examples of the rules are about.
private let sample: Result<Canonical, IngestError> = {
    let folder = URL.checkout().appendingPathComponent("samples")
    let inputs = ["rvu26a.zip", "january-2026-alpha-numeric-hcpcs-file.zip"].map {
        folder.appendingPathComponent($0).path
    }
    do throws(IngestError) {
        return .success(
            try desk(
                label: "RVU26A", inputs: inputs, overlays: folder.appendingPathComponent("overlays").path,
                schemas: schemas
            ) { _ in }.canonical)
    } catch { return .failure(error) }
}()

private func lint(_ text: String, change: (inout Canonical) -> Void = { _ in }) throws -> LintReport {
    var canonical = try sample.get()
    change(&canonical)
    return try Overlay.lint([OverlayFile(path: "a.yaml", text: text)], against: canonical, schemas: schemas)
}

private func places(_ report: LintReport) -> [String] {
    report.findings.map { "\($0.place.line ?? 0):\($0.place.column ?? 0) \($0.rule)" }
}

private let book: [LintRule] = (try? RuleBook().rules) ?? []

@Suite("The rules for overlays")
struct LintTests {
    @Test("The page of rules is read: every rule once, and with examples but for those that cannot show any")
    func page() throws {
        #expect(book.count > 30)
        #expect(Set(book.map(\.id)).count == book.count)
        #expect(
            book.filter { $0.wrong.isEmpty }.map(\.id) == [
                "overlay_code_absent", "overlay_code_ended", "overlay_reuse_suspected", "overlay_licensed_text",
            ])
    }

    @Test("The wrong example of a rule breaks this rule and no other, the right one none", arguments: book.map(\.id))
    func examples(id: String) throws {
        let rule = try #require(try RuleBook()[id])
        guard !rule.wrong.isEmpty else { return }
        let wrong = try lint(rule.wrong)
        #expect(Set(wrong.findings.map(\.rule)) == [id], "\(wrong.findings)")
        #expect(wrong.findings.allSatisfy { $0.severity == rule.severity && $0.place.line != nil })
        #expect(try lint(rule.right).findings == [])
    }

    @Test("No rule that the program reports is missing from the page, and none is there that it never reports")
    func complete() throws {
        let folder = URL.checkout().appendingPathComponent("Sources/Overlay")
        var named: Set<String> = []
        for case let file as URL in FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
            ?? .init()
        where file.pathExtension == "swift" && file.deletingLastPathComponent().lastPathComponent != "Editing" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for part in text.split(separator: "\"")
            where part.hasPrefix("overlay_") && part.allSatisfy({ $0.isLetter || $0 == "_" }) {
                named.insert(String(part))
            }
        }
        // The findings of every reader of YAML.
        named.formUnion(["overlay_key", "overlay_yaml"])
        #expect(named.symmetricDifference(book.map(\.id)).sorted() == [])
    }

    /// A descriptor of our own in the place of CMS's, which tests must not hold.
    private func licensed(_ canonical: inout Canonical) {
        for index in canonical.codes.indices {
            switch canonical.codes[index].code.description {
            case "99213": canonical.codes[index].shortDescriptor = "Chat w/ the known person"
            case "93000": canonical.codes[index].shortDescriptor = "Beats on paper"
            default: break
            }
        }
    }

    @Test(
        "A licensed descriptor is found in other letters and marks, at its first word, and is not repeated",
        arguments: [
            ("code: \"99213\"\ntitle: Chat w/ the known person\n", "2:8"),
            ("code: \"99213\"\nsummary: It is a CHAT (w the known) person.\n", "2:18"),
            ("code: J7308\nsummary: >-\n  Unlike a chat\n  w/ the known person.\n", "3:12"),
            ("code: \"93000\"\nsummary: It puts beats on paper.\n", "2:18"),
            ("code: J7308\ntitle: Beats on paper\n", "2:8"),
        ])
    func licensedText(text: String, place: String) throws {
        let report = try lint(text, change: licensed)
        #expect(places(report) == ["\(place) overlay_licensed_text"])
        #expect(report.findings.allSatisfy { !$0.message.lowercased().contains("known person") })
    }

    @Test(
        "Common words that another code's short descriptor has, too, are no copy",
        arguments: [
            "code: J7308\nsummary: It puts beats on paper.\n",
            "code: \"99213\"\nsummary: Chat with the known person.\n",
        ])
    func notLicensed(text: String) throws { #expect(try lint(text, change: licensed).findings == []) }

    @Test(
        "The very word is named, however the text is written",
        arguments: [
            ("summary: A drug for the the skin.", "2:25"), ("summary: \"A drug for the the skin.\"", "2:26"),
            ("summary: 'It''s for the the skin.'", "2:25"), ("summary: \"\\u00C4 for the the skin.\"", "2:26"),
            ("summary: Ä for the the skin.", "2:20"), ("summary: A drug for the\n  the skin.", "3:3"),
            ("summary: >-\n  A drug\n\n  for the the skin.", "5:11"),
            ("summary: |-\n  A drug\n  for the the skin.", "4:11"),
            ("summary: >-\n    A drug for the\n\n    the skin.", "5:5"), ("synonyms: [one, for the the skin]", "2:25"),
            ("plain_language:\n  - A text.\n  - >-\n    A drug for the\n    the skin.", "6:5"),
        ])
    func exactPlaces(text: String, place: String) throws {
        #expect(places(try lint("code: J7308\n\(text)\n")) == ["\(place) overlay_doubled_word"])
    }

    @Test(
        "What a sentence denies, what goes with the drug and what is said of another code is no contradiction",
        arguments: [
            "It is never injected.", "It isn't injected.", "A tablet may be swallowed before the light.",
            "J9313 is infused.", "The drug of 96567 is injected.",
        ])
    func asides(sentence: String) throws { #expect(try lint("code: J7308\nbilling: \(sentence)\n").findings == []) }

    @Test("A question may ask what its answer denies")
    func openQuestions() throws {
        let text = "code: J7308\nquestions:\n  - question: \"Is it injected?\"\n    answer: No, it stays on the skin.\n"
        #expect(try lint(text).findings == [])
    }

    @Test("A category's question of topical drugs must not speak of needles' work")
    func categoryRoutes() throws {
        let text =
            "section: J\nquestions:\n  - question: Who gives it?\n    answer: It is injected by a nurse.\n    routes:\n      - topical\n"
        #expect(places(try lint(text)) == ["4:19 overlay_route_word"])
    }

    @Test(
        "Other readers' readings of plain texts",
        arguments: [
            ("NO", true), ("yes", true), ("Off", true), ("null", true), ("00100", true), ("99213", true), ("1.5", true),
            ("1e5", true), ("2026-01-01", true), ("12:30", true), ("-5", true), ("Nope", false), ("J7308", false),
            ("0001F", false), ("0810T", false), ("3-4", false), ("5-ALA", false), ("No.", false), ("A", false),
        ])
    func scalars(text: String, isOther: Bool) throws {
        let ids = try lint("code: J7308\nspecialties:\n  - \(text)\n").findings.map(\.rule)
        #expect(ids.contains("overlay_scalar_unquoted") == isOther)
    }

    @Test(
        "Amounts are compared in their dimension, whatever their unit and writing",
        arguments: [
            ("One unit is 10 mcg.", true), ("One unit is 10 micrograms.", true), ("Each unit is .01 mg.", true),
            ("1 unit = 0.010 mg.", true), ("One unit is a vial of 1 ml with 0.01 mg.", true),
            ("A vial of 1 mg is 100 units.", true),
            ("One unit is 10 mg.", false), ("1 unit = 1 mcg.", false), ("It is billed per 1 mg.", false),
            ("It comes in units of 1 mg.", false),
        ])
    func amounts(text: String, isRight: Bool) throws {
        #expect(try lint("code: J9313\nbilling: \(text)\n").findings.isEmpty == isRight)
    }

    @Test("Findings come in the order of the files, whatever the order and the number of cores")
    func order() throws {
        let texts = (0..<300).map { OverlayFile(path: "\($0).yaml", text: "code: J7308\nsummary: A \($0) the the.\n") }
        let first = try Overlay.lint(texts, against: try sample.get(), schemas: schemas).findings
        #expect(first.map(\.place.file) == first.map(\.place.file).sorted())
        #expect(try Overlay.lint(texts, against: try sample.get(), schemas: schemas).findings == first)
    }
}
