#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// The bytes of a file where the system keeps them: nothing is copied. For files that never change once they are there.
public final class MappedFile: Sendable {
    /// Valid for as long as the object is.
    public nonisolated(unsafe) let bytes: UnsafeBufferPointer<UInt8>
    private let isMapped: Bool

    /// - Returns: `nil` when the file cannot be read.
    public init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let count = Int(status.st_size)
        isMapped = count > 0
        // Nothing can be mapped of an empty file.
        guard count > 0 else {
            bytes = UnsafeBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, mapping, descriptor, 0), start != MAP_FAILED else {
            return nil
        }
        bytes = UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: count)
    }

    /// A copy of bytes in memory.
    public init(_ copied: [UInt8]) {
        isMapped = false
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: copied.count)
        _ = buffer.initialize(from: copied)
        bytes = UnsafeBufferPointer(buffer)
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        } else {
            bytes.deallocate()
        }
    }
}

#if os(Linux)
    /// All of a file is looked at, so all of its pages are asked for at once.
    private let mapping = MAP_PRIVATE | MAP_POPULATE
#else
    private let mapping = MAP_PRIVATE
#endif

@usableFromInline
func haveSameBytes(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
    guard left.count == right.count, let start = left.baseAddress, let other = right.baseAddress else {
        return left.count == right.count
    }
    return memcmp(start, other, left.count) == 0
}
