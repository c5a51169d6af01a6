import Digest
import Foundation
import JSON
public import Model

/// Revisions are numbered in the order in which the store published them, over all releases: 1, 2, 3…. Who has seen a
/// number knows an older store by its lower one, and a revision that was taken away leaves a gap.
extension JSONValue {
    /// A manifest's or pointer's place in that order; 0 in a manifest from before there was one.
    var sequence: Int { max(0, min(self["sequence"]?.integer ?? 0, Self.largestSequence)) }

    /// The largest number that every JSON reader keeps exactly.
    private static let largestSequence = 1 << 53 - 1
}

extension Store {
    /// The number of the next revision, asked for while the store is locked. It follows from the newest revision of
    /// each release, so that a run that was killed before it moved `latest.json` is counted, and ten thousand
    /// revisions are not read.
    /// - Throws: when a manifest cannot be read, or is not the one that was published.
    public func nextSequence() throws(IngestError) -> Int {
        var highest = 0
        for newest in try lastRevisions() {
            try refuseBrokenSeal(of: newest)
            highest = max(highest, try manifest(of: newest).sequence)
        }
        return highest + 1
    }

    /// The number of a published revision.
    /// - Throws: when its manifest cannot be read.
    public func sequence(of revision: Revision) throws(IngestError) -> Int { try manifest(of: revision).sequence }

    /// What `latest.json` says: the newest revision of the release that is effective last, and how far the store's
    /// numbers have come. It never points at a withdrawn revision. It follows from what the store holds, so that it can
    /// always be put right; `nil` for a store where nothing stands.
    /// - Throws: when a manifest cannot be read, which is no reason to point at an older release.
    func pointer() throws(IngestError) -> [UInt8]? {
        var latest: (from: String, revision: Revision, manifest: JSONValue, sha256: String)?
        var sequence = 0
        let standing = Dictionary(try newestRevisions().map { ($0.label, $0) }) { first, _ in first }
        for last in try lastRevisions() {
            var (bytes, manifest) = try readManifest(of: last)
            sequence = max(sequence, manifest.sequence)
            guard let newest = standing[last.label] else { continue }
            if newest.number != last.number { (bytes, manifest) = try readManifest(of: newest) }
            let from = manifest["release"]?["effective"]?["from"]?.string ?? ""
            if let current = latest, (current.from, current.revision.label) > (from, newest.label) { continue }
            latest = (from, newest, manifest, Digest.hex(bytes))
        }
        guard let latest else { return nil }
        let path = "releases/\(latest.revision.label)/r\(latest.revision.number)"
        let json = """
            {
              "release": "\(latest.revision.label)",
              "revision": \(latest.revision.number),
              "path": "\(path)",
              "content_hash": "\(latest.manifest["content_hash"]?.string ?? "")",
              "manifest_sha256": "\(latest.sha256)",
              "sequence": \(sequence)
            }

            """
        return Array(json.utf8)
    }
}
