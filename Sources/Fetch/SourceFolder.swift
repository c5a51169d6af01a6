private import Digest
public import Foundation

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// The folder of downloads in a store:
///
///     sha256/HASH/NAME    a file under the hash of its content; never changed once it is there
///     partial/            what is still arriving; gone on with by the next run
public struct SourceFolder: Sendable {
    public let root: URL

    public init(_ root: URL) { self.root = root }

    private var contents: URL { root.appendingPathComponent("sha256") }
    var partials: URL { root.appendingPathComponent("partial") }

    /// Makes the folders that are not there.
    /// - Throws: when they cannot be made.
    public func make() throws {
        for folder in [contents, partials] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
    }

    /// Removes what arrived in part more than a week ago, and notes on a file that is no longer there: nobody will go on
    /// with them.
    public func clearForgotten() {
        let files = try? FileManager.default.contentsOfDirectory(
            at: partials, includingPropertiesForKeys: [.contentModificationDateKey])
        let names = Set((files ?? []).map(\.lastPathComponent))
        for file in files ?? [] {
            let part = file.deletingPathExtension().appendingPathExtension("part").lastPathComponent
            if file.pathExtension == "note", !names.contains(part) {
                try? FileManager.default.removeItem(at: file)
                continue
            }
            let changed = try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
            if let changed, changed < Date(timeIntervalSinceNow: -7 * 86_400) {
                try? FileManager.default.removeItem(at: file)
            }
        }
    }

    /// What is kept under a hash.
    public enum Kept: Sendable {
        case whole(URL)
        /// The bytes are no longer those of the hash.
        case damaged(URL)
        case missing
    }

    /// Looks up the file with the hash `sha256` and reads it through.
    public func kept(_ sha256: String, name: String) -> Kept {
        guard sha256.utf8.count == 64,
            sha256.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return .missing }
        let file = contents.appendingPathComponent(sha256).appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: file.path) else { return .missing }
        return (try? Digest.hex(contentsOf: file).sha256) == sha256 ? .whole(file) : .damaged(file)
    }

    /// Moves a file that has arrived to its place, in one step and for good.
    func adopt(_ path: String, sha256: String, name: String) throws(DownloadFailure) -> URL {
        let folder = contents.appendingPathComponent(sha256)
        let file = folder.appendingPathComponent(name)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            guard rename(path, file.path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            for folder in [folder, contents] { try synchronise(folder) }
        } catch {
            throw DownloadFailure(
                .cannotWrite, file.path, "the download cannot be kept: \(error.localizedDescription)",
                hint: "Check the disk's free space and the folder's permissions.")
        }
        return file
    }

    private func synchronise(_ folder: URL) throws {
        let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }
}
