import ArgumentParser
import Digest
import Foundation
import Store

struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a key that signs what is published.",
        discussion: """
            Writes the private key to FILE, readable by you only, for `ingest run --sign FILE`, and the public key to \
            FILE.pub, for those who read the dataset: `ingest validate --public-key FILE.pub`. Neither is ever written \
            over. Each is one line: what it is, ed25519, the key's 32 bytes as base64, and the key's ID.
            """)

    @Argument(help: "Where to write the private key.", completion: .file())
    var file: String

    func run() throws {
        try reporting(consequence: "No key was made.") {
            let (key, publicFile) = try makeKey(URL(fileURLWithPath: file))
            Talk().say("made the key \(key.publicKey.id): keep \(file) secret, give away \(publicFile.relativePath)")
            print(key.publicKey.id)
        }
    }
}
