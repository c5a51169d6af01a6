private import CZlib

/// Packs files with gzip (RFC 1952), one after the other with the same memory. The bytes follow from the contents alone:
/// no name, no time, no system, one level. Another version of zlib may choose other bytes that unpack to the same.
public struct Gzip: ~Copyable {
    private var stream: UnsafeMutablePointer<z_stream>

    /// zlib's own default: the next levels take twice the time and save a hundredth.
    private static let level: Int32 = 6

    public init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Fails where there is no memory, or where the header is not that of the library.
        precondition(ingest_deflate_init(stream, Self.level, -MAX_WBITS) == Z_OK, "zlib could not be initialised")
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// The gzip file that unpacks to `contents`.
    public mutating func pack(_ contents: [UInt8]) -> [UInt8] {
        deflateReset(stream)
        let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        let bound = Int(deflateBound(stream, UInt(contents.count)))
        return [UInt8](unsafeUninitializedCapacity: header.count + bound + 8) { output, written in
            for (index, byte) in header.enumerated() { output[index] = byte }
            contents.withUnsafeBytes { input in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress.map { $0 + header.count }
                stream.pointee.avail_out = UInt32(bound)
                // With room for all of it, one call ends the stream.
                _ = deflate(stream, Z_FINISH)
            }
            written = header.count + bound - Int(stream.pointee.avail_out)
            for number in [crc32(contents), UInt32(truncatingIfNeeded: contents.count)] {
                for shift in stride(from: UInt32(0), to: 32, by: 8) {
                    output[written] = UInt8(truncatingIfNeeded: number >> shift)
                    written += 1
                }
            }
        }
    }
}
