import Digest
import Foundation
public import Model

/// The manifest names every other file by its hash; this file beside it names the manifest by its own, in the form
/// that `sha256sum --check` reads. A flipped bit in either parts them.
let sealName = "manifest.json.sha256"

extension Store {
    /// Refuses a revision whose manifest is not the one that was published.
    /// - Throws: when it cannot be read, or is not what its seal says. A revision from before seals has none.
    public func refuseBrokenSeal(of revision: Revision) throws(IngestError) {
        let manifest = revision.folder.appendingPathComponent("manifest.json")
        guard let seal = try? Data(contentsOf: revision.folder.appendingPathComponent(sealName)),
            let bytes = try? Data(contentsOf: manifest)
        else { return }
        guard seal.elementsEqual(Digest.seal(of: [UInt8](bytes), name: "manifest.json")) else {
            throw IngestError(
                .badData, "manifest_changed", at: Place(manifest.path),
                "this manifest is not the one that was published: its hash is not that of \(sealName)",
                hint: "A published revision never changes: restore it from a copy.")
        }
    }
}
