import CSystem
import Digest
import Foundation
import JSON
import Model
import Zlib

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The folder that is served. Files are written aside, in `.new`, and renamed to their places: a server never sees a part
/// of one, and a killed run leaves what was there before.
struct HostedFolder: ~Copyable {
    let place: URL
    private let descriptor: Int32

    /// What a killed run leaves, and the next one takes away.
    private static let asideName = ".new"

    var aside: URL { place.appendingPathComponent(Self.asideName) }

    private init(place: URL, descriptor: Int32) {
        self.place = place
        self.descriptor = descriptor
    }

    /// Takes the folder for this run, and makes it if it is not there.
    /// - Throws: when it holds something else, another run has it, or it cannot be written.
    static func take(_ place: URL) throws(IngestError) -> HostedFolder {
        try makeFolder(place)
        let descriptor = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fileError(place.path) }
        // The folder itself is locked: a file for it would be served.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let problem = errno
            close(descriptor)
            throw problem == EWOULDBLOCK
                ? IngestError(
                    .cannotWrite, "hosting_locked", at: Place(place.path), "another run is publishing into this folder",
                    hint: "Wait until it has ended, or name another --out.") : fileError(place.path, problem)
        }
        do throws(IngestError) { try refuseForeign(place) } catch {
            close(descriptor)
            throw error
        }
        let folder = HostedFolder(place: place, descriptor: descriptor)
        do { try FileManager.default.removeItem(at: folder.aside) } catch CocoaError.fileNoSuchFile {} catch {
            throw cannotWrite(place, error)
        }
        try makeFolder(folder.aside)
        return folder
    }

    deinit {
        try? FileManager.default.removeItem(at: aside)
        close(descriptor)
    }

    /// Whatever else lies in the folder stays as it is, but a name that is ours must be ours: `releases/index.json` is the
    /// first file of a publication that can change, so the others are never there without it.
    private static func refuseForeign(_ place: URL) throws(IngestError) {
        func foreign(_ what: String) -> IngestError {
            IngestError(
                .cannotWrite, "hosting_foreign", at: Place(place.path),
                "this folder is not one that `ingest publish` made: \(what)",
                hint: "Name a new folder with --out, or one that was published into before.")
        }
        if let index = readFile(place.appendingPathComponent("releases/index.json").path) {
            guard let json = try? JSONValue(index), json["schema_version"]?.string != nil, json["releases"] != nil
            else {
                throw foreign("its releases/index.json is no list of releases")
            }
            return
        }
        for name in ["latest", "latest.json", "index.html", "feed.atom", "feed.json", "assets"]
        where Self.isThere(place.appendingPathComponent(name)) {
            throw foreign("it holds \(name) and no releases/index.json")
        }
    }

    // MARK: Reading

    func isThere(_ path: String) -> Bool { Self.isThere(place.appendingPathComponent(path)) }

    private static func isThere(_ place: URL) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: place.path)) != nil
    }

    /// A file's bytes; `nil` where there is none that can be read.
    func bytes(_ path: String) -> [UInt8]? { readFile(place.appendingPathComponent(path).path) }

    /// The revisions that are there, by their manifests.
    func revisions() throws(IngestError) -> [HostedRevision] {
        var revisions: [HostedRevision] = []
        let releases = place.appendingPathComponent("releases")
        func names(_ folder: URL) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
        }
        for label in names(releases) where label.hasPrefix("RVU") {
            for name in names(releases.appendingPathComponent(label)) {
                guard name.hasPrefix("r"), let number = Int(name.dropFirst()) else { continue }
                let path = "releases/\(label)/r\(number)"
                guard let bytes = bytes("\(path)/manifest.json"), let manifest = try? JSONValue(bytes) else {
                    throw differs("\(path)/manifest.json", "it is no manifest")
                }
                let delta = self.bytes("\(path)/delta/manifest.json").flatMap { try? JSONValue($0) }
                revisions.append(
                    HostedRevision(
                        name: RevisionName(label: label, number: number), manifest: manifest,
                        manifestSHA256: Digest.hex(bytes), delta: delta))
            }
        }
        return revisions
    }

    /// What is there is not what was published.
    func differs(_ path: String, _ what: String) -> IngestError {
        IngestError(
            .badData, "hosted_changed", at: Place(place.appendingPathComponent(path).path),
            "what was published never changes, and this file did: \(what)",
            hint: "Find out who changed it. To publish its revision anew, take the revision's whole folder away.")
    }

    // MARK: Writing

    /// Moves a revision that was written aside to its place, when the disk has all of it.
    func show(_ folder: URL, as path: String) throws(IngestError) {
        let place = place.appendingPathComponent(path)
        try Self.makeFolder(place.deletingLastPathComponent())
        guard synchronise_disk(folder.path) == 0, rename(folder.path, place.path) == 0 else {
            throw fileError(place.path)
        }
    }

    /// Puts a file and its packed form to their places where they are not there already.
    /// - Returns: whether there was anything to write.
    @discardableResult
    func put(_ contents: [UInt8], at path: String, _ gzip: inout Gzip) throws(IngestError) -> Bool {
        let isNew = try put(contents, at: path)
        return try put(gzip.pack(contents), at: path + ".gz") || isNew
    }

    private func put(_ contents: [UInt8], at path: String) throws(IngestError) -> Bool {
        if bytes(path) == contents { return false }
        let place = place.appendingPathComponent(path).path
        let aside = aside.appendingPathComponent("file").path
        try Self.makeFolder(URL(fileURLWithPath: place).deletingLastPathComponent())
        try writeFile(contents, to: aside)
        guard rename(aside, place) == 0 else { throw fileError(place) }
        return true
    }

    /// Makes the link `name` lead to `target`; takes it away for `nil`.
    func link(_ name: String, to target: String?) throws(IngestError) -> Bool {
        let place = place.appendingPathComponent(name).path
        guard let target else { return try remove(name) }
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: place)) == target { return false }
        let aside = aside.appendingPathComponent("link").path
        guard symlink(target, aside) == 0, rename(aside, place) == 0 else { throw fileError(place) }
        return true
    }

    /// Takes a file away, if it is there.
    func remove(_ path: String) throws(IngestError) -> Bool {
        let place = place.appendingPathComponent(path).path
        if unlink(place) == 0 { return true }
        guard errno == ENOENT else { throw fileError(place) }
        return false
    }

    static func makeFolder(_ folder: URL) throws(IngestError) {
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw cannotWrite(folder, error)
        }
    }

    private static func cannotWrite(_ place: URL, _ error: any Error) -> IngestError {
        IngestError(
            .cannotWrite, "cannot_write", at: Place(place.path), "it cannot be written: \(error.localizedDescription)",
            hint: "Check the disk's free space and the folder's permissions.")
    }
}

/// A revision in the folder, as its manifest says.
struct HostedRevision {
    let name: RevisionName
    let manifest: JSONValue
    let manifestSHA256: String
    /// The manifest of its delta; `nil` where it has none.
    let delta: JSONValue?

    /// The revision that its delta is applied to.
    var deltaBase: RevisionName? {
        let release = delta?["base"]?["release"]
        guard let label = release?["label"]?.string, let number = release?["revision"]?.integer else { return nil }
        return RevisionName(label: label, number: number)
    }
    /// Below the folder.
    var path: String { name.path }
    /// Its place in the order of publication.
    var sequence: Int { manifest["sequence"]?.integer ?? 0 }
    var effectiveFrom: String { manifest["release"]?["effective"]?["from"]?.string ?? "" }
    var effectiveTo: String { manifest["release"]?["effective"]?["to"]?.string ?? "" }
    /// The day on which CMS posted it, as far as its file says.
    var released: String? { manifest["release"]?["released"]?.string }
    var tier: String { manifest["tier"]?.string ?? "" }
    var files: [ManifestFile] { (manifest["files"]?.elements ?? []).compactMap(ManifestFile.init) }
}

/// A file as a manifest names it.
struct ManifestFile {
    let path: String
    let sha256: String
    let bytes: Int

    /// `nil` where it lacks something, or its path leads out of the revision.
    init?(_ json: JSONValue) {
        guard let path = json["path"]?.string, let sha256 = json["sha256"]?.string, let bytes = json["bytes"]?.integer,
            !path.isEmpty, !path.hasPrefix("/"), !path.split(separator: "/").contains("..")
        else { return nil }
        self.path = path
        self.sha256 = sha256
        self.bytes = bytes
    }
}

/// A file's bytes with few calls: a revision has forty thousand. `nil` where it cannot be read.
func readFile(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, (status.st_mode & S_IFMT) == S_IFREG else { return nil }
    let size = Int(status.st_size)
    var isWhole = true
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = 0
        while count < size {
            let step = read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
            if step < 0, errno == EINTR { continue }
            guard step > 0 else {
                isWhole = false
                return
            }
            count += step
        }
    }
    return isWhole ? bytes : nil
}

/// Writes a new file.
func writeFile(_ bytes: [UInt8], to path: String) throws(IngestError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw fileError(path) }
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes { bytes in
            write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw fileError(path) }
        written += count
    }
}

private func fileError(_ path: String, _ number: Int32 = errno) -> IngestError {
    IngestError(
        .cannotWrite, "cannot_write", at: Place(path), "it cannot be written: \(String(cString: strerror(number)))",
        hint: "Check the disk's free space and the folder's permissions.")
}
