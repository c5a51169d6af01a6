public import Diff
import Foundation
public import Model
import Parallel
public import Schemas
import Store

/// A difference in one of its forms.
public struct Report: Sendable {
    /// `diff.json`, `diff.md`, `diff.html`.
    public let path: String
    public let bytes: [UInt8]
}

/// The difference in every form, by path.
public func reports(_ difference: Difference, _ verdict: Verdict, schemas: Schemas) -> [Report] {
    let paths = ["diff.html", "diff.json", "diff.md"]
    return inParallel(paths) { path in
        let bytes: [UInt8] =
            switch path {
            case "diff.json": diffJSON(difference, verdict, schemas: schemas)
            case "diff.md": Array(diffMarkdown(difference, verdict).utf8)
            default: diffPage(difference, verdict)
            }
        return Report(path: path, bytes: bytes)
    }
}

/// Writes reports into a folder, which is made when it is not there.
/// - Throws: when a file cannot be written.
public func write(_ reports: [Report], to folder: String) throws(IngestError) {
    let url = URL(fileURLWithPath: folder)
    do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
        throw IngestError(
            .cannotWrite, "cannot_write", at: Place(folder),
            "the report cannot be written: \(error.localizedDescription)",
            hint: "Name a folder that can be written with --report.")
    }
    for report in reports { try replaceFile(url.appendingPathComponent(report.path), with: report.bytes) }
}

/// The policy in `file`; the standard one without a file.
/// - Throws: when it cannot be read.
public func readPolicy(_ file: String?, schemas: Schemas) throws(IngestError) -> Policy {
    guard let file else { return try Policy.standard(schemas) }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: file)) else {
        throw IngestError(
            .unavailable, "policy_missing", at: Place(file), "the policy cannot be read",
            hint: "Schemas/policy.yaml is one to copy.")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
        throw IngestError(.badData, "policy_encoding", at: Place(file), "the policy is not UTF-8")
    }
    // Reports are the same wherever the policy lies.
    return try Policy(text, file: file, name: URL(fileURLWithPath: file).lastPathComponent, schemas: schemas)
}
