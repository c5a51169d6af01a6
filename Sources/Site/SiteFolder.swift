import CSystem
import Foundation
import JSON
import Model

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The folder that a site is written to. It appears whole: it is written aside and moved to its place. What this program
/// has not made is not touched.
struct SiteFolder {
    let place: URL

    /// The end of the name of a page that is being written.
    static let unfinished = ".new"

    /// Says that a folder is ours; names the revision.
    static let mark = "site.json"

    private var aside: URL { sibling("new") }
    private var old: URL { sibling("old") }

    private func sibling(_ kind: String) -> URL {
        place.deletingLastPathComponent().appendingPathComponent(".\(place.lastPathComponent).\(kind)")
    }

    /// - Returns: whether the folder holds a site of ours.
    /// - Throws: when it holds something else.
    @discardableResult
    func refuseForeign() throws(IngestError) -> Bool {
        let manager = FileManager.default
        // Not `fileExists`, which takes a folder that the system does not tell about for none.
        let attributes: [FileAttributeKey: Any]
        do {
            attributes = try manager.attributesOfItem(atPath: place.resolvingSymlinksInPath().path)
        } catch CocoaError.fileReadNoSuchFile {
            return false
        } catch {
            throw foreign("it cannot be read")
        }
        guard attributes[.type] as? FileAttributeType == .typeDirectory else { throw foreign("it is a file") }
        guard let names = try? manager.contentsOfDirectory(atPath: place.path),
            let all = manager.enumerator(atPath: place.path)
        else { throw foreign("it cannot be read") }
        if names.isEmpty { return false }
        var paths = names
        for case let path as String in all { paths.append(path) }
        let data = try? Data(contentsOf: place.appendingPathComponent(Self.mark))
        guard let data, let mark = try? JSONValue([UInt8](data)), mark["made_by"]?.string == "ingest site" else {
            throw foreign("it holds \(paths.sorted()[0]) and no \(Self.mark) of a site")
        }
        if let other = paths.sorted().first(where: { !Self.isOurs($0) }) { throw foreign("it holds \(other)") }
        return true
    }

    private func foreign(_ what: String) -> IngestError {
        IngestError(
            .cannotWrite, "site_folder_foreign", at: Place(place.path),
            "this folder is not one that `ingest site` made: \(what)",
            hint: "Name a new folder with --out, or one that holds a site and nothing else.")
    }

    private static func isOurs(_ path: String) -> Bool {
        // What a killed `--only` was writing.
        let path = path.hasSuffix(Self.unfinished) ? String(path.dropLast(Self.unfinished.count)) : path
        let parts = path.split(separator: "/").map(String.init)
        if parts.count == 1 {
            return [
                "index.html", "certificate.html", "dictionary.html", "diff.html", mark, "codes", "sections", "assets",
            ].contains(path)
        }
        guard parts.count == 2 else { return false }
        switch parts[0] {
        case "codes": return parts[1].hasSuffix(".html") && parts[1].utf8.count == 10
        case "sections": return parts[1].hasSuffix(".html")
        case "assets": return ["site.", "search."].contains { parts[1].hasPrefix($0) }
        default: return false
        }
    }

    /// An empty folder to write to.
    func makeAside() throws(IngestError) -> URL {
        do {
            for left in [aside, old] where FileManager.default.fileExists(atPath: left.path) {
                try FileManager.default.removeItem(at: left)
            }
            try makeFolders(aside)
        } catch {
            throw cannotWrite(error)
        }
        return aside
    }

    func makeFolders(_ folder: URL) throws {
        for name in ["codes", "sections", "assets"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
    }

    /// Moves what was written aside to its place. What was there before is there until then, and changes places with it
    /// in one step where the system can do that.
    func publish() throws(IngestError) {
        if FileManager.default.fileExists(atPath: place.path), exchange_names(aside.path, place.path) == 0 {
            return discard()
        }
        let hadOne = rename(place.path, old.path) == 0
        guard rename(aside.path, place.path) == 0 else {
            let error = fileError(place.path)
            if hadOne { rename(old.path, place.path) }
            throw error
        }
        if hadOne { try? FileManager.default.removeItem(at: old) }
    }

    func discard() { try? FileManager.default.removeItem(at: aside) }

    func cannotWrite(_ error: any Error) -> IngestError {
        if let error = error as? IngestError { return error }
        return IngestError(
            .cannotWrite, "cannot_write", at: Place(place.path),
            "the site cannot be written: \(error.localizedDescription)",
            hint: "Check the disk's free space and the folder's permissions.")
    }
}

/// Writes a file with few calls: a site has twenty thousand.
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

/// Writes a file aside and moves it to its place in one step.
func replaceFile(_ path: String, with bytes: [UInt8]) throws(IngestError) {
    let aside = path + SiteFolder.unfinished
    do throws(IngestError) {
        try writeFile(bytes, to: aside)
        guard rename(aside, path) == 0 else { throw fileError(path) }
    } catch {
        unlink(aside)
        throw error
    }
}

private func fileError(_ path: String) -> IngestError {
    IngestError(
        .cannotWrite, "cannot_write", at: Place(path), "it cannot be written: \(String(cString: strerror(errno)))",
        hint: "Check the disk's free space and the folder's permissions.")
}
