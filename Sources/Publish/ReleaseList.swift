import JSON
import Model

/// All that was published, for `releases/index.json`, the feeds and the page.
struct ReleaseList {
    let revisions: [HostedRevision]
    let withdrawals: [Withdrawal]
    let latest: RevisionName?

    /// Version of the shape of `releases/index.json`.
    private static let schemaVersion = "1.0.0"

    func withdrawal(of revision: HostedRevision) -> Withdrawal? {
        withdrawals.first { $0.revision == revision.name }
    }

    /// In the order of publication, the newest first.
    var newestFirst: [HostedRevision] {
        revisions.sorted {
            ($0.sequence, $0.effectiveFrom, $0.name.label, $0.name.number)
                > ($1.sequence, $1.effectiveFrom, $1.name.label, $1.name.number)
        }
    }

    /// By release, the one that is effective last first; of each the newest revision first.
    var releases: [[HostedRevision]] {
        Dictionary(grouping: revisions, by: \.name.label).values
            .map { $0.sorted { $0.name.number > $1.name.number } }
            .sorted { left, right in
                (left.first?.effectiveFrom ?? "", left.first?.name.label ?? "")
                    > (right.first?.effectiveFrom ?? "", right.first?.name.label ?? "")
            }
    }

    func json() -> [UInt8] {
        var json = JSONWriter(indented: true)
        json.object { json in
            json.field("schema_version", Self.schemaVersion)
            json.field("latest", latest?.description)
            json.field("sequence", revisions.map(\.sequence).max() ?? 0)
            json.array("releases") { json in
                for release in releases {
                    json.object { json in
                        json.field("release", release.first?.name.label)
                        json.object("effective") { json in
                            json.field("from", release.first?.effectiveFrom)
                            json.field("to", release.first?.effectiveTo)
                        }
                        json.array("revisions") { json in for revision in release { write(revision, to: &json) } }
                    }
                }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private func write(_ revision: HostedRevision, to json: inout JSONWriter) {
        let files = revision.files
        json.object { json in
            json.field("name", revision.name.description)
            json.field("revision", revision.name.number)
            json.field("sequence", revision.sequence)
            json.field("released", revision.released)
            json.field("path", revision.path)
            json.field("tier", revision.tier)
            json.field("schema_version", revision.manifest["schema_version"]?.string)
            json.field("content_hash", revision.manifest["content_hash"]?.string)
            json.field("manifest_sha256", revision.manifestSHA256)
            json.field("codes", revision.manifest["counts"]?["codes"]?.integer)
            json.field("files", files.count)
            json.field("bytes", files.reduce(0) { $0 + $1.bytes })
            if let base = revision.deltaBase {
                json.object("delta") { json in
                    json.field("base", base.description)
                    json.field("path", "\(revision.path)/delta")
                    json.field(
                        "bytes", files.filter { $0.path.hasPrefix("delta/") }.reduce(0) { $0 + $1.bytes })
                }
            } else {
                json.field("delta", nil as String?)
            }
            if let withdrawal = withdrawal(of: revision) {
                json.object("withdrawn") { json in
                    json.field("reason", withdrawal.reason)
                    json.field("use", withdrawal.use?.description)
                    json.field("date", withdrawal.date.description)
                }
            } else {
                json.field("withdrawn", nil as String?)
            }
        }
    }

    /// What an index says was withdrawn.
    static func withdrawals(in index: JSONValue?) -> [Withdrawal] {
        let revisions = (index?["releases"]?.elements ?? []).flatMap { $0["revisions"]?.elements ?? [] }
        return revisions.compactMap { revision -> Withdrawal? in
            guard let withdrawn = revision["withdrawn"],
                let name = revision["name"]?.string.flatMap({ RevisionName($0) }),
                let reason = withdrawn["reason"]?.string,
                let date = withdrawn["date"]?.string.flatMap({ CalendarDate(iso: $0) })
            else { return nil }
            return Withdrawal(
                revision: name, reason: reason, use: withdrawn["use"]?.string.flatMap { RevisionName($0) },
                date: date)
        }
    }
}
