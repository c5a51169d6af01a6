import Digest
import Foundation
import Model
import Store
import TestSupport
import Testing

@Suite("Signatures and keys")
struct SignatureTests {
    /// Test 3 of RFC 8032, section 7.1.
    @Test("The key and the signature of RFC 8032 come out")
    func standard() throws {
        let seed = Data(hex: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
        let key = try #require(SigningKey(seed: seed))
        #expect(
            key.publicKey.bytes == Data(hex: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"))
        let signature = Data(
            hex: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")
        #expect(try key.signature(of: Data(hex: "af82")) == signature)
        #expect(key.publicKey.accepts(signature, of: Data(hex: "af82")))
        #expect(!key.publicKey.accepts(signature, of: Data(hex: "af83")))
    }

    @Test(
        "A signature is read back from its line, and no other line is taken for it",
        arguments: 1...4 as ClosedRange<UInt64>)
    func line(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let manifest = Array("{}\n".utf8)
        let line = try ManifestSignature(of: manifest, by: SigningKey()).line
        #expect(ManifestSignature(line: line)?.holds(for: manifest) == true)
        #expect(ManifestSignature(line: line)?.holds(for: manifest + [0]) == false)
        for index in line.indices {
            var changed = line
            changed[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            #expect(ManifestSignature(line: changed)?.holds(for: manifest) != true, "byte \(index)")
        }
        #expect(ManifestSignature(line: line + line) == nil)
        #expect(ManifestSignature(line: line.dropLast()) == nil)
    }

    @Test("Keys are read back from their files")
    func keys() throws {
        let folder = try TemporaryFolder()
        let (key, publicFile) = try makeKey(folder["key"])
        #expect(try readSigningKey(folder["key"]).seed == key.seed)
        #expect(try readPublicKey(publicFile) == key.publicKey)
        #expect(refusal { try makeKey(folder["key"]) }?.ids == ["key_exists"])
    }
}

extension Data {
    fileprivate init(hex: String) {
        let digits = hex.compactMap(\.hexDigitValue)
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }
}

extension ManifestSignature {
    fileprivate init?(line: ArraySlice<UInt8>) { self.init(line: Array(line)) }
}
