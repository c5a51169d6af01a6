private import Crypto
public import Foundation

/// A key that signs (Ed25519, RFC 8032).
public struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// A new key, from the system's randomness.
    public init() { key = Curve25519.Signing.PrivateKey() }

    /// - Returns: `nil` when `seed` is not 32 bytes.
    public init?(seed: Data) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return nil }
        self.key = key
    }

    /// The 32 bytes that are the key.
    public var seed: Data { key.rawRepresentation }

    /// What checks its signatures.
    public var publicKey: PublicKey { PublicKey(key.publicKey) }

    /// The 64 bytes of the signature of `bytes`.
    /// - Throws: when the library cannot sign.
    public func signature(of bytes: some DataProtocol) throws -> Data { try key.signature(for: bytes) }
}

/// The public half of a ``SigningKey``.
public struct PublicKey: Hashable, Sendable {
    /// Its 32 bytes.
    public let bytes: Data

    fileprivate init(_ key: Curve25519.Signing.PublicKey) { bytes = key.rawRepresentation }

    /// - Returns: `nil` when `bytes` are no key.
    public init?(_ bytes: Data) {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return nil }
        self.init(key)
    }

    /// What people tell keys apart by: the first 16 digits of its SHA-256.
    public var id: String { String(Digest.hex(Array(bytes)).prefix(16)) }

    /// Whether `signature` is that of `bytes` by this key.
    public func accepts(_ signature: Data, of bytes: some DataProtocol) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: self.bytes) else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}
