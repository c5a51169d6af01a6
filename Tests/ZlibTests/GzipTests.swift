import Foundation
import TestSupport
import Testing
import Zlib

@Suite("Packing with gzip")
struct GzipTests {
    private static let samples: [[UInt8]] = [
        [], [0], Array("the same words, the same words, the same words\n".utf8),
        (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 7) },
    ]

    @Test("What was packed unpacks to the same bytes, for us and for gzip", arguments: samples)
    func roundTrip(contents: [UInt8]) throws {
        var gzip = Gzip()
        let packed = gzip.pack(contents)
        #expect(try gunzip(packed, largest: contents.count) == contents)
        let folder = try TemporaryFolder()
        try Data(packed).write(to: folder["a.gz"])
        if let tool = try runTool("/usr/bin/gzip", ["--test", "a.gz"], in: folder.url) { #expect(tool.status == 0) }
    }

    @Test("The bytes follow from the contents alone: no name, no time, no system, whatever was packed before")
    func reproducible() {
        var gzip = Gzip()
        let first = Self.samples.map { gzip.pack($0) }
        var other = Gzip()
        #expect(Self.samples.reversed().map { other.pack($0) } == first.reversed())
        for packed in first { #expect(packed.starts(with: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])) }
    }

    @Test("A damaged, cut or longer file is told from a whole one")
    func damage() {
        var gzip = Gzip()
        let contents = Array("a text that is long enough to be damaged somewhere in it".utf8)
        let packed = gzip.pack(contents)
        for place in 10..<packed.count {
            var damaged = packed
            damaged[place] ^= 1
            #expect((try? gunzip(damaged, largest: contents.count)) != contents, "\(place)")
        }
        #expect(throws: GunzipError.self) { try gunzip(Array(packed.dropLast()), largest: contents.count) }
        #expect(throws: GunzipError.self) { try gunzip(packed + [1], largest: contents.count) }
        #expect(throws: GunzipError.self) { try gunzip(packed, largest: contents.count - 1) }
    }
}
