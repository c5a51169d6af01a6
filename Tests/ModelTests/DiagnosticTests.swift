import Model
import TestSupport
import Testing

@Suite("Diagnostics")
struct DiagnosticTests {
    @Test(
        "A place shows what is known of file, line and column",
        arguments: [
            (Place("A.csv"), "A.csv"), (Place("A.csv", line: 3), "A.csv:3"),
            (Place("A.csv", line: 3, column: 7), "A.csv:3:7"),
        ])
    func places(place: Place, shown: String) { #expect(place.description == shown) }

    @Test("Of each kind the first twenty are kept and all are counted")
    func bounded() {
        var diagnostics = Diagnostics()
        for index in 1...50 { diagnostics.add(Diagnostic(.error, "one", "\(index)")) }
        diagnostics.add(Diagnostic(.warning, "one", "as a warning"))
        var others = Diagnostics()
        for index in 1...5 { others.add(Diagnostic(.error, "one", "more \(index)")) }
        diagnostics.add(others)
        #expect(diagnostics.kinds.map(\.count) == [55, 1])
        #expect(diagnostics.kinds.map(\.first.count) == [Diagnostics.keptPerKind, 1])
        #expect(diagnostics.count(.error) == 55)
        #expect(diagnostics.count(.warning) == 1)
    }

    @Test("Warnings and notes do not stop a run; one error does, with everything found so far")
    func stopping() {
        var diagnostics = Diagnostics()
        diagnostics.add(Diagnostic(.note, "note", "a note"))
        diagnostics.add(Diagnostic(.warning, "warning", "a warning"))
        #expect(refusal { try diagnostics.stopOnErrors() } == nil)
        diagnostics.add(Diagnostic(.error, "error", "an error"))
        do throws(IngestError) {
            try diagnostics.stopOnErrors(.gateFailed)
            Issue.record("the error did not stop the run")
        } catch {
            #expect(error.kind == .gateFailed)
            #expect(error.diagnostics.kinds.map(\.id) == ["note", "warning", "error"])
        }
    }
}
