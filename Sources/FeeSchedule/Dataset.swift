import Delta
import Digest
public import Foundation
import GRDB
public import Model

/// A published revision of the fee schedule, opened to read: a revision's folder as `ingest` publishes it, or a folder
/// (an app's bundle) that holds only its `dataset.sqlite` and `manifest.json`.
///
/// Nothing in it changes, and it may be used from any number of tasks at once.
public struct Dataset: Sendable {
    /// What is looked at before a dataset is read.
    public enum Checking: Sendable {
        /// The manifest by its seal, and the size and SHA-256 of every file that is there. Reads every byte once.
        case bytes
        /// The manifest by its seal, and the size of every file that is there.
        case sizes
        /// Only that the manifest and the database can be read.
        case nothing
    }

    /// The folder that holds `manifest.json` and `dataset.sqlite`.
    public let folder: URL
    public let manifest: Manifest
    /// The SHA-256 of `manifest.json`, lower-case hex: what vouches for every file of the revision.
    public let manifestSHA256: String
    let database: DatabaseQueue

    /// Opens the revision in `folder` after checking it against its manifest.
    ///
    /// The seal, `manifest.json.sha256`, is checked where it lies beside the manifest. Of the files that the manifest names, those
    /// that are there are checked, so that an app may carry the database alone. A database
    /// that a delta brought to this revision has other bytes: it is proven by the content hash of its tables.
    /// - Parameters:
    ///   - folder: what holds `manifest.json` and `dataset.sqlite`.
    ///   - checking: how much is looked at; every byte unless told otherwise.
    ///   - expected: what the manifest's hash must be, for instance from the `latest.json` of the store.
    /// - Throws: when the manifest or the database is not there or cannot be read, or a file is not what the manifest says; the
    ///   error names the file.
    public init(
        folder: URL, checking: Checking = .bytes, manifestSHA256 expected: String? = nil
    ) throws(IngestError) {
        self.folder = folder
        let bytes = try contents(of: folder.appendingPathComponent("manifest.json"))
        manifestSHA256 = Digest.hex(bytes)
        let place = Place(folder.appendingPathComponent("manifest.json").path)
        if let expected, expected != manifestSHA256 {
            throw changed(place, "its hash is \(manifestSHA256.prefix(12))…; expected \(expected.prefix(12))…")
        }
        if checking != .nothing,
            let seal = try? Data(contentsOf: folder.appendingPathComponent("manifest.json.sha256")),
            !seal.elementsEqual(Digest.seal(of: bytes, name: "manifest.json"))
        {
            throw changed(place, "its hash is not the one that manifest.json.sha256 says")
        }
        manifest = try Manifest(bytes)
        var isInDoubt: IngestError?
        for file in manifest.files {
            do throws(IngestError) { try check(file, in: folder, checking) } catch {
                // A delta brings the database to what the manifest says in other bytes.
                guard file.path == "dataset.sqlite" else { throw error }
                isInDoubt = error
            }
        }

        let url = folder.appendingPathComponent("dataset.sqlite")
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw IngestError(
                .unavailable, "database_missing", at: Place(url.path), "the dataset's database is not there",
                hint: "A folder needs dataset.sqlite and manifest.json of the same revision.")
        }
        var configuration = Configuration()
        configuration.readonly = true
        do { database = try DatabaseQueue(path: url.path, configuration: configuration) } catch {
            throw databaseUnreadable(error)
        }
        if let isInDoubt, (try? database.read { try contentHash(of: $0) }) != manifest.contentHash { throw isInDoubt }
    }

    /// The revision's name, `RVU26A-r1`.
    public var name: RevisionName { manifest.name }
}

private func contents(of url: URL) throws(IngestError) -> [UInt8] {
    do { return [UInt8](try Data(contentsOf: url)) } catch {
        throw IngestError(
            .unavailable, "manifest_missing", at: Place(url.path), "there is no manifest to read here",
            hint: "Name a revision's folder, such as store/releases/RVU26A/r1, or one with its dataset.sqlite and "
                + "manifest.json.")
    }
}

private func check(_ file: Manifest.File, in folder: URL, _ checking: Dataset.Checking) throws(IngestError) {
    guard checking != .nothing else { return }
    let url = folder.appendingPathComponent(file.path)
    guard let size = (try? FileManager.default.attributesOfItem(atPath: url.path))?[.size] as? Int else { return }
    guard size == file.bytes else {
        throw changed(Place(url.path), "it has \(size) bytes; the manifest says \(file.bytes)")
    }
    guard checking == .bytes else { return }
    let sha256: String
    do { sha256 = try Digest.hex(contentsOf: url).sha256 } catch {
        throw IngestError(
            .unavailable, "file_unreadable", at: Place(url.path), "it cannot be read: \(error.localizedDescription)",
            hint: "Check the file's permissions and the disk.")
    }
    guard sha256 == file.sha256 else {
        throw changed(
            Place(url.path), "it has the hash \(sha256.prefix(12))…; the manifest says \(file.sha256.prefix(12))…")
    }
}

private func changed(_ place: Place, _ what: String) -> IngestError {
    IngestError(
        .badData, place.file.hasSuffix("manifest.json") ? "manifest_changed" : "file_changed", at: place, what,
        hint: "A published revision never changes: restore it from a copy.")
}

func databaseUnreadable(_ error: any Error) -> IngestError {
    IngestError(
        .badData, "database_unreadable", at: Place("dataset.sqlite"), "\(error)",
        hint: "`ingest validate` tells whether the published files are intact.")
}
