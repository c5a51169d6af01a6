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
        var problem = take(descriptor)
        if problem == EWOULDBLOCK, seconds > 0 { waiting() }
        for _ in 0..<(seconds * 10) where problem == EWOULDBLOCK {
            Thread.sleep(forTimeInterval: 0.1)
            problem = take(descriptor)
        }
        guard problem == 0 else {
            close(descriptor)
            guard problem == EWOULDBLOCK else {
                throw IngestError(
                    .cannotWrite, "cannot_lock", at: Place(url.path),
                    "the store cannot be locked: \(String(cString: strerror(problem)))",
                    hint: "The store has to lie on a file system that knows locks; some network shares do not.")
            }
            throw IngestError(
                .cannotWrite, "store_locked", at: Place(url.path), "another run is writing to this store",
                hint: "Wait until it has ended, or name another --store.")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

/// - Returns: 0, or the error's number; `EWOULDBLOCK` where another has the lock.
private func take(_ descriptor: Int32) -> Int32 { uninterrupted { flock(descriptor, LOCK_EX | LOCK_NB) } }

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
    do {
        let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw systemError(errno) }
        defer { close(descriptor) }
        do { try writeThrough(bytes, to: descriptor) } catch {
            unlink(url.path)
            throw error
        }
    } catch {
        throw IngestError(
            .cannotWrite, "cannot_write", at: Place(url.path), "it cannot be written: \(error.localizedDescription)",
            hint: "Check that there is no such file, the disk's free space and the folder's permissions.")
    }
}

/// Writes a file and waits until the disk has it. Not with Foundation, which takes a write that the system cut short for
/// a whole one.
func writeThrough(_ bytes: [UInt8], to url: URL) throws {
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw systemError(errno) }
    defer { close(descriptor) }
    try writeThrough(bytes, to: descriptor)
}

private func writeThrough(_ bytes: [UInt8], to descriptor: Int32) throws {
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes { bytes in
            write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw systemError(count < 0 ? errno : ENOSPC) }
        written += count
    }
    try check(uninterrupted { fsync(descriptor) })
}

/// Renames in one step: either name is there at any time, never half of both.
func renameFile(_ from: URL, to: URL) throws { try check(uninterrupted { rename(from.path, to.path) }) }

/// Makes a folder and those above it that are not there, each on disk for good.
func makeFolder(_ folder: URL) throws {
    guard mkdir(folder.path, 0o777) != 0 else { return try synchroniseFolder(folder.deletingLastPathComponent()) }
    switch errno {
    case ENOENT:
        let above = folder.deletingLastPathComponent()
        guard above.path != folder.path else { throw systemError(ENOENT) }
        try makeFolder(above)
        try makeFolder(folder)
    case EEXIST:
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw systemError(ENOTDIR)
        }
    case let number: throw systemError(number)
    }
}

/// A file's bytes. An error says what the system said of it.
func contents(of url: URL) throws -> [UInt8] {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemError(errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &piece, piece.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw systemError(errno) }
        if count == 0 { return bytes }
        bytes += piece.prefix(count)
    }
}

/// The names in a folder, in no order; none where there is no such folder. Foundation's own hides why a folder cannot be
/// read.
func entries(of folder: URL) throws -> [String] {
    guard let stream = opendir(folder.path) else {
        if errno == ENOENT || errno == ENOTDIR { return [] }
        throw systemError(errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
        errno = 0
    }
    try check(errno)
    return names
}

/// Waits until the disk has a folder's entries.
func synchroniseFolder(_ folder: URL) throws {
    let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemError(errno) }
    defer { close(descriptor) }
    try check(uninterrupted { fsync(descriptor) })
}

/// Makes a call again as long as a signal interrupts it.
/// - Returns: 0, or the error's number.
private func uninterrupted(_ call: () -> Int32) -> Int32 {
    while call() != 0 { if errno != EINTR { return errno } }
    return 0
}

private func check(_ problem: Int32) throws { if problem != 0 { throw systemError(problem) } }

private func systemError(_ number: Int32) -> SystemError { SystemError(number: number) }

/// An error of the system, in the system's own words.
private struct SystemError: LocalizedError {
    let number: Int32
    var errorDescription: String? { String(cString: strerror(number)) }
}
