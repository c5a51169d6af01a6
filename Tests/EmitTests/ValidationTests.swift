import Foundation
import JSON
import Model
import Store
import TestSupport
import Testing

@Suite("Validating a revision")
struct ValidationTests {
    private let written: Written
    private let original: [String: [UInt8]]

    init() throws {
        let written = try Written(overlays: [awkwardOverlay])
        self.written = written
        original = try Dictionary(uniqueKeysWithValues: written.folder.files.map { ($0, try written.bytes($0)) })
    }

    private func problems() throws -> [String] {
        Findings(try validateRevision(written.folder.url, schemas: schemas).diagnostics).ids
    }

    /// Changes a file, and the manifest with it where the change is to be seen as deliberate.
    private func change(_ path: String, _ old: String, _ new: String) throws {
        let text = String(decoding: try written.bytes(path), as: UTF8.self)
        try #require(text.contains(old))
        let changed = Array(text.replacing(old, with: new).utf8)
        try Data(changed).write(to: written.folder[path])
        if path == "manifest.json" {
            try Data("\(sha256(changed))  manifest.json\n".utf8).write(to: written.folder["manifest.json.sha256"])
        }
    }

    @Test(
        "A flipped bit of any file is noticed, the manifest and its seal included",
        arguments: 1...4 as ClosedRange<UInt64>)
    func flippedBit(seed: UInt64) throws {
        var random = SeededRandom(seed)
        for (path, bytes) in original.sorted(by: { $0.key < $1.key }) {
            for _ in 0..<30 {
                var changed = bytes
                changed[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                try Data(changed).write(to: written.folder[path])
                let expected: Set = path.hasPrefix("manifest.json") ? ["manifest_changed"] : ["file_changed"]
                #expect(try expected.isSubset(of: problems()), "\(path)")
            }
            try Data(bytes).write(to: written.folder[path])
        }
        #expect(try problems().isEmpty)
    }

    @Test("A file that is missing or too many is noticed")
    func files() throws {
        try Data().write(to: written.folder["tables/notes.txt"])
        #expect(try problems() == ["file_unknown"])
        try FileManager.default.removeItem(at: written.folder["tables/notes.txt"])
        try FileManager.default.removeItem(at: written.folder["codes.ndjson"])
        #expect(try problems() == ["file_missing"])
    }

    @Test(
        "A manifest that does not fit its schema is noticed",
        arguments: [
            ("\"schema_version\"", "\"schema\""), ("\"revision\": 1", "\"revision\": \"1\""),
            ("\"label\": \"RVU19A\"", "\"label\": \"RVU\""),
            ("\"tier\": \"public\"", "\"tier\": \"free\""),
        ])
    func manifest(old: String, new: String) throws {
        try change("manifest.json", old, new)
        #expect(try problems() == ["manifest_schema"])
    }

    @Test("A content hash that is not that of the tables is noticed")
    func contentHash() throws {
        let hash = try #require(try written.manifest()["content_hash"]?.string)
        try change("manifest.json", hash, "sha256:" + String(repeating: "0", count: 64))
        #expect(try problems() == ["content_hash"])
    }

    @Test("A manifest without its seal is noticed")
    func noSeal() throws {
        try FileManager.default.removeItem(at: written.folder["manifest.json.sha256"])
        #expect(try problems() == ["seal_missing"])
    }

    @Test("A manifest that is no JSON, or not there, is said to be so")
    func noManifest() throws {
        try Data("{".utf8).write(to: written.folder["manifest.json"])
        #expect(try problems() == ["manifest_changed", "manifest_unreadable"])
        try FileManager.default.removeItem(at: written.folder["manifest.json"])
        #expect(refusal { try validateRevision(written.folder.url, schemas: schemas) }?.ids == ["manifest_missing"])
    }

    @Test("A manifest cannot lead the validator out of its folder")
    func escape() throws {
        try change("manifest.json", "\"path\": \"codes.ndjson\"", "\"path\": \"../codes.ndjson\"")
        #expect(try problems().contains("file_missing"))
    }

    /// Changes a file together with its size and hash in the manifest: the contents alone can give it away.
    private func forge(_ path: String, _ old: String, _ new: String) throws {
        let before = try #require(try written.manifest()["files"]?.elements.first { $0["path"]?.string == path })
        try change(path, old, new)
        let emitted = try written.bytes(path)
        let hash = try #require(before["sha256"]?.string)
        try change("manifest.json", hash, sha256(emitted))
        try change("manifest.json", "\"bytes\": \(before["bytes"]?.text ?? ""),", "\"bytes\": \(emitted.count),")
    }

    @Test(
        "Values that do not fit their column are noticed",
        arguments: [
            (",1.30,", ",1x30,", "table_value"), (",1.30,", ",1.3,", "table_value"),
            (",1.30,", ",-1.30,", "table_value"),
            (",1.30,", ",130,", "table_value"), ("99213,,A,true", "99213,,A,yes", "table_value"),
            ("99213,,A,true", "99213,,,true", "table_value"),
            ("G0001,,", "G0002,,", "table_key"), ("99213,,A", "99213,,A,A", "table_width"),
            ("code,modifier", "modifier,code", "table_header"),
        ])
    func values(old: String, new: String, id: String) throws {
        try forge("tables/relative_values.csv", old, new)
        #expect(try problems().contains(id))
    }

    @Test(
        "Documents that do not fit their schema or stand out of order are noticed",
        arguments: [
            ("\"code\":\"99213\",\"system\":\"CPT\"", "\"code\":\"99213\",\"system\":\"ABC\"", "document_schema"),
            ("{\"code\":\"99213\"", "{\"code\":\"00001\"", "document_order"),
            ("{\"code\":\"99213\"", "{\"code\":\"99213", "document_unreadable"),
        ])
    func documents(old: String, new: String, id: String) throws {
        try forge("codes.ndjson", old, new)
        #expect(try problems().contains(id))
    }
}
