public import Foundation
import JSON
public import Model

/// A store: the folder that `ingest run` publishes in, or a copy of it. Read only.
extension Dataset {
    /// Opens the newest revision of a store, the one that its `latest.json` points at, and holds its manifest against the hash
    /// that stands there.
    /// - Throws: when nothing is published there, or as ``init(folder:checking:manifestSHA256:)`` does.
    public init(latestIn store: URL, checking: Checking = .bytes) throws(IngestError) {
        let pointer = store.appendingPathComponent("latest.json")
        guard let data = try? Data(contentsOf: pointer), let json = try? JSONValue([UInt8](data)),
            let label = json["release"]?.string, let number = json["revision"]?.integer
        else {
            throw IngestError(
                .unavailable, "store_empty", at: Place(store.path), "nothing is published in this store",
                hint: "Name the folder that holds latest.json.")
        }
        try self.init(
            folder: store.appendingPathComponent(RevisionName(label: label, number: number).path, isDirectory: true),
            checking: checking, manifestSHA256: json["manifest_sha256"]?.string)
    }

    /// Opens a revision of a store by its name.
    /// - Throws: as ``init(folder:checking:manifestSHA256:)`` does.
    public init(_ name: RevisionName, in store: URL, checking: Checking = .bytes) throws(IngestError) {
        try self.init(folder: store.appendingPathComponent(name.path, isDirectory: true), checking: checking)
    }

    /// The newest revision of each release in a store that was not withdrawn, by the day from which they hold, to follow a
    /// code through them.
    /// - Throws: as ``init(folder:checking:manifestSHA256:)`` does.
    public static func newest(in store: URL, checking: Checking = .bytes) throws(IngestError) -> [Dataset] {
        let releases = store.appendingPathComponent("releases", isDirectory: true)
        func names(in folder: URL) throws(IngestError) -> [String] {
            do { return try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
                throw IngestError(
                    .unavailable, "store_unreadable", at: Place(folder.path),
                    "the store cannot be read: \(error.localizedDescription)",
                    hint: "Name the folder that holds latest.json.")
            }
        }
        let withdrawn = try withdrawnRevisions(of: store)
        var datasets: [Dataset] = []
        for label in try names(in: releases) where label.hasPrefix("RVU") {
            let revisions = try names(in: releases.appendingPathComponent(label, isDirectory: true))
                .compactMap { RevisionName("\(label)-\($0)") }.filter { !withdrawn.contains($0) }
            guard let newest = revisions.max(by: { $0.number < $1.number }) else { continue }
            datasets.append(try Dataset(newest, in: store, checking: checking))
        }
        return datasets.sorted {
            ($0.manifest.release.effectiveFrom, $0.name.label) < ($1.manifest.release.effectiveFrom, $1.name.label)
        }
    }
}

/// The revisions that the store's `withdrawn.json` names.
private func withdrawnRevisions(of store: URL) throws(IngestError) -> Set<RevisionName> {
    let url = store.appendingPathComponent("withdrawn.json")
    guard FileManager.default.fileExists(atPath: url.path) else { return [] }
    guard let data = try? Data(contentsOf: url), let json = try? JSONValue([UInt8](data)),
        let revisions = json["revisions"]?.elements
    else {
        throw IngestError(
            .badData, "withdrawn_unreadable", at: Place(url.path), "this does not say which revisions were withdrawn",
            hint: "Restore it from a copy. Without it, what was withdrawn would pass for good.")
    }
    return Set(revisions.compactMap { $0["revision"]?.string.flatMap { RevisionName($0) } })
}
