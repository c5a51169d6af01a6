private import Crypto

/// SHA-256, whole or in pieces, as lower-case hex.
public struct Digest {
    private var hash = SHA256()

    public init() {}

    public mutating func update(_ bytes: borrowing [UInt8]) {
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    /// The first 48 bits of the hash.
    public func prefix48() -> UInt64 { hash.finalize().prefix(6).reduce(0) { $0 << 8 | UInt64($1) } }

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

    public static func hex(_ text: String) -> String { hex(Array(text.utf8)) }
}
