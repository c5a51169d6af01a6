import Digest
import FeeSchedule
import Foundation
import HostedDataset
import Model
import TestSupport
import Testing

@Suite("A published folder read from elsewhere")
struct HostedDatasetTests {
    private static let manifest = Array(#"{"schema_version":"1.3.0","files":[]}"#.utf8)

    private func dataset(_ files: [String: String]) -> HostedDataset {
        HostedDataset { path in files[path].map { Array($0.utf8) } }
    }

    private func index(withdrawn: String = "null", manifestSHA256: String = String(repeating: "0", count: 64)) -> String
    {
        """
        {"schema_version":"1.0.0","latest":"RVU26A-r1","sequence":1,"releases":[{"release":"RVU26A",
         "effective":{"from":"2026-01-01","to":"2026-03-31"},"revisions":[{"name":"RVU26A-r1","revision":1,"sequence":1,
         "released":null,"path":"releases/RVU26A/r1","tier":"public","schema_version":"1.3.0","content_hash":"sha256:1",
         "manifest_sha256":"\(manifestSHA256)","codes":1,"files":0,"bytes":0,"delta":null,"withdrawn":\(withdrawn)}]}]}
        """
    }

    /// What an asynchronous call was refused with.
    private func refused(_ body: () async throws -> Void) async -> IngestError? {
        do { try await body() } catch { return error as? IngestError }
        return nil
    }

    @Test("A withdrawn revision is refused with the reason and what to use, unless it is asked for all the same")
    func withdrawn() async throws {
        let withdrawn = #"{"reason":"Wrong GPCI","use":"RVU26A-r2","date":"2026-05-04"}"#
        let dataset = dataset(["releases/index.json": index(withdrawn: withdrawn)])
        let name = RevisionName(label: "RVU26A", number: 1)
        let error = await refused { _ = try await dataset.revision(name) }
        #expect(error?.diagnostics.kinds.map(\.id) == ["revision_withdrawn"])
        #expect(error?.diagnostics.kinds.first?.first.first?.message.contains("Wrong GPCI") == true)
        #expect(error?.diagnostics.kinds.first?.first.first?.hint?.contains("RVU26A-r2") == true)
        let revision = try await dataset.revision(name, evenIfWithdrawn: true)
        #expect(revision.withdrawal?.reason == "Wrong GPCI")
        let folder = try TemporaryFolder()
        let download = await refused { _ = try await dataset.download(revision, to: folder["r1"]) }
        #expect(download?.diagnostics.kinds.map(\.id) == ["revision_withdrawn"])
    }

    @Test("A manifest that is not the one of the list is refused, and nothing is left of a download")
    func manifest() async throws {
        let dataset = dataset([
            "releases/index.json": index(),
            "releases/RVU26A/r1/manifest.json": String(decoding: Self.manifest, as: UTF8.self),
        ])
        let revision = try await dataset.revision(RevisionName(label: "RVU26A", number: 1))
        let folder = try TemporaryFolder()
        let error = await refused { _ = try await dataset.download(revision, to: folder["r1"]) }
        #expect(error?.diagnostics.kinds.map(\.id) == ["hosted_changed"])
        #expect(folder.files.isEmpty)
    }

    @Test("A code that is not there is no error, a list that is not there is one")
    func missing() async throws {
        let dataset = dataset([
            "releases/index.json": index(), "latest.json": #"{"release":"RVU26A","revision":1}"#,
            "releases/RVU26A/r1/codes/J7308.json": "{}\n",
        ])
        let latest = try await dataset.latest()
        #expect(try await dataset.document(of: #require(Code("J7308")), in: latest) == Array("{}\n".utf8))
        #expect(try await dataset.document(of: #require(Code("J7309")), in: latest) == nil)
        let error = await refused { _ = try await dataset.codes(of: latest) }
        #expect(error?.kind == .unavailable)
    }
}
