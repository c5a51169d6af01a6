private import Crypto
public import Foundation

/// SHA-256, whole or in pieces, as lower-case hex.
public struct Digest {
    private var hash = SHA256()

    public init() {}

    public mutating func update(_ bytes: borrowing [UInt8]) {
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    /// The first 48 bits of the hash.
    public func prefix48() -> UInt64 {
        hash.finalize().withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) >> 16 }
    }

    /// As browsers write it in a content security policy.
    public func base64() -> String { Data(hash.finalize()).base64EncodedString() }

    public func hex() -> String {
        var text = ""
        text.reserveCapacity(64)
        for byte in hash.finalize() {
            for nibble in [byte >> 4, byte & 15] {
                text.unicodeScalars.append(Unicode.Scalar(nibble < 10 ? 0x30 + nibble : 0x57 + nibble))
            }
        }
        return text
    }

    public static func hex(_ bytes: borrowing [UInt8]) -> String {
        var digest = Digest()
        digest.update(bytes)
        return digest.hex()
    }

    /// The hash and the size of a file, read piece by piece.
    /// - Throws: when it cannot be read.
    public static func hex(contentsOf file: URL) throws -> (sha256: String, bytes: Int) {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        var digest = Digest()
        var count = 0
        // Foundation reads a file in pieces of four kilobytes, whatever it is asked for.
        try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 1) { room in
            while true {
                let got = read(handle.fileDescriptor, room.baseAddress, room.count)
                guard got >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
                if got == 0 { break }
                digest.update(UnsafeRawBufferPointer(rebasing: room[..<got]))
                count += got
            }
        }
        return (digest.hex(), count)
    }

    public static func hex(_ text: String) -> String { hex(Array(text.utf8)) }

    /// The file that names `bytes` by their hash, as `sha256sum --check` reads it.
    public static func seal(of bytes: borrowing [UInt8], name: String) -> [UInt8] {
        Array("\(hex(bytes))  \(name)\n".utf8)
    }
}
