import CSV
import Delta
public import Foundation
public import JSON
public import Model

/// A published revision of a release.
public struct Revision: Sendable {
    public let label: String
    public let number: Int
    /// The folder that holds its files.
    public let folder: URL

    public init(label: String, number: Int, folder: URL) {
        self.label = label
        self.number = number
        self.folder = folder
    }

    /// `RVU26A-r1`.
    public var name: String { "\(label)-r\(number)" }
}

/// The folder that holds published revisions:
///
///     latest.json              points at the newest release's newest revision
///     withdrawn.json           the revisions that must no longer be used
///     releases/RVU26A/r1/      a revision; never changed once it is there
///     sources/                 CMS's files as they were fetched, and what each is pinned to
///     .staging/                the revision being written; removed by the next run if one was killed
///     .lock                    held while a run writes
///
/// Only ``publish(_:label:number:)`` makes a revision visible, by one rename.
public struct Store: Sendable {
    public let root: URL

    public init(_ root: URL) { self.root = root }

    private var releases: URL { root.appendingPathComponent("releases") }
    private var staging: URL { root.appendingPathComponent(".staging") }

    /// In bytes: with what lies below it in the store, the longest path that SQLite opens.
    private static let longestPath = 450

    /// The folder of fetched files.
    public var sources: URL { root.appendingPathComponent("sources") }

    // MARK: Reading

    /// The releases in the store, by label.
    /// - Throws: when the store is there and cannot be read.
    public func labels() throws(IngestError) -> [String] {
        try names(in: releases).filter { $0.hasPrefix("RVU") }.sorted()
    }

    /// A release's revisions, oldest first.
    /// - Throws: when the release is there and cannot be read.
    public func revisions(of label: String) throws(IngestError) -> [Revision] {
        try numbers(of: label).sorted().map { revision(label, $0) }
    }

    /// The newest revision of each release that was not withdrawn, by label.
    /// - Throws: when the store is there and cannot be read.
    public func newestRevisions() throws(IngestError) -> [Revision] {
        let withdrawn = Set(try withdrawals().map(\.revision))
        return try newest { !withdrawn.contains($0) }
    }

    /// The newest revision of each release, withdrawn or not, by label.
    /// - Throws: when the store is there and cannot be read.
    public func lastRevisions() throws(IngestError) -> [Revision] { try newest { _ in true } }

    private func newest(where stands: (RevisionName) -> Bool) throws(IngestError) -> [Revision] {
        var newest: [Revision] = []
        for label in try labels() {
            let numbers = try numbers(of: label).filter { stands(RevisionName(label: label, number: $0)) }
            if let last = numbers.max() { newest.append(revision(label, last)) }
        }
        return newest
    }

    /// The numbers of a release's revisions, in no order. A release may have thousands.
    func numbers(of label: String) throws(IngestError) -> [Int] {
        try names(in: releases.appendingPathComponent(label, isDirectory: true)).compactMap { name in
            guard name.hasPrefix("r"), let number = Int(name.dropFirst()), number > 0 else { return nil }
            return number
        }
    }

    func revision(_ label: String, _ number: Int) -> Revision {
        let folder = releases.appendingPathComponent("\(label)/r\(number)", isDirectory: true)
        return Revision(label: label, number: number, folder: folder)
    }

    /// What lies in a folder; nothing where there is none. A folder that is there and cannot be read must not pass for an
    /// empty one: a run would compare with the wrong release, or with none.
    private func names(in folder: URL) throws(IngestError) -> [String] {
        do { return try entries(of: folder) } catch {
            throw IngestError(
                .unavailable, "store_unreadable", at: Place(folder.path),
                "the store cannot be read: \(error.localizedDescription)",
                hint: "Check the folder's permissions and the disk.")
        }
    }

    /// The revision that `name` means: `RVU26A` (its newest revision that was not withdrawn), `RVU26A-r2`, or nothing
    /// (the latest).
    /// - Throws: when the store holds no such revision.
    public func revision(_ name: String?) throws(IngestError) -> Revision {
        guard let name else {
            let pointer = root.appendingPathComponent("latest.json")
            guard let data = try? Data(contentsOf: pointer), let json = try? JSONValue([UInt8](data)),
                let label = json["release"]?.string, let number = json["revision"]?.integer
            else {
                throw IngestError(
                    .unavailable, "store_empty", at: Place(root.path), "nothing is published in this store",
                    hint: "Publish with `ingest run --release RVU26A --input …`, or name another --store.")
            }
            return try revision("\(label)-r\(number)")
        }
        let parts = name.uppercased().split(separator: "-", omittingEmptySubsequences: false)
        let label = parts.first.map(String.init) ?? ""
        let all = try numbers(of: label)
        let wanted =
            try parts.count == 2
            ? (parts[1].hasPrefix("R") ? Int(parts[1].dropFirst()) : nil) : standingNumbers(of: label).max()
        if parts.count == 1, wanted == nil, let last = all.max() {
            throw IngestError(
                .unavailable, "revision_withdrawn", at: Place(root.path),
                "every revision of \(label) in the store was withdrawn",
                hint: "`ingest releases` says why; \(label)-r\(last) names one all the same.")
        }
        guard parts.count <= 2, let wanted, all.contains(wanted) else {
            let labels = try labels()
            throw IngestError(
                .unavailable, "revision_missing", at: Place(root.path), "the store holds no \(name)",
                hint: labels.isEmpty
                    ? "It is empty." : "It holds \(labels.joined(separator: ", ")); see `ingest releases`.")
        }
        return revision(label, wanted)
    }

    /// A revision's manifest.
    /// - Throws: when it cannot be read.
    public func manifest(of revision: Revision) throws(IngestError) -> JSONValue { try readManifest(of: revision).json }

    /// A revision's manifest as it lies there, and what it says.
    /// - Throws: when it cannot be read.
    func readManifest(of revision: Revision) throws(IngestError) -> (bytes: [UInt8], json: JSONValue) {
        let url = revision.folder.appendingPathComponent("manifest.json")
        let reason: String
        do {
            let bytes = try contents(of: url)
            do { return (bytes, try JSONValue(bytes)) } catch { reason = "it is no JSON from byte \(error.offset) on" }
        } catch {
            reason = error.localizedDescription
        }
        throw IngestError(
            .badData, "manifest_unreadable", at: Place(url.path), "the manifest cannot be read: \(reason)",
            hint: "Restore the revision's folder from a copy; nothing may change in it.")
    }

    /// The day from which a revision's release holds.
    /// - Throws: when its manifest cannot be read.
    public func effectiveFrom(of revision: Revision) throws(IngestError) -> CalendarDate? {
        try manifest(of: revision)["release"]?["effective"]?["from"]?.string.flatMap { CalendarDate(iso: $0) }
    }

    /// The rows of a revision's table as text by column: all of them, or those that have `value` in `column`.
    /// - Throws: when the table cannot be read.
    public func table(
        _ name: String, of revision: Revision, where column: String? = nil, equals value: String = ""
    ) throws(IngestError) -> [[String: String]] {
        let url = revision.folder.appendingPathComponent("tables/\(name).csv")
        let csv: CSVRows
        do { csv = try tokeniseCSV([UInt8](try Data(contentsOf: url))) } catch {
            throw IngestError(
                .badData, "table_unreadable", at: Place(url.path), "the table cannot be read",
                hint: "ingest validate \(revision.folder.relativePath)")
        }
        guard csv.count > 0 else { return [] }
        let header = csv.strings(of: 0)
        let index = column.flatMap { header.firstIndex(of: $0) }
        return (1..<csv.count).compactMap { row in
            let fields = csv.fields(of: row)
            if let index, !csv[field: fields.lowerBound + index].elementsEqual(value.utf8) { return nil }
            return Dictionary(zip(header, csv.strings(of: row)), uniquingKeysWith: { first, _ in first })
        }
    }

    // MARK: Writing

    /// Takes the store for this run, makes it if it is not there, and clears away what a killed run left.
    /// - Throws: when another run holds it or it cannot be written.
    public func lock() throws(IngestError) -> StoreLock {
        let length = root.standardizedFileURL.path.utf8.count
        guard length <= Self.longestPath else {
            throw IngestError(
                .cannotWrite, "store_path_too_long", at: Place(root.path),
                "the store's path has \(length) bytes; \(Self.longestPath) are the most",
                hint:
                    "Name a --store nearer to the root of the disk: SQLite opens no file whose path has more than 511.")
        }
        do { try makeFolder(releases) } catch { throw cannotWrite(error) }
        let lock = try StoreLock(root.appendingPathComponent(".lock"))
        try clearStaging()
        // A run that was killed between its rename and this pointer has published all the same.
        try writeLatest()
        return lock
    }

    /// Takes the folder of fetched files, which is there, and waits for another fetch that has it.
    /// - Throws: when it still has it after `seconds`.
    public func lockSources(seconds: Int, waiting: () -> Void) throws(IngestError) -> StoreLock {
        try StoreLock(sources.appendingPathComponent(".lock"), seconds: seconds, waiting: waiting)
    }

    /// A fresh folder to write a revision in.
    public func makeStaging() throws(IngestError) -> URL {
        do { try makeFolder(staging) } catch { throw cannotWrite(error) }
        return staging
    }

    public func clearStaging() throws(IngestError) {
        do { try FileManager.default.removeItem(at: staging) } catch CocoaError.fileNoSuchFile {} catch {
            throw cannotWrite(error)
        }
    }

    /// Writes a small file into the staging folder and waits until the disk has it.
    public func stage(_ bytes: [UInt8], as path: String) throws(IngestError) {
        try write(bytes, to: staging.appendingPathComponent(path))
    }

    /// Makes a folder in the staging folder.
    public func stageFolder(_ name: String) throws(IngestError) {
        do { try makeFolder(staging.appendingPathComponent(name)) } catch { throw cannotWrite(error) }
    }

    /// Makes the staging folder revision `number` of `label`: everything is on disk before the one rename that
    /// shows it, and the pointer moves last.
    /// - Throws: when it cannot be written. Where that is found behind the rename, the error says that the revision is there.
    public func publish(label: String, number: Int) throws(IngestError) -> Revision {
        let release = releases.appendingPathComponent(label, isDirectory: true)
        let revision = revision(label, number)
        do {
            try makeFolder(release)
            for name in ["tables", Delta.folderName] {
                let folder = staging.appendingPathComponent(name)
                if FileManager.default.fileExists(atPath: folder.path) { try synchroniseFolder(folder) }
            }
            try synchroniseFolder(staging)
            guard !FileManager.default.fileExists(atPath: revision.folder.path) else {
                throw CocoaError(.fileWriteFileExists)
            }
            try renameFile(staging, to: revision.folder)
        } catch {
            throw cannotWrite(error)
        }
        do {
            try synchroniseFolder(release)
            try writeLatest()
        } catch {
            throw isPublishedAllTheSame(revision, error)
        }
        return revision
    }

    private func isPublishedAllTheSame(_ revision: Revision, _ error: any Error) -> IngestError {
        let reason =
            (error as? IngestError)?.diagnostics.kinds.first?.first.first?.message ?? error.localizedDescription
        var told = IngestError(
            .cannotWrite, "pointer_not_moved", at: Place(revision.folder.path),
            "\(revision.name) is published and whole, but latest.json may not point at it yet: \(reason)",
            hint: "Run the same command again: it finds the revision there and puts latest.json right.")
        told.hasPublished = true
        return told
    }

    /// Puts ``pointer()`` into `latest.json`.
    func writeLatest() throws(IngestError) {
        let url = root.appendingPathComponent("latest.json")
        guard let json = try pointer() else {
            // Nothing stands, if it ever did: every revision was withdrawn.
            do { try FileManager.default.removeItem(at: url) } catch CocoaError.fileNoSuchFile {} catch {
                throw cannotWrite(error)
            }
            return
        }
        if let current = try? Data(contentsOf: url), current.elementsEqual(json) { return }
        let aside = root.appendingPathComponent(".latest.json")
        try write(json, to: aside)
        do {
            try renameFile(aside, to: url)
            try synchroniseFolder(root)
        } catch {
            throw cannotWrite(error)
        }
    }

    private func write(_ bytes: [UInt8], to url: URL) throws(IngestError) {
        do { try writeThrough(bytes, to: url) } catch { throw cannotWrite(error) }
    }

    private func cannotWrite(_ error: any Error) -> IngestError {
        if let error = error as? IngestError { return error }
        return IngestError(
            .cannotWrite, "cannot_write", at: Place(root.path),
            "the store cannot be written: \(error.localizedDescription)",
            hint: "Check the disk's free space and the folder's permissions. Nothing was published.")
    }
}
