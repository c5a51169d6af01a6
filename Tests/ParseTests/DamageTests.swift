import Model
import Parse
import TestSupport
import Testing

@Suite("Damaged files")
struct DamageTests {
    @Test(
        "A file with bytes changed, lost or doubled is read or refused, never a crash",
        arguments: 1...10 as ClosedRange<UInt64>)
    func damaged(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let release = ReleaseFiles(forms: [.csv, .txt])
        for file in release.files {
            for _ in 0..<25 {
                var bytes = file.bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let position = Int.random(in: bytes.indices, using: &random)
                    switch Int.random(in: 0...3, using: &random) {
                    case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.remove(at: position)
                    case 2: bytes.insert(bytes[position], at: position)
                    default: bytes.removeSubrange(position..<min(position + 200, bytes.count))
                    }
                    if bytes.isEmpty { bytes = [0x0A] }
                }
                let refused = refusal { try read(bytes, file.table, file.form) }
                #expect(refused?.ids.contains("not_an_ingest_error") != true)
                #expect(refused?.all.allSatisfy { $0.place?.file == "FILE.csv" && !$0.message.isEmpty } != false)
            }
        }
    }
}
