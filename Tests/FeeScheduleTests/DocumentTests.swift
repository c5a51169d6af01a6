import FeeSchedule
import Foundation
import TestSupport
import Testing

@Suite("Documents of codes")
struct DocumentTests {
    @Test("Every code's document is found, and no other's")
    func documents() throws {
        let published = try PublishedFolder()
        let dataset = try Dataset(folder: published.folder.url)
        for record in try dataset.codes() {
            #expect(try dataset.document(of: "\(record.code)")?["code"]?.string == "\(record.code)")
        }
        for other in [
            "", "0", "00000", "00101", "99213 ", "9921", "992133", "99999", "G0001\"", "ZZZZZ", "\u{7F}",
        ] {
            #expect(try dataset.document(of: other) == nil, "\(other)")
        }
        #expect(try Dataset.documentBytes(of: "g0001", in: published.folder.url) == nil)
    }

    @Test("Documents are found in files of any number of lines of any length", arguments: 1...10 as ClosedRange<UInt64>)
    func randomDocuments(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let folder = try TemporaryFolder()
        for count in 0...12 {
            let codes = Set(
                (0..<count).map { _ in
                    String(decoding: random.bytes(of: Array("0123ABZ".utf8), count: 5...5), as: UTF8.self)
                }
            ).sorted()
            let lines = codes.map {
                "{\"code\":\"\($0)\",\"x\":\"" + String(repeating: "y", count: Int.random(in: 0...300, using: &random))
                    + "\"}\n"
            }
            try Data(lines.joined().utf8).write(to: folder["codes.ndjson"])
            for (code, line) in zip(codes, lines) {
                #expect(try Dataset.documentBytes(of: code, in: folder.url) == Array(line.utf8.dropLast()))
            }
            #expect(try Dataset.documentBytes(of: "22222", in: folder.url) == nil)
        }
    }
}
