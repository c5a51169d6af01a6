import Foundation
import Model
import TestSupport
import Testing
import Unpack

@Suite("ZIP archives")
struct ArchiveTests {
    private let members = [
        ZIP.Member("PPRRVU.csv", "HCPCS,MOD\r\n00100,\r\n"), ZIP.Member("folder/GPCI.csv", "made up", method: 8),
        ZIP.Member("empty.txt", "", method: 8),
        ZIP.Member("large.txt", String(repeating: "0123456789", count: 20_000), method: 8),
    ]

    /// Every member with its contents.
    private func contents(_ bytes: [UInt8], limits: Archive.Limits = .init()) throws(IngestError) -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for document in try Archive(bytes, name: "a.zip", limits: limits).documents {
            contents[document.path] = try document.load()
        }
        return contents
    }

    private func refused(
        _ members: [ZIP.Member], limits: Archive.Limits = .init(), _ change: (inout ZIP) -> Void = { _ in }
    ) -> [String] {
        var zip = ZIP(members)
        change(&zip)
        return refusal { try contents(zip.bytes, limits: limits) }?.ids ?? []
    }

    /// One member with a lie.
    private func refused(_ change: (inout ZIP.Member) -> Void) -> [String] {
        var member = ZIP.Member("a.txt", "some contents", method: 8)
        change(&member)
        return refused([member])
    }

    @Test("Stored and deflated members come out as they went in")
    func roundTrip() throws {
        let found = try contents(ZIP(members).bytes)
        #expect(found.count == members.count)
        for member in members {
            #expect(found["a.zip/" + String(decoding: member.name, as: UTF8.self)] == member.contents)
        }
    }

    @Test("Folders are no documents, and a comment at the end does no harm")
    func foldersAndComment() throws {
        var zip = ZIP([ZIP.Member("folder/", "")] + members)
        zip.comment = Array("PK\u{5}\u{6} a comment".utf8)
        #expect(try contents(zip.bytes).count == members.count)
    }

    @Test("An archive without members has no documents")
    func empty() throws { #expect(try contents(ZIP([]).bytes).isEmpty) }

    @Test("Archives made by zip are read, and unzip reads what is read here")
    func realTools() throws {
        let folder = try TemporaryFolder()
        let text = Array(String(repeating: "99213,,A,1.30\r\n", count: 5000).utf8)
        try Data(text).write(to: folder["PPRRVU.csv"])
        try Data(ZIP(members).bytes).write(to: folder["ours.zip"])
        if try runTool("/usr/bin/zip", ["-q", "theirs.zip", "PPRRVU.csv"], in: folder.url)?.status == 0 {
            let theirs = [UInt8](try Data(contentsOf: folder["theirs.zip"]))
            #expect(theirs.count < text.count / 10)
            #expect(try contents(theirs) == ["a.zip/PPRRVU.csv": text])
        }
        if let tested = try runTool("/usr/bin/unzip", ["-tq", "ours.zip"], in: folder.url) {
            #expect(tested.status == 0)
        }
    }

    @Test("An archive that is cut anywhere is refused")
    func truncated() {
        let whole = ZIP(members.dropLast()).bytes
        let accepted = whole.indices.filter { count in refusal { try contents(Array(whole[..<count])) } == nil }
        #expect(accepted.isEmpty)
    }

    @Test("Bytes behind the end are refused")
    func trailing() { #expect(refusal { try contents(ZIP(members).bytes + [0]) }?.ids == ["archive_damaged"]) }

    @Test("A wrong checksum is found when the member is read")
    func checksum() {
        #expect(refused { $0.crc = 1 } == ["archive_member_damaged"])
        #expect(
            refused {
                $0.crc = 1
                $0.method = 0
            } == ["archive_member_damaged"])
    }

    @Test("Contents longer or shorter than stated are refused", arguments: [12, 14, 1000] as [UInt32])
    func sizes(size: UInt32) { #expect(refused { $0.size = size } == ["archive_member_damaged"]) }

    @Test("Encrypted members are refused")
    func encrypted() {
        #expect(refused { $0.flags = 1 } == ["archive_encrypted"])
        #expect(refused { $0.flags = 0x40 } == ["archive_encrypted"])
    }

    @Test("Other methods of compression are refused", arguments: [1, 9, 12, 14, 93, 99] as [UInt16])
    func methods(method: UInt16) { #expect(refused { $0.method = method } == ["archive_method"]) }

    @Test(
        "Names that lead out of a folder are refused",
        arguments: [
            "../a", "a/../b", "/etc/passwd", "a\\b", "C:a", "..", "a/..", "\\\\server\\share",
        ])
    func escapes(name: String) { #expect(refused { $0.name = Array(name.utf8) } == ["archive_path_escape"]) }

    @Test(
        "Names that are empty, hold control characters or are not UTF-8 are refused",
        arguments: [[], [0x61, 0], [0x61, 0x0A], [0x1B, 0x5B], [0xFF, 0xFE]] as [[UInt8]])
    func names(name: [UInt8]) { #expect(refused { $0.name = name } == ["archive_member_name"]) }

    @Test("Dots inside a name are no escape")
    func dots() throws { #expect(try contents(ZIP([ZIP.Member("a..b/...c", "x")]).bytes).count == 1) }

    @Test("A member that stands twice is refused, in other letter case too", arguments: ["a.txt", "A.TXT", "a.Txt"])
    func duplicates(name: String) {
        #expect(refused([ZIP.Member("a.txt", "1"), ZIP.Member(name, "2")]) == ["archive_duplicate_member"])
    }

    @Test("Members that share bytes are refused")
    func overlap() {
        // A member inside another's data: its header lies in the contents of the first.
        let inner = Array(ZIP([ZIP.Member("b.txt", "contents")]).bytes.prefix(30 + 5 + 8))
        var pointer = ZIP.Member("b.txt", "contents")
        pointer.offset = 30 + 5
        #expect(refused([ZIP.Member("a.txt", inner), pointer]) == ["archive_overlap"])
    }

    @Test("A member's own header must say what the directory says")
    func localHeader() {
        #expect(refused { $0.localName = Array("b.txt".utf8) } == ["archive_damaged"])
        #expect(refused { $0.localMethod = 0 } == ["archive_damaged"])
        #expect(refused { $0.offset = 7 } == ["archive_damaged"])
        #expect(refused { $0.offset = 0xFFFF_FF00 } == ["archive_damaged"])
        #expect(refused { $0.compressedSize = 0xFFFF } == ["archive_damaged"])
    }

    @Test("What unpacks to two hundred times its size is refused before it is unpacked")
    func ratioBomb() { #expect(refused { $0.size = 300_000 } == ["archive_ratio"]) }

    @Test("Limits on size and number hold")
    func limits() {
        func limits(_ change: (inout Archive.Limits) -> Void) -> Archive.Limits {
            var limits = Archive.Limits()
            change(&limits)
            return limits
        }
        #expect(refused(members, limits: limits { $0.memberBytes = 100_000 }) == ["archive_too_large"])
        #expect(refused(members, limits: limits { $0.totalBytes = 200_000 }) == ["archive_too_large"])
        #expect(refused(members, limits: limits { $0.members = 3 }) == ["archive_too_large"])
    }

    @Test("ZIP64 and archives in several parts are refused with their own words")
    func otherKinds() {
        #expect(refused(members) { $0.directoryOffset = 0xFFFF_FFFF } == ["archive_zip64"])
        #expect(refused(members) { $0.disk = 1 } == ["archive_split"])
        #expect(refused(members) { $0.count = 2 } == ["archive_split"])
    }

    @Test("The directory must end where the end record begins")
    func directoryPlace() {
        #expect(refused(members) { $0.directoryOffset = 0 } == ["archive_damaged"])
    }

    @Test(
        "What is no archive is told by its beginning",
        arguments: [
            ("<!DOCTYPE html><html>", "html_instead_of_archive"), ("\r\n  <HTML>", "html_instead_of_archive"),
            ("HCPCS,MOD", "not_an_archive"), ("", "not_an_archive"), ("PK", "not_an_archive"),
        ])
    func noArchive(text: String, id: String) { #expect(refusal { try contents(Array(text.utf8)) }?.ids == [id]) }

    @Test("An error names the archive or the member")
    func errorPlaces() {
        #expect(refusal { try contents([0x50, 0x4B, 3, 4]) }?.places == ["a.zip"])
        var member = ZIP.Member("x/y.csv", "contents")
        member.crc = 5
        #expect(refusal { try contents(ZIP([member]).bytes) }?.places == ["a.zip/x/y.csv"])
    }

    @Test("A member that is read piece by piece gives what it gives when read whole")
    func streaming() throws {
        let archive = try Archive(ZIP(members).bytes, name: "a.zip")
        for document in archive.documents {
            var pieces: [UInt8] = []
            try archive.stream(document) { pieces += $0 }
            #expect(try pieces == document.load())
        }
    }

    @Test("Damage is found piece by piece too")
    func streamingDamage() throws {
        let changes: [(inout ZIP.Member) -> Void] = [{ $0.crc = 1 }, { $0.size = 12 }, { $0.size = 14 }]
        for change in changes {
            var member = ZIP.Member("a.txt", "some contents", method: 8)
            change(&member)
            let archive = try Archive(ZIP([member]).bytes, name: "a.zip")
            for document in archive.documents {
                #expect(refusal { try archive.stream(document) { _ in } }?.ids == ["archive_member_damaged"])
            }
        }
    }

    @Test(
        "An archive with one byte changed gives the same contents or is refused",
        arguments: 1...8 as ClosedRange<UInt64>)
    func flippedBytes(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let whole = ZIP(members.dropLast()).bytes
        let original = try contents(whole)
        for position in whole.indices {
            var changed = whole
            changed[position] ^= UInt8.random(in: 1...255, using: &random)
            let found = try? contents(changed)
            #expect(found == nil || found == original, "byte \(position)")
        }
    }

    @Test("A real archive with one byte changed gives the same contents or is refused")
    func flippedBytesOfRealArchive() throws {
        let folder = try TemporaryFolder()
        try Data((0..<4000).flatMap { "\($0),\($0 * $0)\r\n".utf8 }).write(to: folder["a.csv"])
        guard try runTool("/usr/bin/zip", ["-q", "a.zip", "a.csv"], in: folder.url)?.status == 0 else { return }
        let whole = [UInt8](try Data(contentsOf: folder["a.zip"]))
        let original = try contents(whole)
        var random = SeededRandom(99)
        for _ in 0..<2000 {
            var changed = whole
            changed[Int.random(in: whole.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            let found = try? contents(changed)
            #expect(found == nil || found == original)
        }
    }
}
