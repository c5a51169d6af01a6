import Foundation
import Model

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

    init(_ url: URL) throws(IngestError) {
        let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw IngestError(
                .cannotWrite, "cannot_write", at: Place(url.path),
                "the store cannot be written: \(String(cString: strerror(errno)))",
                hint: "Check the folder's permissions.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw IngestError(
                .cannotWrite, "store_locked", at: Place(url.path), "another run is writing to this store",
                hint: "Wait until it has ended, or name another --store.")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
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
