private import CZlib

/// Compressed data that is not what it should be, in words for people.
public struct InflateError: Error {
    public let message: String
}

/// Inflates a raw deflate stream (RFC 1951) that must yield exactly `size` bytes and use all of its input.
/// - Throws: when it does not.
public func inflate(_ compressed: ArraySlice<UInt8>, size: Int) throws(InflateError) -> [UInt8] {
    var stream = z_stream()
    guard ingest_inflate_init(&stream, -MAX_WBITS) == Z_OK else {
        throw InflateError(message: "zlib could not be initialised")
    }
    defer { inflateEnd(&stream) }

    var status = Z_OK
    // One byte more than announced, so that a longer stream shows.
    let contents = [UInt8](unsafeUninitializedCapacity: size + 1) { output, written in
        compressed.withUnsafeBytes { input in
            stream.next_in = UnsafeMutablePointer(
                mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            status = CZlib.inflate(&stream, Z_FINISH)
        }
        written = output.count - Int(stream.avail_out)
    }
    if contents.count > size { throw InflateError(message: "it unpacks to more than the \(size) bytes announced") }
    guard status == Z_STREAM_END else {
        throw InflateError(
            message: status == Z_DATA_ERROR
                ? "its compressed data is damaged"
                : "its compressed data breaks off after \(contents.count) of \(size) bytes")
    }
    guard contents.count == size, stream.avail_in == 0 else {
        throw InflateError(message: "it unpacks to \(contents.count) bytes where the archive says \(size)")
    }
    return contents
}

/// Inflates a raw deflate stream piece by piece; together the pieces must be exactly `size` bytes.
/// - Throws: when they are not, possibly after `body` has seen some of them.
public func inflate(_ compressed: ArraySlice<UInt8>, size: Int, _ body: ([UInt8]) -> Void) throws(InflateError) {
    var stream = z_stream()
    guard ingest_inflate_init(&stream, -MAX_WBITS) == Z_OK else {
        throw InflateError(message: "zlib could not be initialised")
    }
    defer { inflateEnd(&stream) }
    // What is read of a piece finds it still in the processor's cache.
    let pieceSize = 1 << 18
    var status = Z_OK
    var total = 0
    compressed.withUnsafeBytes { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        while status == Z_OK, total <= size {
            let piece = [UInt8](unsafeUninitializedCapacity: pieceSize) { output, written in
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
                written = output.count - Int(stream.avail_out)
            }
            total += piece.count
            if total <= size { body(piece) }
        }
    }
    guard status == Z_STREAM_END, total == size, stream.avail_in == 0 else {
        throw InflateError(message: "its compressed data is damaged after \(total) of \(size) bytes")
    }
}

/// The checksum that ZIP keeps for every member, carried on from the pieces before, and gzip for the whole.
public func crc32(_ bytes: [UInt8], after crc: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { buffer in
        UInt32(CZlib.crc32(UInt(crc), buffer.bindMemory(to: UInt8.self).baseAddress, UInt32(buffer.count)))
    }
}
