import Delta
import Digest
public import FeeSchedule
public import Foundation
import JSON
public import Model

/// A published folder on a web server, as `ingest publish` lays it out: which releases there are, a code's document, and
/// whole revisions to download and open.
///
/// What proves itself is checked: a manifest by the hash that the list of releases gives, every downloaded file by the hash
/// that its manifest gives. The list itself and single documents are as trustworthy as the connection.
public struct HostedDataset: Sendable {
    /// Gets a file of the folder by its path below it, `releases/index.json`; `nil` when there is none of that name.
    public typealias Fetch = @Sendable (_ path: String) async throws -> [UInt8]?

    private let fetch: Fetch

    /// A folder whose files `fetch` gets, unpacked: an app's own client, a cache, or a test.
    public init(fetch: @escaping Fetch) { self.fetch = fetch }

    // MARK: Releases

    /// All releases and revisions.
    /// - Throws: when the list cannot be had or read.
    public func releases() async throws(IngestError) -> HostedReleases {
        let path = "releases/index.json"
        let bytes = try await bytes(path)
        guard let json = try? JSONValue(bytes), let releases = HostedReleases(json) else {
            throw unreadable(path, "this is no list of releases")
        }
        return releases
    }

    /// The newest revision of the release that is effective last, by `latest.json`.
    /// - Throws: when nothing is published there, or it cannot be read.
    public func latest() async throws(IngestError) -> HostedRevision {
        let path = "latest.json"
        let bytes = try await bytes(path)
        guard let json = try? JSONValue(bytes), let label = json["release"]?.string,
            let number = json["revision"]?.integer
        else { throw unreadable(path, "this does not say which revision is the newest") }
        return try await revision(RevisionName(label: label, number: number))
    }

    /// A revision by its name.
    /// - Parameter evenIfWithdrawn: whether one that must no longer be used will do.
    /// - Throws: when there is none of this name, or it was withdrawn.
    public func revision(
        _ name: RevisionName, evenIfWithdrawn: Bool = false
    ) async throws(IngestError) -> HostedRevision {
        let releases = try await releases()
        guard let revision = releases.revisions.first(where: { $0.name == name }) else {
            throw IngestError(
                .unavailable, "revision_missing", at: Place("releases/index.json"), "there is no \(name)",
                hint: releases.revisions.isEmpty
                    ? "Nothing is published there."
                    : "There are \(releases.revisions.map(\.name.description).joined(separator: ", ")).")
        }
        if !evenIfWithdrawn { try revision.refuseWithdrawn() }
        return revision
    }

    // MARK: A revision

    /// What a revision is and holds.
    /// - Throws: when its manifest cannot be had, or is not the one that the list of releases names by its hash.
    public func manifest(of revision: HostedRevision) async throws(IngestError) -> Manifest {
        try Manifest(try await manifestBytes(of: revision))
    }

    /// The codes of a revision, for a list to choose from.
    /// - Throws: when they cannot be had or read.
    public func codes(of revision: HostedRevision) async throws(IngestError) -> [HostedCode] {
        let path = "\(revision.path)/codes/index.json"
        let bytes = try await bytes(path)
        guard let json = try? JSONValue(bytes), let codes = json["codes"]?.elements else {
            throw unreadable(path, "this is no list of codes")
        }
        return codes.compactMap(HostedCode.init)
    }

    /// The document of a code, the line of `codes.ndjson` with its end; `nil` when the revision has no such code.
    /// - Throws: when it cannot be had.
    public func document(of code: Code, in revision: HostedRevision) async throws(IngestError) -> [UInt8]? {
        try await optionalBytes("\(revision.path)/codes/\(code).json")
    }

    /// Downloads a revision into `folder`, which must not be there yet and appears whole, and opens it.
    /// - Parameter evenIfWithdrawn: whether one that must no longer be used will do.
    /// - Throws: when it was withdrawn, a file cannot be had or is not what the manifest says, or `folder` cannot be
    ///   written.
    public func download(
        _ revision: HostedRevision, to folder: URL, evenIfWithdrawn: Bool = false
    ) async throws(IngestError) -> FeeSchedule.Dataset {
        if !evenIfWithdrawn { try revision.refuseWithdrawn() }
        let place = Place(folder.path)
        guard !FileManager.default.fileExists(atPath: folder.path) else {
            throw IngestError(
                .cannotWrite, "folder_exists", at: place, "there is something of this name",
                hint: "Name a new folder: a revision never changes, so one that is there need not be fetched again.")
        }
        let aside = folder.deletingLastPathComponent().appendingPathComponent(".\(folder.lastPathComponent).new")
        try? FileManager.default.removeItem(at: aside)
        do throws(IngestError) {
            let manifestBytes = try await manifestBytes(of: revision)
            try await fetchFiles(of: revision, by: Manifest(manifestBytes), to: aside) { _ in true }
            for name in ["manifest.json.sha256", "manifest.json.sig"] {
                if let bytes = try await optionalBytes("\(revision.path)/\(name)") { try write(bytes, name, in: aside) }
            }
            try write(manifestBytes, "manifest.json", in: aside)
            do { try FileManager.default.moveItem(at: aside, to: folder) } catch { throw cannotWrite(place, error) }
        } catch {
            try? FileManager.default.removeItem(at: aside)
            throw error
        }
        return try FeeSchedule.Dataset(folder: folder, checking: .sizes, manifestSHA256: revision.manifestSHA256)
    }

    /// Brings what an app carries, a folder with `dataset.sqlite` and `manifest.json`, to a newer revision by its delta,
    /// and opens it. One that was broken off is finished when it is called again.
    /// - Throws: when the revision was withdrawn or its delta is made for another dataset, a file cannot be had or is not
    ///   what the manifest says, or the folder cannot be written. The dataset is then what it was.
    public func update(
        _ folder: URL, to revision: HostedRevision
    ) async throws(IngestError) -> FeeSchedule.Dataset {
        try revision.refuseWithdrawn()
        guard revision.delta != nil else {
            throw IngestError(
                .unavailable, "delta_missing", at: Place("releases/index.json"), "\(revision.name) has no delta",
                hint: "It is the first of its publisher: download it whole.")
        }
        let manifestBytes = try await manifestBytes(of: revision)
        let aside = folder.appendingPathComponent(".delta.new")
        try? FileManager.default.removeItem(at: aside)
        defer { try? FileManager.default.removeItem(at: aside) }
        try await fetchFiles(of: revision, by: Manifest(manifestBytes), to: aside) { $0.hasPrefix("delta/") }
        let database = folder.appendingPathComponent("dataset.sqlite")
        _ = try Delta(folder: aside.appendingPathComponent(Delta.folderName)).update(database: database)
        let seal = Digest.seal(of: manifestBytes, name: "manifest.json")
        for (name, bytes) in [("manifest.json.sha256", seal), ("manifest.json", manifestBytes)] {
            let place = folder.appendingPathComponent(name)
            do { try Data(bytes).write(to: place, options: .atomic) } catch {
                throw cannotWrite(Place(place.path), error)
            }
        }
        return try FeeSchedule.Dataset(folder: folder, manifestSHA256: revision.manifestSHA256)
    }

    // MARK: Files

    /// Fetches files of a revision, each held against its manifest.
    private func fetchFiles(
        of revision: HostedRevision, by manifest: Manifest, to folder: URL, where isWanted: (String) -> Bool
    ) async throws(IngestError) {
        for file in manifest.files where isWanted(file.path) {
            let path = "\(revision.path)/\(file.path)"
            let bytes = try await bytes(path)
            guard bytes.count == file.bytes, Digest.hex(bytes) == file.sha256 else {
                throw changed(path, "it has not the bytes and the hash that the manifest says")
            }
            try write(bytes, file.path, in: folder)
        }
    }

    private func manifestBytes(of revision: HostedRevision) async throws(IngestError) -> [UInt8] {
        let path = "\(revision.path)/manifest.json"
        let bytes = try await bytes(path)
        guard Digest.hex(bytes) == revision.manifestSHA256 else {
            throw changed(path, "its hash is not the one that releases/index.json says")
        }
        return bytes
    }

    private func bytes(_ path: String) async throws(IngestError) -> [UInt8] {
        guard let bytes = try await optionalBytes(path) else {
            throw IngestError(
                .unavailable, "file_missing", at: Place(path), "there is no such file",
                hint: "Name the folder that holds latest.json, as `ingest publish` wrote it.")
        }
        return bytes
    }

    private func optionalBytes(_ path: String) async throws(IngestError) -> [UInt8]? {
        do { return try await fetch(path) } catch {
            if let error = error as? IngestError { throw error }
            throw IngestError(
                .unavailable, "cannot_fetch", at: Place(path), "it could not be fetched: \(error.localizedDescription)",
                hint: "Check the address and the connection, and try again.")
        }
    }
}

private func write(_ bytes: [UInt8], _ path: String, in folder: URL) throws(IngestError) {
    let url = folder.appendingPathComponent(path)
    do {
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    } catch {
        throw cannotWrite(Place(url.path), error)
    }
}

private func cannotWrite(_ place: Place, _ error: any Error) -> IngestError {
    IngestError(
        .cannotWrite, "cannot_write", at: place, "it cannot be written: \(error.localizedDescription)",
        hint: "Check the free space and the folder's permissions.")
}

private func changed(_ path: String, _ what: String) -> IngestError {
    IngestError(
        .badData, "hosted_changed", at: Place(path), "this file is not what was published: \(what)",
        hint: "Something on the way, such as a cache, may have changed it: fetch it again, or tell its publisher.")
}

private func unreadable(_ path: String, _ what: String) -> IngestError {
    IngestError(
        .badData, "hosted_unreadable", at: Place(path), what,
        hint: "Name the folder that holds latest.json, as `ingest publish` wrote it.")
}
