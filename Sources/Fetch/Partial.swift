private import Digest
internal import Foundation

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// What tells one version of a file on a server from another.
public struct Validators: Sendable, Hashable {
    public var etag: String?
    public var lastModified: String?
    public var bytes: Int?

    public init(etag: String?, lastModified: String?, bytes: Int?) {
        // They go back to the server as header lines.
        self.etag = etag.flatMap { Self.isLine($0) ? $0 : nil }
        self.lastModified = lastModified.flatMap { Self.isLine($0) ? $0 : nil }
        self.bytes = bytes
    }

    init(_ answer: Answer) { self.init(etag: answer.etag, lastModified: answer.lastModified, bytes: answer.length) }

    private static func isLine(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count < 1_000 && text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
    }

    /// For `If-Range`, which takes no weak tag.
    var forRange: String? { etag.flatMap { $0.hasPrefix("W/") ? nil : $0 } ?? lastModified }

    /// Whether both are of one version as far as either says: the tag decides, then date and length together.
    public func isSame(as other: Validators) -> Bool {
        if let etag, let theirs = other.etag { return etag == theirs }
        if let lastModified, let theirs = other.lastModified {
            return lastModified == theirs && (bytes == nil || other.bytes == nil || bytes == other.bytes)
        }
        return bytes != nil && bytes == other.bytes
    }
}

/// A file that is still arriving, with what is needed to go on with it after a kill. A class because its
/// descriptor has one owner while the exchange runs.
final class Partial {
    let path: String
    private let notes: String
    private var descriptor: Int32 = -1
    /// Bytes on disk.
    private(set) var size = 0
    /// Of the version that the bytes belong to.
    private(set) var validators: Validators?
    /// Why the last write failed.
    private(set) var failure: String?

    /// - Parameter folder: exists; `key` tells files apart.
    init(folder: URL, key: String) {
        let name = String(Digest.hex(key).prefix(32))
        path = folder.appendingPathComponent("\(name).part").path
        notes = folder.appendingPathComponent("\(name).note").path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            fail()
            return
        }
        size = Int(lseek(descriptor, 0, SEEK_END))
        readNotes()
        if validators?.forRange == nil { discard() }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private func fail() { failure = String(cString: strerror(errno)) }

    /// Two lines: tag and date.
    private func readNotes() {
        guard let data = FileManager.default.contents(atPath: notes) else { return }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3 else { return }
        func line(_ index: Int) -> String? { lines[index].isEmpty ? nil : String(lines[index]) }
        validators = Validators(etag: line(0), lastModified: line(1), bytes: nil)
    }

    /// Forgets what has arrived.
    func discard() {
        guard descriptor >= 0 else { return }
        if ftruncate(descriptor, 0) != 0 { fail() }
        size = 0
        validators = nil
        unlink(notes)
    }

    /// Begins a version of the file from its first byte.
    func begin(_ version: Validators) {
        discard()
        validators = version
        // In place: Foundation would write it aside first, and a kill would leave that file behind.
        let note = open(notes, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard note >= 0 else {
            fail()
            return
        }
        defer { close(note) }
        let text = Array("\(version.etag ?? "")\n\(version.lastModified ?? "")\n".utf8)
        if write(note, text, text.count) != text.count { fail() }
    }

    /// - Returns: whether all bytes were written.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(size))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                fail()
                return false
            }
            done += count
            size += count
        }
        return true
    }

    /// Waits until the disk has every byte.
    func synchronise() -> Bool {
        if fsync(descriptor) == 0 { return true }
        fail()
        return false
    }

    func remove() {
        unlink(path)
        unlink(notes)
    }

    /// The file has moved to its place.
    func forget() { unlink(notes) }

    func digest() -> String? {
        var digest = Digest()
        guard read(from: 0, to: size, { digest.update($0) }) else { return nil }
        return digest.hex()
    }

    /// Whether the bytes end as an archive does: with a directory's end record that points at a directory
    /// before it. Its members are not looked at.
    var isWholeArchive: Bool {
        let record = 22
        guard size >= record else { return false }
        var tail: [UInt8] = []
        guard read(from: max(0, size - record - 0xFFFF), to: size, { tail += $0 }) else { return false }
        var start = tail.count - record
        while start >= 0 {
            defer { start -= 1 }
            guard tail[start...].starts(with: [0x50, 0x4B, 0x05, 0x06]) else { continue }
            func number(_ offset: Int, _ count: Int) -> Int {
                (0..<count).reversed().reduce(0) { $0 << 8 | Int(tail[start + offset + $1]) }
            }
            guard start + record + number(20, 2) == tail.count else { continue }
            let place = size - tail.count + start
            let (length, offset) = (number(12, 4), number(16, 4))
            // A ZIP64 archive keeps the truth in another record.
            return offset == 0xFFFF_FFFF || offset + length <= place
        }
        return false
    }

    private func read(from start: Int, to end: Int, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        var buffer = [UInt8](repeating: 0, count: min(1 << 20, max(1, end - start)))
        var position = start
        while position < end {
            let count = buffer.withUnsafeMutableBytes { buffer in
                let count = pread(descriptor, buffer.baseAddress, min(buffer.count, end - position), off_t(position))
                if count > 0 { body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                return count
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            position += count
        }
        return true
    }
}
