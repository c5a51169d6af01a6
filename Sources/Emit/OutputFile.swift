import Digest
import Foundation
import Model

/// A file being written: buffered, hashed and counted on the way, on disk for good once ``finish(rows:)``
/// returns.
struct OutputFile: ~Copyable {
    private static let bufferSize = 1 << 18

    let path: String
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    private var digest = Digest()
    private var count = 0

    /// - Throws: when the file cannot be created in `folder`.
    init(_ path: String, in folder: URL) throws(IngestError) {
        self.path = path
        let url = folder.appendingPathComponent(path)
        do {
            guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
                throw CocoaError(.fileWriteUnknown)
            }
            handle = try FileHandle(forWritingTo: url)
        } catch {
            throw cannotWrite(path, error)
        }
        buffer.reserveCapacity(Self.bufferSize + 4096)
    }

    /// Gives `body` the buffer to append to and writes it out when it is full.
    mutating func append(_ body: (inout [UInt8]) -> Void) throws(IngestError) {
        body(&buffer)
        if buffer.count >= Self.bufferSize { try flush() }
    }

    private mutating func flush() throws(IngestError) {
        digest.update(buffer)
        count += buffer.count
        do { try handle.write(contentsOf: buffer) } catch { throw cannotWrite(path, error) }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes the rest and waits until the disk has it.
    consuming func finish(rows: Int?) throws(IngestError) -> EmittedFile {
        try flush()
        do {
            try handle.synchronize()
            try handle.close()
        } catch {
            throw cannotWrite(path, error)
        }
        return EmittedFile(path: path, sha256: digest.hex(), bytes: count, rows: rows)
    }
}

func cannotWrite(_ path: String, _ error: any Error) -> IngestError {
    IngestError(
        .cannotWrite, "cannot_write", at: Place(path), "the file cannot be written: \(error.localizedDescription)",
        hint: "Check the disk's free space and the store's permissions. Nothing was published.")
}
