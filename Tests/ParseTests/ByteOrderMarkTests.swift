import Model
import TestSupport
import Testing

@Suite("Files that were saved again as UTF-8")
struct ByteOrderMarkTests {
    /// The bytes of CMS's encoding as an editor saves them.
    private func saved(_ bytes: [UInt8]) -> [UInt8] {
        [0xEF, 0xBB, 0xBF] + bytes.flatMap { $0 == 0xA0 ? [0xC2, 0xA0] : $0 == 0x92 ? [0xE2, 0x80, 0x99] : [$0] }
    }

    @Test("Their fields are those of CMS's own file, in whatever form")
    func sameFields() throws {
        for file in ReleaseFiles("RVU19A", forms: [.csv, .txt]).files where file.table != .hcpcs {
            #expect(
                try read(saved(file.bytes), file.table, file.form).dictionaries
                    == read(file.bytes, file.table, file.form).dictionaries, "\(file.path)")
        }
    }

    @Test("Characters of several bytes move no field of a record")
    func records() throws {
        let text = Array(HCPCS().text.utf8).replacing(
            "Made-up ride", with: Array("Made".utf8) + [0xA0] + Array("up\u{92}ri".utf8.filter { $0 != 0xC2 }))
        let own = try read(text, .hcpcs, .txt)
        let again = try read(saved(text), .hcpcs, .txt)
        #expect(own.dictionaries == again.dictionaries)
        #expect(again.dictionaries.contains { $0["long_descriptor"]?.hasPrefix("Made up\u{2019}ri") == true })
    }

    @Test(
        "A character that CMS's encoding lacks, or a byte that is none, is refused at its line",
        arguments: [Array("\u{4E2D}".utf8), Array("\u{81}".utf8), [0xFF], [0xC2], [0x80], [0xE2, 0x80]])
    func foreign(bytes: [UInt8]) {
        let text = Array(HCPCS().text.utf8).replacing("B0001", with: bytes + Array("001".utf8))
        let refused = refusal { try read([0xEF, 0xBB, 0xBF] + text, .hcpcs, .txt, path: "HCPC.txt") }
        #expect(refused?.ids == ["character_invalid"])
        #expect(refused?.places == ["HCPC.txt:4"])
    }
}
