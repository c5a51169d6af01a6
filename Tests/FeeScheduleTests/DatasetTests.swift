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
                        /"schema_version": "[0-9.]+"/, with: "\"schema_version\": \"\(version)\", \"new\": [1]"
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

    /// A store with a revision for each name, its manifest naming it.
    private func store(_ names: [String], latest: String, manifestSHA256: String? = nil) throws -> TemporaryFolder {
        let store = try TemporaryFolder()
        for name in names {
            let name = try #require(RevisionName(name))
            let release = try PublishedFolder(name.label)
            try FileManager.default.createDirectory(
                at: store["releases/\(name.label)"], withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: release.folder.url, to: store[name.path])
        }
        let name = try #require(RevisionName(latest))
        let hash = try manifestSHA256 ?? Dataset(name, in: store.url).manifestSHA256
        let pointer =
            #"{"release":"\#(name.label)","revision":\#(name.number),"path":"\#(name.path)","manifest_sha256":"\#(hash)"}"#
        try pointer.write(to: store["latest.json"], atomically: true, encoding: .utf8)
        return store
    }

    @Test("A store opens at its latest revision, and only when its manifest is the one pointed at")
    func latest() throws {
        let store = try store(["RVU19A-r1", "RVU27A-r1"], latest: "RVU27A-r1")
        #expect(try Dataset(latestIn: store.url).name.label == "RVU27A")
        let wrong = try self.store(
            ["RVU19A-r1"], latest: "RVU19A-r1", manifestSHA256: String(repeating: "0", count: 64))
        #expect(refusal { try Dataset(latestIn: wrong.url, checking: .nothing) }?.ids == ["manifest_changed"])
        #expect(refusal { try Dataset(latestIn: folder.url) }?.ids == ["store_empty"])
    }

    @Test("The newest revision of each release that was not withdrawn is opened, in the order in which they hold")
    func newest() throws {
        let store = try store(["RVU27A-r1", "RVU19A-r1"], latest: "RVU27A-r1")
        // Numbers are counted, not spelled: 10 comes after 9.
        for number in [2, 9, 10] {
            try FileManager.default.copyItem(
                at: store["releases/RVU19A/r1"], to: store["releases/RVU19A/r\(number)"])
        }
        try FileManager.default.removeItem(at: store["releases/RVU19A/r9/manifest.json"])
        let datasets = try Dataset.newest(in: store.url)
        #expect(datasets.map(\.name.label) == ["RVU19A", "RVU27A"])
        #expect(datasets[0].folder.lastPathComponent == "r10")
        let withdrawn = #"{"revisions":[{"revision":"RVU19A-r10"},{"revision":"RVU19A-r9"},{"revision":"RVU27A-r1"}]}"#
        try Data(withdrawn.utf8).write(to: store["withdrawn.json"])
        let standing = try Dataset.newest(in: store.url)
        #expect(standing.map { "\($0.folder.lastPathComponent)" } == ["r2"])
        try Data("[".utf8).write(to: store["withdrawn.json"])
        #expect(refusal { try Dataset.newest(in: store.url) }?.ids == ["withdrawn_unreadable"])
        #expect(refusal { try Dataset.newest(in: folder.url) }?.ids == ["store_unreadable"])
    }

    @Test("The manifest's counts, checks, inputs and files are those of its JSON")
    func manifest() throws {
        let manifest = try Dataset(folder: folder.url).manifest
        let json = try JSONValue([UInt8](try Data(contentsOf: folder["manifest.json"])))
        #expect(manifest.counts.count == json["counts"]?.members.count)
        for member in json["counts"]?.members ?? [] { #expect(manifest.counts[member.key] == member.value.integer) }
        let checks = json["verification"]?["checks"]?.elements ?? []
        #expect(manifest.checks.map(\.id) == checks.map { $0["id"]?.string })
        #expect(manifest.checks.map(\.matched) == checks.map { $0["matched"]?.integer })
        #expect(manifest.inputs.map(\.path) == json["inputs"]?.elements.map { $0["path"]?.string })
        let files = json["files"]?.elements ?? []
        #expect(manifest.files.map(\.sha256) == files.map { $0["sha256"]?.string })
        #expect(manifest.files.map(\.rows) == files.map { $0["rows"]?.integer })
        #expect(manifest.file("codes.ndjson")?.rows == manifest.counts["codes"] && manifest.file("none") == nil)
        #expect(manifest.contentHash == json["content_hash"]?.string && manifest.sequence == 1)
        #expect(manifest.conversionFactors.nonQP.description == "36.0391" && manifest.conversionFactors.qp == nil)
        #expect(manifest.anesthesiaConversionFactors?.nonQP.description == "22.273000")
    }
}
