public import Model
import Zlib

/// A ZIP archive, read from its central directory. Every member is checked before any is unpacked; what a
/// well-meant archive never does is refused with the member's name.
public struct Archive: Sendable {
    /// Limits far above anything that CMS ships: its text members shrink about twelvefold.
    public struct Limits: Sendable {
        public var memberBytes = 1 << 30
        public var totalBytes = 4 << 30
        public var ratio = 200
        public var members = 10_000

        public init() {}
    }

    struct Entry {
        let name: String
        let method: UInt16
        let crc: UInt32
        let compressedSize: Int
        let size: Int
        let start: Int
    }

    /// The archive's file name.
    public let name: String
    let bytes: [UInt8]
    let entries: [Entry]

    /// Whether `bytes` begin as a ZIP archive does.
    public static func isArchive(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06])
    }

    /// Reads and checks the directory of the archive `bytes`, which the user knows as `name`.
    /// - Throws: an error that names the archive or the member and says what is wrong with it.
    public init(_ bytes: [UInt8], name: String, limits: Limits = Limits()) throws(IngestError) {
        self.name = name
        self.bytes = bytes
        var reader = DirectoryReader(bytes: bytes, name: name, limits: limits)
        entries = try reader.entries()
    }

    /// The members, folders left out.
    public var documents: [SourceDocument] {
        entries.map { entry in
            SourceDocument(path: "\(name)/\(entry.name)", size: entry.size, isNamedByUser: false) {
                () throws(IngestError) in try contents(of: entry)
            }
        }
    }

    /// Unpacks a member piece by piece, for one that is too large to hold.
    /// - Throws: as ``SourceDocument/load`` does, but possibly after `body` has seen a part.
    public func stream(_ document: SourceDocument, _ body: ([UInt8]) -> Void) throws(IngestError) {
        guard let entry = entries.first(where: { document.path == "\(name)/\($0.name)" }) else { return }
        guard entry.method == 8 else {
            body(try document.load())
            return
        }
        let place = Place(document.path)
        var crc: UInt32 = 0
        do {
            try inflate(bytes[entry.start..<(entry.start + entry.compressedSize)], size: entry.size) { piece in
                crc = crc32(piece, after: crc)
                body(piece)
            }
        } catch {
            throw IngestError(.badData, "archive_member_damaged", at: place, error.message)
        }
        guard crc == entry.crc else {
            throw IngestError(
                .badData, "archive_member_damaged", at: place,
                "its checksum is \(hexadecimal(crc)) where the archive says \(hexadecimal(entry.crc))")
        }
    }

    private func contents(of entry: Entry) throws(IngestError) -> [UInt8] {
        let place = Place("\(name)/\(entry.name)")
        let compressed = bytes[entry.start..<(entry.start + entry.compressedSize)]
        let contents: [UInt8]
        if entry.method == 0 {
            contents = Array(compressed)
        } else {
            do { contents = try inflate(compressed, size: entry.size) } catch {
                throw IngestError(
                    .badData, "archive_member_damaged", at: place, error.message,
                    hint: "The download is damaged: fetch the archive again.")
            }
        }
        let crc = crc32(contents)
        guard crc == entry.crc else {
            throw IngestError(
                .badData, "archive_member_damaged", at: place,
                "its checksum is \(hexadecimal(crc)) where the archive says \(hexadecimal(entry.crc))",
                hint: "The download is damaged: fetch the archive again.")
        }
        return contents
    }
}

private func hexadecimal(_ number: UInt32) -> String { String(number, radix: 16) }
