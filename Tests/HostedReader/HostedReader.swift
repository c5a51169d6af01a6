import FeeSchedule
import Foundation
import HostedDataset
import Model

// Reads a published folder over HTTP with the library, for Tests/acceptance/test_publish.py:
//
//     hosted-reader URL releases
//     hosted-reader URL code CODE [REVISION]
//     hosted-reader URL codes
//     hosted-reader URL download REVISION FOLDER [--even-if-withdrawn]
//     hosted-reader URL update REVISION FOLDER

@main
struct HostedReader {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2, let url = URL(string: arguments[0]) else { exit(64) }
        do throws(IngestError) { try await run(HostedDataset(at: url), Array(arguments.dropFirst())) } catch {
            for problem in error.diagnostics.kinds.flatMap(\.first) {
                say("\(problem.id) \(problem.place?.description ?? ""): \(problem.message) \(problem.hint ?? "")")
            }
            exit(error.kind.rawValue)
        }
    }

    private static func run(_ dataset: HostedDataset, _ arguments: [String]) async throws(IngestError) {
        switch (arguments[0], arguments.count) {
        case ("releases", 1):
            for revision in try await dataset.releases().revisions {
                print(revision.name, revision.effectiveFrom, revision.withdrawal?.reason ?? "stands")
            }
        case ("code", 2...3):
            guard let code = Code(arguments[1]) else { exit(64) }
            let name = arguments.count == 3 ? RevisionName(arguments[2]) : nil
            let revision: HostedRevision
            if let name { revision = try await dataset.revision(name) } else { revision = try await dataset.latest() }
            guard let document = try await dataset.document(of: code, in: revision) else {
                say("no \(code) in \(revision.name)")
                exit(1)
            }
            FileHandle.standardOutput.write(Data(document))
        case ("codes", 1):
            for code in try await dataset.codes(of: dataset.latest()) {
                print(code.code, code.system, code.section ?? "-", code.status ?? "-")
            }
        case ("download", 3...4):
            guard let name = RevisionName(arguments[1]) else { exit(64) }
            let isAsked = arguments.last == "--even-if-withdrawn"
            let revision = try await dataset.revision(name, evenIfWithdrawn: isAsked)
            let opened = try await dataset.download(
                revision, to: URL(fileURLWithPath: arguments[2]), evenIfWithdrawn: isAsked)
            print(opened.name, opened.manifest.contentHash)
        case ("update", 3):
            guard let name = RevisionName(arguments[1]) else { exit(64) }
            let opened = try await dataset.update(
                URL(fileURLWithPath: arguments[2]), to: dataset.revision(name))
            print(opened.name, opened.manifest.contentHash)
        default: exit(64)
        }
    }

    private static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
