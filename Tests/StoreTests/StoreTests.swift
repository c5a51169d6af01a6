import Foundation
import JSON
import Model
import Store
import TestSupport
import Testing

@Suite("The store")
struct StoreTests {
    private let folder: TemporaryFolder
    private let store: Store

    init() throws {
        folder = try TemporaryFolder()
        store = Store(folder["store"])
    }

    /// Stages and publishes a revision of two small files.
    @discardableResult
    private func publish(_ label: String, _ number: Int, from: String) throws -> Revision {
        let lock = try store.lock()
        defer { _ = lock }
        try stage(label, number, from: from)
        return try store.publish(label: label, number: number)
    }

    private func stage(_ label: String, _ number: Int, from: String) throws {
        let staging = try store.makeStaging()
        try FileManager.default.createDirectory(
            at: staging.appendingPathComponent("tables"), withIntermediateDirectories: true)
        let manifest =
            #"{"release":{"label":"\#(label)","revision":\#(number),"effective":{"from":"\#(from)"}},"content_hash":"sha256:\#(number)"}"#
        try store.stage(Array(manifest.utf8), as: "manifest.json")
        try store.stage(Array("a,b\n1,\"x,y\"\n2,\n".utf8), as: "tables/things.csv")
    }

    private func latest() throws -> JSONValue {
        try JSONValue([UInt8](try Data(contentsOf: folder["store/latest.json"])))
    }

    @Test("A published revision is found by its name, its release's name and as the latest")
    func names() throws {
        try publish("RVU19A", 1, from: "2019-01-01")
        try publish("RVU19A", 2, from: "2019-01-01")
        #expect(try store.revision(nil).name == "RVU19A-r2")
        #expect(try store.revision("RVU19A").name == "RVU19A-r2")
        #expect(try store.revision("rvu19a").name == "RVU19A-r2")
        #expect(try store.revision("RVU19A-r1").name == "RVU19A-r1")
        #expect(try store.labels() == ["RVU19A"])
    }

    @Test(
        "A name of nothing that is there is refused, with what there is",
        arguments: [
            "RVU19B", "RVU19A-r2", "RVU19A-r", "RVU19A-r1-r1", "", "../RVU19A", "RVU19A-x1",
        ])
    func unknownNames(name: String) throws {
        try publish("RVU19A", 1, from: "2019-01-01")
        let refused = refusal { try store.revision(name) }
        #expect(refused?.ids == ["revision_missing"])
        #expect(refused?.kind == .unavailable)
        #expect(refused?.description.contains("It holds RVU19A") == true)
    }

    @Test("An empty store says so")
    func empty() throws {
        #expect(refusal { try store.revision(nil) }?.ids == ["store_empty"])
        #expect(refusal { try store.revision("RVU19A") }?.ids == ["revision_missing"])
        #expect(try store.labels().isEmpty)
        #expect(try store.revisions(of: "RVU19A").isEmpty)
    }

    @Test("Revisions count in numbers: r10 comes after r9")
    func order() throws {
        for number in [1, 2, 9, 10] { try publish("RVU19A", number, from: "2019-01-01") }
        #expect(try store.revisions(of: "RVU19A").map(\.number) == [1, 2, 9, 10])
        #expect(try store.revision(nil).number == 10)
    }

    @Test("Other names among the revisions are passed over")
    func strangers() throws {
        try publish("RVU19A", 1, from: "2019-01-01")
        for name in ["r0", "r-1", "rx", "r", "notes", "r2.old"] {
            try FileManager.default.createDirectory(
                at: folder["store/releases/RVU19A/\(name)"], withIntermediateDirectories: true)
        }
        #expect(try store.revisions(of: "RVU19A").map(\.number) == [1])
    }

    @Test("The latest is the release that is effective last, not the one published last")
    func latestByDate() throws {
        try publish("RVU19B", 1, from: "2019-04-01")
        try publish("RVU19A", 1, from: "2019-01-01")
        #expect(try latest()["release"]?.string == "RVU19B")
        #expect(try latest()["path"]?.string == "releases/RVU19B/r1")
        try publish("RVU19C", 1, from: "2019-07-01")
        #expect(try store.revision(nil).name == "RVU19C-r1")
    }

    @Test("What is being written is not visible before it is published, and whole afterwards")
    func atomic() throws {
        try publish("RVU19A", 1, from: "2019-01-01")
        let before = try latest()
        let lock = try store.lock()
        defer { _ = lock }
        try stage("RVU19A", 2, from: "2019-01-01")
        #expect(try store.revisions(of: "RVU19A").map(\.number) == [1])
        #expect(try latest() == before)
        let revision = try store.publish(label: "RVU19A", number: 2)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: revision.folder.path).sorted() == [
                "manifest.json", "tables",
            ])
        #expect(!FileManager.default.fileExists(atPath: folder["store/.staging"].path))
        #expect(try latest()["revision"]?.integer == 2)
    }

    @Test("A revision that is there is never written over")
    func neverOverwritten() throws {
        let revision = try publish("RVU19A", 1, from: "2019-01-01")
        let before = try Data(contentsOf: revision.folder.appendingPathComponent("manifest.json"))
        #expect(refusal { try publish("RVU19A", 1, from: "2020-01-01") }?.ids == ["cannot_write"])
        #expect(try Data(contentsOf: revision.folder.appendingPathComponent("manifest.json")) == before)
    }

    @Test("While one run holds the store another is refused, and may have it afterwards")
    func locking() throws {
        do {
            let lock = try store.lock()
            defer { _ = lock }
            let refused = try #require(locked())
            #expect(refused.ids == ["store_locked"])
            #expect(refused.kind == .cannotWrite)
        }
        #expect(locked() == nil)
    }

    private func locked() -> Findings? {
        do {
            _ = try store.lock()
            return nil
        } catch {
            return Findings(error)
        }
    }

    @Test("What a killed run left is cleared away by the next")
    func staging() throws {
        do {
            let lock = try store.lock()
            defer { _ = lock }
            try stage("RVU19A", 1, from: "2019-01-01")
        }
        _ = try store.lock()
        #expect(!FileManager.default.fileExists(atPath: folder["store/.staging"].path))
        #expect(try store.labels().isEmpty)
    }

    @Test(
        "A pointer that a killed run did not move, or left broken, is put right by the next",
        arguments: [nil, "", "{", "{\"release\":\"RVU19A\",\"revision\":1}"])
    func pointer(damaged: String?) throws {
        try publish("RVU19A", 1, from: "2019-01-01")
        try publish("RVU19A", 2, from: "2019-01-01")
        let whole = try latest()
        if let damaged {
            try Data(damaged.utf8).write(to: folder["store/latest.json"])
        } else {
            try FileManager.default.removeItem(at: folder["store/latest.json"])
        }
        _ = try store.lock()
        #expect(try latest() == whole)
    }

    @Test("The pointer names the manifest by its hash and fits its schema")
    func pointerContents() throws {
        let revision = try publish("RVU19A", 1, from: "2019-01-01")
        let manifest = [UInt8](try Data(contentsOf: revision.folder.appendingPathComponent("manifest.json")))
        #expect(try latest()["manifest_sha256"]?.string == sha256(manifest))
        #expect(try latest()["content_hash"]?.string == "sha256:1")
    }

    @Test("A place that cannot be written to is refused")
    func unwritable() throws {
        try Data().write(to: folder["file"])
        do {
            _ = try Store(folder["file/store"]).lock()
            Issue.record("the store could be locked")
        } catch {
            #expect(Findings(error).ids == ["cannot_write"])
            #expect(Findings(error).kind == .cannotWrite)
        }
    }

    @Test("Rows of a table are read by column, all or those that are wanted")
    func tables() throws {
        let revision = try publish("RVU19A", 1, from: "2019-01-01")
        #expect(try store.table("things", of: revision) == [["a": "1", "b": "x,y"], ["a": "2", "b": ""]])
        #expect(try store.table("things", of: revision, where: "a", equals: "2") == [["a": "2", "b": ""]])
        #expect(refusal { try store.table("none", of: revision) }?.ids == ["table_unreadable"])
    }
}
