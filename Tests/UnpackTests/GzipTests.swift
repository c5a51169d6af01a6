import Model
import TestSupport
import Testing
import Unpack

@Suite("gzip files")
struct GzipTests {
    private let contents = Array(String(repeating: "HCPCS,MOD\r\n", count: 5_000).utf8)

    private func refused(_ bytes: [UInt8], limits: Archive.Limits = .init()) -> [String] {
        refusal { try gunzip(bytes, name: "a.gz", limits: limits) }?.ids ?? []
    }

    @Test("What was packed comes out as it went in", arguments: [0, 1, 100_000, 3_000_000])
    func roundTrip(count: Int) throws {
        let contents = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let packed = gzip(contents)
        #expect(isGzip(packed))
        #expect(try gunzip(packed, name: "a.gz") == contents)
    }

    @Test("Members one behind the other are one file, and zeros at the end do no harm")
    func members() throws {
        #expect(try gunzip(gzip([1, 2]) + gzip([]) + gzip([3]), name: "a.gz") == [1, 2, 3])
        #expect(try gunzip(gzip([1, 2]) + [0, 0, 0], name: "a.gz") == [1, 2])
    }

    @Test("A file that is cut at any byte is refused")
    func cut() {
        let packed = gzip(Array(contents.prefix(300)))
        for count in 0..<packed.count {
            let ids = refused(Array(packed.prefix(count)))
            #expect(ids == [count < 3 ? "not_gzip" : "gzip_damaged"], "\(count) bytes")
        }
    }

    @Test("A changed byte is refused or changes nothing", arguments: 1...50 as ClosedRange<UInt64>)
    func changed(seed: UInt64) {
        var random = SeededRandom(seed)
        var packed = gzip(contents)
        packed[Int.random(in: 0..<packed.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        if let found = try? gunzip(packed, name: "a.gz") { #expect(found == contents) }
    }

    @Test("Something else behind the end is refused")
    func followed() {
        #expect(refused(gzip(contents) + Array("more".utf8)) == ["gzip_damaged"])
        #expect(refused(gzip(contents) + [0x1F, 0x8B, 8]) == ["gzip_damaged"])
    }

    @Test("What unpacks to more than the limit is refused")
    func limits() {
        var limits = Archive.Limits()
        limits.memberBytes = contents.count - 1
        #expect(refused(gzip(contents), limits: limits) == ["archive_ratio"])
        limits.memberBytes = contents.count
        #expect(refused(gzip(contents), limits: limits).isEmpty)
    }

    @Test("Random bytes behind the beginning of a gzip file are no crash", arguments: 1...20 as ClosedRange<UInt64>)
    func randomBytes(seed: UInt64) {
        var random = SeededRandom(seed)
        for _ in 0..<50 {
            let bytes = [0x1F, 0x8B, 0x08] + random.bytes(of: Array(0...255), count: 0...400)
            _ = try? gunzip(bytes, name: "a.gz")
        }
    }
}
