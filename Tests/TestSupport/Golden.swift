import Foundation

/// Compares `text` with the file `name` in the folder `Goldens` beside the test. With `INGEST_RECORD=1` in the
/// environment the file is written; a recording is itself reported, so that it cannot pass for a test.
/// - Returns: what is wrong, `nil` when the texts are equal.
public func difference(of text: String, fromGolden name: String, file: String = #filePath) -> String? {
    let url = URL(fileURLWithPath: file).deletingLastPathComponent()
        .appendingPathComponent("Goldens").appendingPathComponent(name)
    let isRecording = ProcessInfo.processInfo.environment["INGEST_RECORD"] == "1"
    guard let golden = try? String(contentsOf: url, encoding: .utf8) else {
        return isRecording ? record(text, at: url) : "there is no \(name): record it with INGEST_RECORD=1"
    }
    if Array(golden.utf8) == Array(text.utf8) { return nil }
    if isRecording { return record(text, at: url) }
    let old = golden.split(separator: "\n", omittingEmptySubsequences: false)
    let new = text.split(separator: "\n", omittingEmptySubsequences: false)
    let line = zip(old, new).prefix { $0 == $1 }.count
    return """
        \(name) differs from line \(line + 1) on (INGEST_RECORD=1 records it anew)
        recorded: \(line < old.count ? old[line] : "(end)")
        now:      \(line < new.count ? new[line] : "(end)")
        """
}

private func record(_ text: String, at url: URL) -> String {
    do {
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
        return "recorded \(url.lastPathComponent): look at it, then run again"
    } catch {
        return "\(url.path) cannot be recorded: \(error)"
    }
}
