private import CZlib

/// Why a gzip file could not be unpacked.
public enum GunzipError: Error {
    case noMemory
    /// It unpacks to more than was allowed.
    case tooLarge
    /// Something that is not gzip stands behind its end.
    case followed
    /// Its compressed data or its checksum is wrong.
    case damaged
    /// Its compressed data breaks off after so many bytes.
    case cut(Int)
}

/// Whether `bytes` begin as a gzip file does.
public func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B, 0x08]) }

/// Unpacks a gzip file (RFC 1952), whose checksum and length must be right. Several members one behind the other
/// are one file, as for `gzip` itself.
/// - Throws: when it is none, is damaged or cut, something else stands behind its end, or it unpacks to more than
///   `largest` bytes.
public func gunzip(_ bytes: [UInt8], largest: Int) throws(GunzipError) -> [UInt8] {
    var stream = z_stream()
    // 16 more than the window's bits: zlib reads gzip's header and checks its trailer.
    guard ingest_inflate_init(&stream, MAX_WBITS + 16) == Z_OK else { throw .noMemory }
    defer { inflateEnd(&stream) }

    var contents: [UInt8] = []
    var status = Z_OK
    var isFollowed = false
    let pieceSize = min(1 << 20, largest + 1)
    bytes.withUnsafeBytes { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        while status == Z_OK, contents.count <= largest {
            contents += [UInt8](unsafeUninitializedCapacity: pieceSize) { output, written in
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
                written = output.count - Int(stream.avail_out)
            }
            guard status == Z_STREAM_END else { continue }
            let rest = input.suffix(Int(stream.avail_in))
            if rest.starts(with: [0x1F, 0x8B]) {
                status = inflateReset(&stream)
            } else {
                isFollowed = rest.contains { $0 != 0 }
            }
        }
    }
    guard contents.count <= largest else { throw .tooLarge }
    if isFollowed { throw .followed }
    guard status == Z_STREAM_END else { throw status == Z_DATA_ERROR ? .damaged : .cut(contents.count) }
    return contents
}
