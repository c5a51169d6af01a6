import Digest
import Foundation
import JSON
import Model
import Publish
import TestSupport
import Testing

@Suite("A store laid out for a web server")
struct HostingTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A small revision as the store has it.
    @discardableResult
    private func revision(
        _ label: String, _ number: Int, sequence: Int, tier: String = "public"
    ) throws -> Hosting.Source {
        let root = folder["store/releases/\(label)/r\(number)"]
        try FileManager.default.createDirectory(
            at: root.appendingPathComponent("tables"), withIntermediateDirectories: true)
        let codes = ["00100", "J7308"].map { code in
            #"{"code":"\#(code)","system":"HCPCS","section":{"id":"J"},"title":"A \#(sequence)","relative_values":[]}"#
        }
        let files = [
            ("codes.ndjson", codes.joined(separator: "\n") + "\n"), ("tables/codes.csv", "code\n00100\nJ7308\n"),
            (
                "diff.json",
                "{\n  \"base\": null,\n  \"counts\": {},\n  \"systemic\": [],\n  \"changes\": [\n    {\"a\":1}\n  ]\n}\n"
            ),
        ]
        var json = JSONWriter(indented: true)
        json.object { json in
            json.field("schema_version", "1.3.0")
            json.object("release") { json in
                json.field("label", label)
                json.field("revision", number)
                json.object("effective") { json in
                    json.field("from", "2026-0\(sequence)-01")
                    json.field("to", "2026-12-31")
                }
                json.field("released", nil as String?)
            }
            json.field("sequence", sequence)
            json.field("tier", tier)
            json.field("license", "Free & <open>")
            json.field("content_hash", "sha256:" + Digest.hex(label))
            json.object("counts") { $0.field("codes", 2) }
            json.array("files") { json in
                for (path, text) in files {
                    json.object { json in
                        json.field("path", path)
                        json.field("sha256", Digest.hex(text))
                        json.field("bytes", text.utf8.count)
                    }
                }
            }
        }
        for (path, text) in files { try Data(text.utf8).write(to: root.appendingPathComponent(path)) }
        try Data(json.bytes).write(to: root.appendingPathComponent("manifest.json"))
        try Data(Digest.seal(of: json.bytes, name: "manifest.json")).write(
            to: root.appendingPathComponent("manifest.json.sha256"))
        return Hosting.Source(name: RevisionName(label: label, number: number), folder: root)
    }

    private func publish(
        _ sources: [Hosting.Source], to place: String = "out", withdrawals: [Withdrawal] = [], tier: String = "public"
    ) throws -> Hosting.Written {
        let latest = sources.last.map { Array(#"{"release":"\#($0.name.label)","revision":\#($0.name.number)}"#.utf8) }
        return try Hosting(
            sources: sources, withdrawals: withdrawals, latest: latest, tier: tier, baseURL: nil
        ).write(to: folder[place]) { _ in }
    }

    private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder[path])) }

    /// Every file's bytes by path; the link by what it leads to.
    private func tree(_ place: String) throws -> [String: [UInt8]] {
        var tree: [String: [UInt8]] = [:]
        for path in folder.files where path.hasPrefix(place + "/") && !path.hasPrefix("\(place)/latest/") {
            tree[String(path.dropFirst(place.utf8.count))] = try bytes(path)
        }
        return tree
    }

    @Test("A revision's files are its own, each code has its line, and each file its packed form")
    func layout() throws {
        let written = try publish([revision("RVU26A", 1, sequence: 1)])
        #expect(written.published == ["RVU26A-r1"])
        for path in ["manifest.json", "manifest.json.sha256", "codes.ndjson", "tables/codes.csv", "diff.json"] {
            #expect(try bytes("out/releases/RVU26A/r1/\(path)") == bytes("store/releases/RVU26A/r1/\(path)"), "\(path)")
        }
        let lines = try bytes("store/releases/RVU26A/r1/codes.ndjson").split(separator: 0x0A)
        #expect(try bytes("out/releases/RVU26A/r1/codes/00100.json") == lines[0] + [0x0A])
        #expect(try bytes("out/releases/RVU26A/r1/codes/J7308.json") == lines[1] + [0x0A])
        let files = Set(folder.files.filter { $0.hasPrefix("out/") && !$0.hasPrefix("out/latest/") })
        for file in files where !file.hasSuffix(".gz") { #expect(files.contains(file + ".gz"), "\(file)") }
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: folder["out/latest"].path)
        #expect(link == "releases/RVU26A/r1")
    }

    @Test("Publishing again writes nothing, and a new revision leaves the old ones' files as they were")
    func incremental() throws {
        let first = try revision("RVU26A", 1, sequence: 1)
        _ = try publish([first])
        let before = try tree("out")
        let again = try publish([first])
        #expect(again.files == 0 && again.kept == ["RVU26A-r1"])
        #expect(try tree("out") == before)
        let second = try revision("RVU26B", 1, sequence: 2)
        #expect(try publish([first, second]).published == ["RVU26B-r1"])
        let after = try tree("out")
        for (path, bytes) in before where path.hasPrefix("/releases/RVU26A/") {
            #expect(after[path] == bytes, "\(path)")
        }
        _ = try publish([first, second], to: "clean")
        #expect(try tree("clean") == after)
    }

    @Test(
        "A published file that has changed is refused with its place, packed or not",
        arguments: [
            "codes.ndjson", "codes.ndjson.gz", "tables/codes.csv", "codes/J7308.json", "codes/J7308.json.gz",
            "codes/index.json", "manifest.json", "manifest.json.sha256", "manifest.json.gz",
        ])
    func changed(path: String) throws {
        let source = try revision("RVU26A", 1, sequence: 1)
        _ = try publish([source])
        let file = folder["out/releases/RVU26A/r1/\(path)"]
        var data = try Data(contentsOf: file)
        data[data.count / 2] ^= 4
        try data.write(to: file)
        let refused = refusal { try publish([source]) }
        #expect(refused?.ids == ["hosted_changed"])
        #expect(refused?.description.contains("releases/RVU26A/r1/\(path)") == true)
        try FileManager.default.removeItem(at: file)
        #expect(refusal { try publish([source]) }?.ids == ["hosted_changed"])
    }

    @Test(
        "A damaged revision is refused before anything of it is shown",
        arguments: ["codes.ndjson", "tables/codes.csv", "manifest.json"])
    func damaged(path: String) throws {
        let source = try revision("RVU26A", 1, sequence: 1)
        let file = source.folder.appendingPathComponent(path)
        try Data((try Data(contentsOf: file)).dropLast()).write(to: file)
        let refused = refusal { try publish([source]) }
        #expect(refused?.ids == ["revision_damaged"] && refused?.kind == .badData)
        #expect(refused?.description.contains(path) == true)
        #expect(folder.files.filter { $0.hasPrefix("out/") }.isEmpty)
    }

    @Test("What a withdrawal says is in the list and in both feeds, and no later publication forgets it")
    func withdrawn() throws {
        let first = try revision("RVU26A", 1, sequence: 1)
        let second = try revision("RVU26A", 2, sequence: 2)
        let day = try #require(CalendarDate(iso: "2026-05-04"))
        let withdrawal = Withdrawal(revision: first.name, reason: "Wrong <GPCI>", use: second.name, date: day)
        _ = try publish([first, second])
        let before = try tree("out")
        _ = try publish([first, second], withdrawals: [withdrawal])
        let after = try tree("out")
        for (path, bytes) in before where path.hasPrefix("/releases/RVU26A/") {
            #expect(after[path] == bytes, "\(path)")
        }
        for path in ["out/releases/index.json", "out/feed.json"] {
            #expect(String(decoding: try bytes(path), as: UTF8.self).contains("Wrong <GPCI>"), "\(path)")
        }
        for path in ["out/feed.atom", "out/index.html"] {
            #expect(String(decoding: try bytes(path), as: UTF8.self).contains("Wrong &lt;GPCI&gt;"), "\(path)")
        }
        #expect(String(decoding: try bytes("out/feed.atom"), as: UTF8.self).contains("<updated>2026-05-04T00:00:00Z"))
        _ = try publish([first, second])
        #expect(try tree("out") == after)
    }

    @Test("The licensed tier is published only where it is asked for, and never beside the public one")
    func tiers() throws {
        let licensed = try revision("RVU26A", 1, sequence: 1, tier: "licensed")
        #expect(refusal { try publish([licensed]) }?.ids == ["hosting_tier"])
        #expect(folder.files.filter { $0.hasPrefix("out/") }.isEmpty)
        _ = try publish([licensed], tier: "licensed")
        let other = try revision("RVU26B", 1, sequence: 2)
        #expect(refusal { try publish([other]) }?.ids == ["hosting_tier"])
    }

    @Test("A folder that is another's is left alone", arguments: ["index.html", "latest.json", "releases/index.json"])
    func foreign(path: String) throws {
        let file = folder["out/\(path)"]
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: file)
        let source = try revision("RVU26A", 1, sequence: 1)
        #expect(refusal { try publish([source]) }?.ids == ["hosting_foreign"])
        #expect(folder.files.filter { $0.hasPrefix("out/") } == ["out/\(path)"])
    }

    @Test("Other files of the folder stay") func neighbours() throws {
        try FileManager.default.createDirectory(at: folder["out"], withIntermediateDirectories: true)
        try Data("fees.example.org\n".utf8).write(to: folder["out/CNAME"])
        _ = try publish([revision("RVU26A", 1, sequence: 1)])
        #expect(try bytes("out/CNAME") == Array("fees.example.org\n".utf8))
    }

    @Test("What a killed run was writing is taken away by the next")
    func leftovers() throws {
        let source = try revision("RVU26A", 1, sequence: 1)
        _ = try publish([source], to: "clean")
        try FileManager.default.createDirectory(
            at: folder["out/.new/revision/codes"], withIntermediateDirectories: true)
        try Data("half".utf8).write(to: folder["out/.new/revision/codes/00100.json"])
        _ = try publish([source])
        #expect(try tree("out") == tree("clean"))
    }
}
