public import Foundation
import JSON
public import Model

/// What a reader has seen of a store: the newest revision of each release, by its number in the store's order of
/// publication and its manifest's hash. A signature says who made a revision, not that it is the newest they made; who
/// was shown a newer one tells an older store by this record.
public struct TrustRecord: Sendable {
    private struct Seen {
        let revision: Int
        let sequence: Int
        let manifestSHA256: String
    }

    private let url: URL
    private var releases: [String: Seen] = [:]

    /// Reads the record, which is empty as long as its file is not there.
    /// - Throws: when the file is no record.
    public init(_ url: URL) throws(IngestError) {
        self.url = url
        guard kind(of: url) != nil else { return }
        guard let data = try? Data(contentsOf: url), let json = try? JSONValue([UInt8](data)),
            case .array(let elements)? = json["releases"]
        else { throw unreadable() }
        for element in elements {
            guard let label = element["release"]?.string, releases[label] == nil,
                let revision = element["revision"]?.integer, let sequence = element["sequence"]?.integer, sequence > 0,
                let sha256 = element["manifest_sha256"]?.string, sha256.utf8.count == 64
            else { throw unreadable() }
            releases[label] = Seen(revision: revision, sequence: sequence, manifestSHA256: sha256)
        }
    }

    /// What speaks against these revisions being as new as what was seen before: a release whose newest revision is
    /// older or gone, and another manifest under a number that was seen.
    /// - Parameter isWholeStore: whether they are all that the store holds.
    public func problems(with revisions: [ValidatedRevision], isWholeStore: Bool) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        let newest = newest(of: revisions)
        for (label, seen) in releases.sorted(by: { $0.key < $1.key }) {
            let name = "\(label)-r\(seen.revision)"
            let message: String
            if let shown = newest[label] {
                guard shown.sequence < seen.sequence else { continue }
                message =
                    "\(label)-r\(shown.number) with the sequence \(shown.sequence) is older than \(name) with \(seen.sequence)"
            } else {
                guard isWholeStore else { continue }
                message = "the store has nothing of \(label) any more"
            }
            problems.append(
                Diagnostic(
                    .error, "rolled_back", at: Place(url.relativePath), "\(message), which was seen before",
                    hint: "Somebody shows you an older store: get the newest from its publisher."))
        }
        for revision in revisions {
            guard
                let other = releases.first(where: {
                    $0.value.sequence == revision.sequence && $0.value.manifestSHA256 != revision.manifestSHA256
                })
            else { continue }
            problems.append(
                Diagnostic(
                    .error, "sequence_forked", at: Place(url.relativePath),
                    "\(revision.label)-r\(revision.number) has the sequence \(revision.sequence), under which "
                        + "\(other.key)-r\(other.value.revision) with another manifest was seen before",
                    hint:
                        "The store was set back and written anew, or there are two of it: ask its publisher which holds."
                ))
        }
        return problems
    }

    /// Notes the newest revision of each release.
    /// - Throws: when the record cannot be written; it then holds what it held.
    public mutating func remember(_ revisions: [ValidatedRevision]) throws(IngestError) {
        for (label, shown) in newest(of: revisions) {
            releases[label] = Seen(
                revision: shown.number, sequence: shown.sequence, manifestSHA256: shown.manifestSHA256)
        }
        var json = JSONWriter(indented: true)
        json.object { json in
            json.array("releases") { json in
                for (label, seen) in releases.sorted(by: { $0.key < $1.key }) {
                    json.object { json in
                        json.field("release", label)
                        json.field("revision", seen.revision)
                        json.field("sequence", seen.sequence)
                        json.field("manifest_sha256", seen.manifestSHA256)
                    }
                }
            }
        }
        try replaceFile(url, with: json.bytes + [UInt8(ascii: "\n")])
    }

    private func newest(of revisions: [ValidatedRevision]) -> [String: ValidatedRevision] {
        Dictionary(revisions.map { ($0.label, $0) }) { $0.sequence > $1.sequence ? $0 : $1 }
    }

    private func unreadable() -> IngestError {
        IngestError(
            .badData, "trust_unreadable", at: Place(url.relativePath), "this is no record of what was seen",
            hint: "Restore it from a copy. Name a new file only if you know the store to be the newest.")
    }
}
