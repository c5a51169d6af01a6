import Foundation
import JSON
import Model

/// A resource being written: a line for each member of the header and for each element of the long list, so that people
/// can search and compare it. Without its line ends it is a line of NDJSON.
struct ResourceFile: ~Copyable {
    private static let bufferSize = 1 << 18

    private let path: String
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    private var isFirst = true
    private var error: (any Error)?

    init(_ path: String, in folder: URL, type: String, id: String) throws(IngestError) {
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
        buffer.reserveCapacity(Self.bufferSize + 8192)
        buffer.append(contentsOf: "{\n\"resourceType\":\"\(type)\"".utf8)
        member("id", id)
    }

    // MARK: Members

    mutating func member(_ name: String, _ text: String) { member(name) { $0.value(text) } }

    mutating func member(_ name: String, _ flag: Bool) { member(name) { $0.value(.flag(flag)) } }

    mutating func member(_ name: String, _ number: Int) { member(name) { $0.value(.integer(number)) } }

    mutating func member(_ name: String, _ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter(indented: false)
        json.key(named: name)
        body(&json)
        buffer.append(contentsOf: ",\n".utf8)
        buffer.append(contentsOf: json.bytes)
    }

    // MARK: The long list

    mutating func beginList(_ name: String) {
        buffer.append(contentsOf: ",\n\"\(name)\":[".utf8)
        isFirst = true
    }

    /// An element of the list.
    mutating func element(_ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter(indented: false)
        json.object(body)
        append(json.bytes)
    }

    /// An element that ends with a long list of its own.
    mutating func beginElement(endingWith list: String, _ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter(indented: false)
        json.object(body)
        append(json.bytes.dropLast())
        beginList(list)
    }

    mutating func endElement() {
        buffer.append(contentsOf: "\n]}".utf8)
        isFirst = false
    }

    mutating func endList() { buffer.append(contentsOf: "\n]".utf8) }

    private mutating func append(_ bytes: some Collection<UInt8>) {
        buffer.append(contentsOf: isFirst ? "\n".utf8 : ",\n".utf8)
        buffer.append(contentsOf: bytes)
        isFirst = false
        if buffer.count >= Self.bufferSize { flush() }
    }

    /// What cannot be written is told at the end: nothing of it is published.
    private mutating func flush() {
        guard error == nil else { return }
        do { try handle.write(contentsOf: buffer) } catch { self.error = error }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes the rest.
    /// - Throws: when something could not be written.
    consuming func finish() throws(IngestError) {
        buffer.append(contentsOf: "\n}\n".utf8)
        flush()
        if let error { throw cannotWrite(path, error) }
        do { try handle.close() } catch { throw cannotWrite(path, error) }
    }
}

/// Writes resources one behind the other, each on a line: `NDJSON`, as bulk data is given.
func writeBulk(_ paths: [String], to path: String, in folder: URL) throws(IngestError) {
    do {
        let url = folder.appendingPathComponent(path)
        guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
            throw CocoaError(.fileWriteUnknown)
        }
        let output = try FileHandle(forWritingTo: url)
        for path in paths {
            let input = try FileHandle(forReadingFrom: folder.appendingPathComponent(path))
            while let piece = try input.read(upToCount: 1 << 18), !piece.isEmpty {
                // Line ends within texts are escaped: those that are there lie between the lines of the resource.
                try output.write(contentsOf: piece.filter { $0 != 0x0A })
            }
            try input.close()
            try output.write(contentsOf: [0x0A])
        }
        try output.close()
    } catch {
        throw cannotWrite(path, error)
    }
}

func cannotWrite(_ path: String, _ error: any Error) -> IngestError {
    if let error = error as? IngestError { return error }
    return IngestError(
        .cannotWrite, "cannot_write", at: Place(path), "the file cannot be written: \(error.localizedDescription)",
        hint: "Check the disk's free space and the folder's permissions.")
}
