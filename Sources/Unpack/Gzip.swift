private import CZlib
public import Model

/// Whether `bytes` begin as a gzip file does.
public func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B, 0x08]) }

/// Unpacks a gzip file (RFC 1952), whose checksum and length must be right. Several members one behind the other
/// are one file, as for `gzip` itself.
/// - Throws: when the file is damaged or cut, when something else stands behind its end, and when it unpacks to
///   more than `limits` allow.
public func gunzip(_ bytes: [UInt8], name: String, limits: Archive.Limits = .init()) throws(IngestError) -> [UInt8] {
    let place = Place(name)
    guard isGzip(bytes) else {
        throw IngestError(
            .badData, "not_gzip", at: place,
            "a gzip file begins with the bytes 1f 8b 08; this file begins with "
                + bytes.prefix(3).map { String($0, radix: 16) }.joined(separator: " "),
            hint: "If it is not packed, take .gz from its name; else fetch it again.")
    }
    let largest = min(limits.memberBytes, max(bytes.count, 1024) * limits.ratio)
    var stream = z_stream()
    // 16 more than the window's bits: zlib reads gzip's header and checks its trailer.
    guard ingest_inflate_init(&stream, MAX_WBITS + 16) == Z_OK else {
        throw IngestError(.badData, "gzip_damaged", at: place, "zlib could not be initialised")
    }
    defer { inflateEnd(&stream) }

    var contents: [UInt8] = []
    var status = Z_OK
    var isFollowed = false
    bytes.withUnsafeBytes { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        while status == Z_OK, contents.count <= largest {
            contents += [UInt8](unsafeUninitializedCapacity: 1 << 20) { output, written in
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
    guard contents.count <= largest else {
        throw IngestError(
            .badData, "archive_ratio", at: place,
            "\(bytes.count) bytes that unpack to more than \(largest): no table shrinks \(limits.ratio)-fold")
    }
    guard status == Z_STREAM_END, !isFollowed else {
        throw IngestError(
            .badData, "gzip_damaged", at: place,
            isFollowed
                ? "something that is not gzip stands behind its end"
                : status == Z_DATA_ERROR
                    ? "its compressed data or its checksum is wrong"
                    : "its compressed data breaks off after \(contents.count) bytes",
            hint: "The download is incomplete or damaged: fetch the file again.")
    }
    return contents
}
