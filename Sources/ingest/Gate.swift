import ArgumentParser
import Diff
import Foundation
import Model
import Pipeline

/// What a release may change, and where the report of it goes.
struct GateOptions: ParsableArguments {
    @Option(
        help: "What may change: limits and waivers (Schemas/policy.yaml is the standard).",
        completion: .file(extensions: ["yaml", "yml"]))
    var policy: String?

    @Option(help: "Write diff.json, diff.md and diff.html into this folder.", completion: .directory)
    var report: String?

    @Flag(
        help: """
            For GitHub Actions: annotations on standard output, and diff.md appended to the file that \
            GITHUB_STEP_SUMMARY names.
            """)
    var github = false

    func check(_ format: FormatOptions) throws {
        if github, format.format == .json {
            throw ValidationError("--github prints annotations where --format json prints data: choose one of them.")
        }
    }

    /// Runs `body`; with --github the errors that end it become annotations too.
    func annotating<Value>(overlays: String, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as IngestError where github {
            for line in githubAnnotations(for: error, overlays: overlays) { print(line) }
            throw error
        }
    }

    /// Writes what was asked for; `reports` are rendered only then.
    func write(
        _ rendered: @autoclosure () -> [Report], _ difference: Difference, _ verdict: Verdict, overlays: String,
        diagnostics: Diagnostics? = nil
    ) throws {
        guard report != nil || github else { return }
        let reports = rendered()
        if let report { try Pipeline.write(reports, to: report) }
        guard github else { return }
        for line in githubAnnotations(difference, verdict, overlays: overlays, diagnostics: diagnostics) { print(line) }
        guard let path = ProcessInfo.processInfo.environment["GITHUB_STEP_SUMMARY"], !path.isEmpty,
            let markdown = reports.first(where: { $0.path == "diff.md" })
        else { return }
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        do {
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(markdown.bytes))
            try handle.close()
        } catch {
            throw IngestError(
                .cannotWrite, "cannot_write", at: Place(path),
                "the step's summary cannot be written: \(error.localizedDescription)",
                hint: "GITHUB_STEP_SUMMARY names a file that GitHub makes.")
        }
    }
}
