public import Foundation
public import Model

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Holds a store for one run. The system lets go of it when the process ends, however it ends.
public struct StoreLock: ~Copyable {
    private let descriptor: Int32

    /// Waits up to `seconds` for a run that has it.
    init(_ url: URL, seconds: Int = 0, waiting: () -> Void = {}) throws(IngestError) {
        let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw IngestError(
                .cannotWrite, "cannot_write", at: Place(url.path),
                "the store cannot be written: \(String(cString: strerror(errno)))",
                hint: "Check the folder's permissions.")
        }
        var isTaken = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        if !isTaken, seconds > 0 { waiting() }
        for _ in 0..<(seconds * 10) where !isTaken {
            Thread.sleep(forTimeInterval: 0.1)
            isTaken = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        }
        guard isTaken else {
            close(descriptor)
            throw IngestError(
                .cannotWrite, "store_locked", at: Place(url.path), "another run is writing to this store",
                hint: "Wait until it has ended, or name another --store.")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

/// Writes a file beside its place and moves it there in one step, on disk before anyone sees it. A file that it
/// replaces leaves it its permissions.
/// - Throws: when it cannot be written; its place then holds what it held.
public func replaceFile(_ url: URL, with bytes: [UInt8]) throws(IngestError) {
    let aside = url.deletingLastPathComponent().appendingPathComponent(".\(url.lastPathComponent).new")
    do {
        try writeThrough(bytes, to: aside)
        let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
        if let permissions = attributes?[.posixPermissions] {
            try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: aside.path)
        }
        try renameFile(aside, to: url)
        try synchroniseFolder(url.deletingLastPathComponent())
    } catch {
        try? FileManager.default.removeItem(at: aside)
        throw IngestError(
            .cannotWrite, "cannot_write", at: Place(url.path), "it cannot be written: \(error.localizedDescription)",
            hint: "Check the disk's free space and the folder's permissions.")
    }
}

/// Makes a file that must not be there yet, with the permissions `mode` from its first moment.
/// - Throws: when it is there or cannot be written; a file that was begun is taken away.
func createFile(_ url: URL, _ bytes: [UInt8], mode: mode_t) throws(IngestError) {
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    do {
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: bytes)
            try handle.synchronize()
        } catch {
            try? FileManager.default.removeItem(at: url)
            throw error
        }
    } catch {
        throw IngestError(
            .cannotWrite, "cannot_write", at: Place(url.path), "it cannot be written: \(error.localizedDescription)",
            hint: "Check that there is no such file, the disk's free space and the folder's permissions.")
    }
}

/// Writes a file and waits until the disk has it.
func writeThrough(_ bytes: [UInt8], to url: URL) throws {
    try Data(bytes).write(to: url)
    let handle = try FileHandle(forUpdating: url)
    try handle.synchronize()
    try handle.close()
}

/// Renames in one step: either name is there at any time, never half of both.
func renameFile(_ from: URL, to: URL) throws {
    guard rename(from.path, to.path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
}

/// Waits until the disk has a folder's entries.
func synchroniseFolder(_ folder: URL) throws {
    let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
}
