import FeeSchedule
import Foundation
import TestSupport
import Testing

@Suite("Opening a dataset")
struct DatasetTests {
    private let published: PublishedFolder
    private var folder: TemporaryFolder { published.folder }

    init() throws { published = try PublishedFolder() }

    private func ids(_ checking: Dataset.Checking = .bytes, manifestSHA256: String? = nil) -> [String]? {
        refusal { try Dataset(folder: folder.url, checking: checking, manifestSHA256: manifestSHA256) }?.ids
    }

    /// Changes one byte in the middle of a file.
    private func damage(_ path: String) throws {
        var bytes = try Data(contentsOf: folder[path])
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: folder[path])
    }

    @Test("A revision as published opens, and says what it is")
    func opens() throws {
        let dataset = try Dataset(folder: folder.url)
        #expect(dataset.name.description == "RVU19A-r1")
        #expect(dataset.manifest.release.holds(on: try #require(CalendarDate(iso: "2019-02-01"))))
        #expect(!dataset.manifest.release.holds(on: try #require(CalendarDate(iso: "2018-12-31"))))
        #expect(dataset.manifest.tier == .public)
        #expect(dataset.manifest.files.contains { $0.path == "dataset.sqlite" })
        #expect(dataset.license.contains("no CPT or CDT descriptors"))
        #expect(ids(manifestSHA256: dataset.manifestSHA256) == nil)
    }

    @Test("A changed byte in any file is found, and the error names the file")
    func changedByte() throws {
        for file in try Dataset(folder: folder.url).manifest.files {
            let before = try Data(contentsOf: folder[file.path])
            try damage(file.path)
            let error = try #require(refusal { try Dataset(folder: folder.url) })
            #expect(error.ids == ["file_changed"], "\(file.path)")
            #expect(error.description.contains(file.path), "\(error)")
            try before.write(to: folder[file.path])
        }
    }

    @Test("A changed manifest is found by its seal, or by the hash that the reader expects")
    func changedManifest() throws {
        let manifest = try String(contentsOf: folder["manifest.json"], encoding: .utf8)
        try manifest.replacing("US Government", with: "My").write(
            to: folder["manifest.json"], atomically: true, encoding: .utf8)
        #expect(ids() == ["manifest_changed"])
        #expect(ids(.sizes) == ["manifest_changed"])
        #expect(ids(.nothing) == nil)
        #expect(ids(.nothing, manifestSHA256: String(repeating: "0", count: 64)) == ["manifest_changed"])
    }

    @Test("The cheap opening looks at sizes and hashes nothing")
    func sizes() throws {
        try damage("tables/codes.csv")
        #expect(ids(.sizes) == nil)
        #expect(ids(.bytes) == ["file_changed"])
        let file = try FileHandle(forWritingTo: folder["tables/codes.csv"])
        try file.truncate(atOffset: 10)
        #expect(ids(.sizes) == ["file_changed"])
        #expect(ids(.nothing) == nil)
    }

    @Test("An app may carry the database and the manifest alone")
    func bundle() throws {
        let bundle = try TemporaryFolder()
        for file in ["dataset.sqlite", "manifest.json"] {
            try FileManager.default.copyItem(at: folder[file], to: bundle[file])
        }
        let dataset = try Dataset(folder: bundle.url)
        #expect(try dataset.relativeValue(of: "99213") != nil)
        #expect(refusal { try dataset.document(of: "99213") }?.ids == ["documents_unreadable"])
        try FileManager.default.removeItem(at: bundle["dataset.sqlite"])
        #expect(refusal { try Dataset(folder: bundle.url) }?.ids == ["database_missing"])
        try FileManager.default.removeItem(at: bundle["manifest.json"])
        #expect(refusal { try Dataset(folder: bundle.url) }?.ids == ["manifest_missing"])
    }

    @Test("A manifest of another shape is refused, and one of a newer minor version read")
    func shapes() throws {
        let bytes = [UInt8](try Data(contentsOf: folder["manifest.json"]))
        func manifest(_ version: String) throws(IngestError) -> Manifest {
            try Manifest(
                Array(
                    String(decoding: bytes, as: UTF8.self).replacing(
                        "\"schema_version\": \"1.3.0\"", with: "\"schema_version\": \"\(version)\", \"new\": [1]"
                    ).utf8))
        }
        #expect(try manifest("1.99.0").name.label == "RVU19A")
        #expect(refusal { try manifest("2.0.0") }?.ids == ["schema_version_unknown"])
        #expect(refusal { try Manifest([]) }?.ids == ["manifest_unreadable"])
        #expect(refusal { try Manifest(Array("{}".utf8)) }?.ids == ["manifest_unreadable"])
    }

    @Test("A manifest that names a file outside the revision is refused")
    func outside() throws {
        let manifest = try String(contentsOf: folder["manifest.json"], encoding: .utf8)
        for path in ["../codes.ndjson", "/codes.ndjson"] {
            let bytes = Array(manifest.replacing("\"codes.ndjson\"", with: "\"\(path)\"").utf8)
            #expect(refusal { try Manifest(bytes) }?.ids == ["manifest_unreadable"])
        }
    }
}
