public import Digest
import Foundation
public import Model

/// The signature of a manifest, which names everything else by its hash. It lies beside the manifest, one line:
/// `ingest-signature ed25519 PUBLICKEY SIGNATURE`, both as base64.
public struct ManifestSignature: Sendable {
    public static let fileName = "manifest.json.sig"

    /// What is signed is this line and the manifest's bytes, so that a signature made for another purpose never
    /// holds here.
    private static let domain = "ingest manifest v1\n"

    /// The key that made it, as the file says.
    public let key: PublicKey
    private let signature: Data

    /// Signs a manifest.
    /// - Throws: when the library cannot sign.
    public init(of manifest: [UInt8], by key: SigningKey) throws(IngestError) {
        do { signature = try key.signature(of: Self.message(manifest)) } catch {
            throw IngestError(.cannotWrite, "cannot_sign", at: Place(Self.fileName), "the manifest cannot be signed")
        }
        self.key = key.publicKey
    }

    /// Reads a signature's file.
    /// - Returns: `nil` when it is not exactly what ``line`` writes.
    public init?(line: [UInt8]) {
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count == 4, let bytes = Data(base64Encoded: words[2]), let key = PublicKey(bytes),
            let signature = Data(base64Encoded: words[3])
        else { return nil }
        self.key = key
        self.signature = signature
        guard self.line == line else { return nil }
    }

    /// The file's bytes.
    public var line: [UInt8] {
        Array("ingest-signature ed25519 \(key.bytes.base64EncodedString()) \(signature.base64EncodedString())\n".utf8)
    }

    /// Whether it is the signature of `manifest` by its own key.
    public func holds(for manifest: [UInt8]) -> Bool { key.accepts(signature, of: Self.message(manifest)) }

    private static func message(_ manifest: [UInt8]) -> [UInt8] { Array(domain.utf8) + manifest }
}

extension Store {
    /// Refuses to call a release published when it was to be signed by `key` and the revision that is there is not: a
    /// published revision never changes, so it cannot be signed afterwards.
    /// - Throws: when `revision` has no signature, or one by another key.
    public func refuseUnsigned(_ revision: Revision, by key: SigningKey) throws(IngestError) {
        let file = revision.folder.appendingPathComponent(ManifestSignature.fileName)
        let signature = (try? Data(contentsOf: file)).flatMap { ManifestSignature(line: [UInt8]($0)) }
        guard signature?.key != key.publicKey else { return }
        throw IngestError(
            .gateFailed, "published_unsigned", at: Place("\(revision.name)/\(ManifestSignature.fileName)"),
            "nothing changed, and \(revision.name) was published "
                + (signature.map { "with a signature by the key \($0.key.id), not by" } ?? "without a signature by")
                + " \(key.publicKey.id)",
            hint: "What is published never changes, so the next revision is the first that can be signed by this key. "
                + "To sign this one, publish it into a store of its own with --store.")
    }
}

/// The keys that a reader trusts, applied to a revision's signature.
/// - Returns: what is wrong, and the key that signed when it is right.
func checkSignature(
    in folder: URL, of manifest: [UInt8], trusted: [PublicKey]
) -> (problem: Diagnostic?, signer: PublicKey?) {
    let place = Place(ManifestSignature.fileName)
    func problem(_ id: String, _ message: String, _ hint: String) -> (Diagnostic?, PublicKey?) {
        (Diagnostic(.error, id, at: place, message, hint: hint), nil)
    }
    let ids = trusted.map(\.id).joined(separator: ", ")
    guard let data = try? Data(contentsOf: folder.appendingPathComponent(ManifestSignature.fileName)) else {
        return trusted.isEmpty
            ? (nil, nil)
            : problem(
                "signature_missing", "the manifest is not signed; expected a signature by \(ids)",
                "Ask its publisher for a revision made with `ingest run --sign`. Do not use this one unless you know "
                    + "where it is from.")
    }
    guard let signature = ManifestSignature(line: [UInt8](data)) else {
        return problem(
            "signature_unreadable",
            "this is no signature; expected one line: ingest-signature, ed25519, public key, signature",
            "A published revision never changes: restore it from a copy.")
    }
    guard trusted.isEmpty || trusted.contains(signature.key) else {
        return problem(
            "signature_key", "it is signed by the key \(signature.key.id); expected \(ids)",
            "If its publisher has a new key, get that from them by a way you trust, and name it with --public-key too.")
    }
    guard signature.holds(for: manifest) else {
        return problem(
            "signature_wrong", "it is not the signature of this manifest by the key \(signature.key.id)",
            "The manifest or its signature was changed after it was published: restore the revision from a copy.")
    }
    return (nil, signature.key)
}
