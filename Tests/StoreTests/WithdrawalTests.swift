import Foundation
import JSON
import Model
import Store
import TestSupport
import Testing

@Suite("Revisions that were withdrawn")
struct WithdrawalTests {
    private let folder: TemporaryFolder
    private let store: Store

    init() throws {
        folder = try TemporaryFolder()
        store = Store(folder["store"])
        for (label, number, from, sequence) in [
            ("RVU19A", 1, "2019-01-01", 1), ("RVU19B", 1, "2019-04-01", 2), ("RVU19B", 2, "2019-04-01", 3),
        ] {
            let lock = try store.lock()
            defer { _ = lock }
            let staging = try store.makeStaging()
            try FileManager.default.createDirectory(
                at: staging.appendingPathComponent("tables"), withIntermediateDirectories: true)
            let manifest =
                #"{"release":{"label":"\#(label)","revision":\#(number),"effective":{"from":"\#(from)"}},"sequence":\#(sequence)}"#
            try store.stage(Array(manifest.utf8), as: "manifest.json")
            _ = try store.publish(label: label, number: number)
        }
    }

    private func withdraw(_ name: String, use: String? = nil, reason: String = "Wrong") throws -> Bool {
        let day = try #require(CalendarDate(iso: "2019-05-04"))
        let name = try #require(RevisionName(name))
        return try store.withdraw(
            Withdrawal(revision: name, reason: reason, use: use.flatMap { RevisionName($0) }, date: day))
    }

    @Test("The latest is what stands: the revision before, then the release before, then nothing")
    func latest() throws {
        #expect(try withdraw("RVU19B-r2", use: "RVU19B-r1"))
        #expect(try store.revision(nil).name == "RVU19B-r1")
        #expect(try store.revision("RVU19B").name == "RVU19B-r1")
        #expect(try store.revision("RVU19B-r2").name == "RVU19B-r2")
        #expect(try withdraw("RVU19B-r1"))
        #expect(try store.revision(nil).name == "RVU19A-r1")
        #expect(refusal { try store.revision("RVU19B") }?.ids == ["revision_withdrawn"])
        #expect(try store.newestRevisions().map(\.name) == ["RVU19A-r1"])
        #expect(try store.lastRevisions().map(\.name) == ["RVU19A-r1", "RVU19B-r2"])
        #expect(try withdraw("RVU19A-r1"))
        #expect(refusal { try store.revision(nil) }?.ids == ["store_empty"])
    }

    @Test("The order of publication goes on behind what was withdrawn")
    func sequence() throws {
        #expect(try withdraw("RVU19B-r2"))
        #expect(try store.nextSequence() == 4)
        let pointer = try JSONValue([UInt8](try Data(contentsOf: folder["store/latest.json"])))
        #expect(pointer["sequence"]?.integer == 3)
        #expect(pointer["path"]?.string == "releases/RVU19B/r1")
    }

    @Test("A withdrawal stays as it was said, and the same words again say nothing new")
    func unchanged() throws {
        #expect(try withdraw("RVU19B-r2"))
        #expect(try !withdraw("RVU19B-r2"))
        #expect(refusal { try withdraw("RVU19B-r2", reason: "Other words") }?.ids == ["withdrawn_already"])
        #expect(try store.withdrawals().map(\.reason) == ["Wrong"])
    }

    @Test("What is not there, or is withdrawn itself, takes no revision's place")
    func use() throws {
        #expect(refusal { try withdraw("RVU19B-r3") }?.ids == ["revision_missing"])
        #expect(refusal { try withdraw("RVU19B-r2", use: "RVU19B-r9") }?.ids == ["revision_missing"])
        #expect(refusal { try withdraw("RVU19B-r2", use: "RVU19B-r2") }?.ids == ["withdrawn_use"])
        #expect(try withdraw("RVU19B-r1"))
        #expect(refusal { try withdraw("RVU19B-r2", use: "RVU19B-r1") }?.ids == ["withdrawn_use"])
    }

    @Test("A list that cannot be read is no empty list")
    func damaged() throws {
        #expect(try withdraw("RVU19B-r2"))
        for text in ["", "{}", #"{"revisions":[{"revision":"RVU19B-r2"}]}"#, #"{"revisions":[]"#] {
            try Data(text.utf8).write(to: folder["store/withdrawn.json"])
            #expect(refusal { try store.withdrawals() }?.ids == ["withdrawn_unreadable"], "\(text)")
            #expect(refusal { try store.revision("RVU19B") }?.ids == ["withdrawn_unreadable"], "\(text)")
        }
    }
}
