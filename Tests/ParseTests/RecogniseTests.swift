import Model
import Parse
import TestSupport
import Testing

@Suite("Telling tables apart")
struct RecogniseTests {
    private func recognised(_ name: String, _ bytes: [UInt8], isNamedByUser: Bool = false) throws(IngestError) -> String
    {
        let document = SourceDocument(path: "a.zip/\(name)", size: bytes.count, isNamedByUser: isNamedByUser) {
            () throws(IngestError) in bytes
        }
        switch try recognise(bytes, of: document, schemas: schemas) {
        case .table(let table, let form): return "\(table.name) \(form.rawValue)"
        case .other: return "other"
        }
    }

    @Test("Every table is told by its content alone, whatever its name", arguments: ["RVU19A", "RVU27A"])
    func byContent(label: String) throws {
        for file in ReleaseFiles(label, forms: label == "RVU19A" ? [.csv, .txt] : [.csv]).files {
            let expected = file.table == .pprrvuQPP ? "PPRRVU CSV" : "\(file.table.name) \(file.form.rawValue)"
            let name = file.form == .csv ? "x.csv" : "x.txt"
            #expect(try recognised(name, file.bytes) == expected)
            #expect(try recognised(name, [0xEF, 0xBB, 0xBF] + file.bytes) == expected)
        }
    }

    @Test("A name of one table over the content of another is refused")
    func swapped() {
        let gpci = Array(Localities(year: 2019).gpciCSV.utf8)
        let refused = refusal { try recognised("ANES2019.csv", gpci) }
        #expect(refused?.ids == ["name_and_content_disagree"])
        #expect(refused?.description.contains("named like ANES and holds GPCI") == true)
    }

    @Test("A file that is named like a table is read as one, so that its reader says what is wrong")
    func byName() throws {
        #expect(try recognised("PPRRVU19_JAN.csv", Array("broken\n".utf8)) == "PPRRVU CSV")
        #expect(try recognised("GPCI2019.TXT", Array("broken\n".utf8)) == "GPCI TXT")
    }

    @Test("Other members are passed over, unless the user named them")
    func others() throws {
        let text = Array("Read me first.\n".utf8)
        #expect(try recognised("notes.txt", text) == "other")
        #expect(try recognised("HCPC2019_recordlayout.txt", text) == "other")
        #expect(refusal { try recognised("notes.txt", text, isNamedByUser: true) }?.ids == ["not_recognised"])
        #expect(
            refusal { try recognised("notes.txt", Array("<html>".utf8), isNamedByUser: true) }?.ids == [
                "html_instead_of_data"
            ])
    }

    @Test("Random bytes are no table and no crash", arguments: 1...20 as ClosedRange<UInt64>)
    func randomBytes(seed: UInt64) throws {
        var random = SeededRandom(seed)
        for _ in 0..<100 {
            let bytes = random.bytes(of: Array(0...255), count: 0...400)
            #expect(try recognised("x.bin", bytes) == "other")
        }
    }
}
