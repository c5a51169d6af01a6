import CSV
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

    /// The folder of fetched files.
    public var sources: URL { root.appendingPathComponent("sources") }

    // MARK: Reading

    /// The releases in the store, by label.
    public func labels() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: releases.path)) ?? []
        return names.filter { $0.hasPrefix("RVU") }.sorted()
    }

    /// A release's revisions, oldest first.
    public func revisions(of label: String) -> [Revision] {
        let folder = releases.appendingPathComponent(label)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("r"), let number = Int(name.dropFirst()), number > 0 else { return nil }
            return Revision(label: label, number: number, folder: folder.appendingPathComponent(name))
        }.sorted { $0.number < $1.number }
    }

    /// The newest revision of each release, by label.
    public func newestRevisions() -> [Revision] { labels().compactMap { revisions(of: $0).last } }

    /// The revision that `name` means: `RVU26A` (its newest revision), `RVU26A-r2`, or nothing (the latest).
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
        let all = revisions(of: parts.first.map(String.init) ?? "")
        let wanted =
            parts.count == 2 ? (parts[1].hasPrefix("R") ? Int(parts[1].dropFirst()) : nil) : all.last?.number
        guard parts.count <= 2, let found = all.first(where: { $0.number == wanted }) else {
            throw IngestError(
                .unavailable, "revision_missing", at: Place(root.path), "the store holds no \(name)",
                hint: labels().isEmpty
                    ? "It is empty." : "It holds \(labels().joined(separator: ", ")); see `ingest releases`.")
        }
        return found
    }

    /// A revision's manifest.
    /// - Throws: when it cannot be read.
    public func manifest(of revision: Revision) throws(IngestError) -> JSONValue {
        let url = revision.folder.appendingPathComponent("manifest.json")
        do { return try JSONValue([UInt8](try Data(contentsOf: url))) } catch {
            throw IngestError(
                .badData, "manifest_unreadable", at: Place(url.path), "the manifest cannot be read: \(error)",
                hint: "Restore the revision's folder from a copy; nothing may change in it.")
        }
    }

    /// The day from which a revision's release holds.
    /// - Throws: when its manifest cannot be read.
    public func effectiveFrom(of revision: Revision) throws(IngestError) -> CalendarDate? {
        try manifest(of: revision)["release"]?["effective"]?["from"]?.string.flatMap { CalendarDate(iso: $0) }
    }

    /// The document of `code` in `codes.ndjson`, found by bisection: lines are sorted by code.
    /// - Throws: when the file cannot be read.
    public func document(of code: String, in revision: Revision) throws(IngestError) -> [UInt8]? {
        let url = revision.folder.appendingPathComponent("codes.ndjson")
        let data: Data
        do { data = try Data(contentsOf: url, options: .alwaysMapped) } catch {
            throw IngestError(.badData, "documents_unreadable", at: Place(url.path), error.localizedDescription)
        }
        let wanted = Array(code.utf8)
        let prefix = Array(#"{"code":""#.utf8)
        return data.withUnsafeBytes { bytes -> [UInt8]? in
            var low = 0
            var high = bytes.count
            while low < high {
                var start = (low + high) / 2
                while start > low, bytes[start - 1] != 0x0A { start -= 1 }
                var end = start
                while end < bytes.count, bytes[end] != 0x0A { end += 1 }
                let line = bytes[start..<end]
                let found = line.dropFirst(prefix.count).prefix { $0 != UInt8(ascii: "\"") }
                if found.elementsEqual(wanted) { return Array(line) }
                if found.lexicographicallyPrecedes(wanted) { low = end + 1 } else { high = start }
            }
            return nil
        }
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
        do { try FileManager.default.createDirectory(at: releases, withIntermediateDirectories: true) } catch {
            throw cannotWrite(error)
        }
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
        do { try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: true) } catch {
            throw cannotWrite(error)
        }
        return staging
    }

    public func clearStaging() throws(IngestError) {
        guard FileManager.default.fileExists(atPath: staging.path) else { return }
        do { try FileManager.default.removeItem(at: staging) } catch { throw cannotWrite(error) }
    }

    /// Writes a small file into the staging folder and waits until the disk has it.
    public func stage(_ bytes: [UInt8], as path: String) throws(IngestError) {
        try write(bytes, to: staging.appendingPathComponent(path))
    }

    /// Makes the staging folder revision `number` of `label`: everything is on disk before the one rename that
    /// shows it, and the pointer moves last.
    public func publish(label: String, number: Int) throws(IngestError) -> Revision {
        let release = releases.appendingPathComponent(label)
        let folder = release.appendingPathComponent("r\(number)")
        do {
            try FileManager.default.createDirectory(at: release, withIntermediateDirectories: true)
            try synchroniseFolder(staging.appendingPathComponent("tables"))
            try synchroniseFolder(staging)
            guard !FileManager.default.fileExists(atPath: folder.path) else {
                throw CocoaError(.fileWriteFileExists)
            }
            try renameFile(staging, to: folder)
            try synchroniseFolder(release)
            try synchroniseFolder(releases)
        } catch {
            throw cannotWrite(error)
        }
        try writeLatest()
        return Revision(label: label, number: number, folder: folder)
    }

    /// Puts ``pointer()`` into `latest.json`.
    private func writeLatest() throws(IngestError) {
        guard let json = pointer() else { return }
        let url = root.appendingPathComponent("latest.json")
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
