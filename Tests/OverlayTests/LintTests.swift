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
                "overlay_code_absent", "overlay_code_ended", "overlay_licensed_text",
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
        where file.pathExtension == "swift" {
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
}
