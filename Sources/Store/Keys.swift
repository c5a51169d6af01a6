public import Digest
public import Foundation
public import Model

/// Key files: one line each, `ingest-private-key ed25519 BASE64 ID` and `ingest-public-key ed25519 BASE64 ID`. The
/// base64 is the key's 32 bytes as RFC 8032 has them, and the ID may be left out.
private enum KeyKind: String {
    case `private` = "ingest-private-key"
    case `public` = "ingest-public-key"
}

/// Makes a new key: the private half in `file`, for its owner only, the public half beside it with `.pub` at the end.
/// - Returns: where the public half is.
/// - Throws: when either file is there already, or cannot be written.
public func makeKey(_ file: URL) throws(IngestError) -> (key: SigningKey, publicFile: URL) {
    let key = SigningKey()
    let publicFile = URL(fileURLWithPath: file.path + ".pub")
    for file in [file, publicFile] where (try? FileManager.default.attributesOfItem(atPath: file.path)) != nil {
        throw IngestError(
            .cannotWrite, "key_exists", at: Place(file.relativePath), "there is a file of this name",
            hint: "Keys are never written over: name another file.")
    }
    let id = key.publicKey.id
    try createFile(file, line(.private, key.seed, id), mode: 0o600)
    do throws(IngestError) { try createFile(publicFile, line(.public, key.publicKey.bytes, id), mode: 0o644) } catch {
        try? FileManager.default.removeItem(at: file)
        throw error
    }
    return (key, publicFile)
}

/// Reads a private key, which signs.
/// - Throws: when it cannot be read or is none.
public func readSigningKey(_ file: URL) throws(IngestError) -> SigningKey {
    let (bytes, id) = try read(.private, file)
    guard let key = SigningKey(seed: bytes), id ?? key.publicKey.id == key.publicKey.id else { throw noKey(file) }
    return key
}

/// Reads a public key, which checks.
/// - Throws: when it cannot be read or is none.
public func readPublicKey(_ file: URL) throws(IngestError) -> PublicKey {
    let (bytes, id) = try read(.public, file)
    guard let key = PublicKey(bytes), id ?? key.id == key.id else { throw noKey(file) }
    return key
}

private func line(_ kind: KeyKind, _ bytes: Data, _ id: String) -> [UInt8] {
    Array("\(kind.rawValue) ed25519 \(bytes.base64EncodedString()) \(id)\n".utf8)
}

private func read(_ kind: KeyKind, _ file: URL) throws(IngestError) -> (bytes: Data, id: String?) {
    guard let data = try? Data(contentsOf: file) else {
        throw IngestError(
            .unavailable, "key_missing", at: Place(file.relativePath), "there is no key to read here",
            hint: "`ingest keygen FILE` makes a key.")
    }
    let words = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
    if let found = words.first.flatMap(KeyKind.init), found != kind {
        throw IngestError(
            .usage, "key_kind", at: Place(file.relativePath),
            kind == .public
                ? "this is a private key, where the public one is wanted"
                : "this is a public key, where the private one is wanted",
            hint: kind == .public ? "Name the file that ends in .pub." : "Name the file without .pub.")
    }
    guard (3...4).contains(words.count), words[0] == kind.rawValue, words[1] == "ed25519",
        let bytes = Data(base64Encoded: words[2]), bytes.count == 32
    else { throw noKey(file) }
    return (bytes, words.count == 4 ? words[3] : nil)
}

private func noKey(_ file: URL) -> IngestError {
    IngestError(
        .badData, "key_unreadable", at: Place(file.relativePath, line: 1),
        "this is no key; expected one line: ingest-public-key (or ingest-private-key), ed25519, 32 bytes as base64, ID",
        hint: "Copy the key's file anew; `ingest keygen FILE` makes a new one.")
}
