public import FeeSchedule
import Foundation
import JSON
public import Model
public import Schemas
public import Store

/// A release that the catalogue knows or the store holds.
public struct ListedRelease: Sendable {
    public let label: String
    public let effectiveFrom: String
    public let effectiveTo: String
    public let conversionFactor: String?
    public let conversionFactorQP: String?
    public let revisions: [Int]
    /// Those that must no longer be used.
    public let withdrawals: [Withdrawal]
}

/// Every release of the catalogue and of the store, by date.
/// - Throws: when a manifest of the store cannot be read.
public func releaseList(_ store: Store, schemas: Schemas) throws(IngestError) -> [ListedRelease] {
    var list: [ListedRelease] = []
    let withdrawals = Dictionary(grouping: try store.withdrawals(), by: \.revision.label)
    for entry in schemas.catalogue.entries {
        list.append(
            ListedRelease(
                label: entry.release.label, effectiveFrom: entry.release.effectiveFrom.description,
                effectiveTo: entry.release.effectiveTo.description,
                conversionFactor: entry.conversionFactors?.nonQP.description,
                conversionFactorQP: entry.conversionFactors?.qp?.description,
                revisions: try store.revisions(of: entry.release.label).map(\.number),
                withdrawals: withdrawals[entry.release.label] ?? []))
    }
    for newest in try store.lastRevisions() where !list.contains(where: { $0.label == newest.label }) {
        let manifest = try store.manifest(of: newest)
        list.append(
            ListedRelease(
                label: newest.label, effectiveFrom: manifest["release"]?["effective"]?["from"]?.text ?? "",
                effectiveTo: manifest["release"]?["effective"]?["to"]?.text ?? "",
                conversionFactor: manifest["conversion_factors"]?["non_qp"]?.text,
                conversionFactorQP: manifest["conversion_factors"]?["qp"]?.text.nonEmpty,
                revisions: try store.revisions(of: newest.label).map(\.number),
                withdrawals: withdrawals[newest.label] ?? []))
    }
    return list.sorted { ($0.effectiveFrom, $0.label) < ($1.effectiveFrom, $1.label) }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}

/// What the commands print with `--format json`.
public func searchJSON(_ hits: [SearchHit]) -> [UInt8] {
    json { json in
        json.array { json in
            for hit in hits {
                json.object { json in
                    json.field("code", hit.code)
                    json.field("system", hit.system)
                    json.field("title", hit.title)
                    json.field("long_descriptor", hit.longDescriptor)
                    json.field("category", hit.categoryName)
                }
            }
        }
    }
}

public func releasesJSON(_ list: [ListedRelease]) -> [UInt8] {
    json { json in
        json.array { json in
            for entry in list {
                json.object { json in
                    json.field("label", entry.label)
                    json.field("effective_from", entry.effectiveFrom)
                    json.field("effective_to", entry.effectiveTo)
                    json.field("conversion_factor", entry.conversionFactor)
                    json.field("conversion_factor_qp", entry.conversionFactorQP)
                    json.array("revisions") { json in for number in entry.revisions { json.value(.integer(number)) } }
                    json.array("withdrawn") { json in
                        for withdrawal in entry.withdrawals {
                            json.object { json in
                                json.field("revision", withdrawal.revision.number)
                                json.field("reason", withdrawal.reason)
                                json.field("use", withdrawal.use?.description)
                                json.field("date", withdrawal.date.description)
                            }
                        }
                    }
                }
            }
        }
    }
}

public func fetchedJSON(_ sources: [FetchedSource]) -> [UInt8] {
    json { json in
        json.array { json in
            for source in sources {
                json.object { json in
                    json.field("kind", source.kind.rawValue)
                    json.field("of", source.subject)
                    json.field("state", source.state.rawValue)
                    json.field("path", source.path.relativePath)
                    source.file.writeFields(to: &json)
                }
            }
        }
    }
}

public func remoteJSON(_ report: RemoteReport) -> [UInt8] {
    json { json in
        json.array { json in
            for release in report.releases {
                json.object { json in
                    json.field("label", release.label)
                    json.field("effective_from", release.effectiveFrom.description)
                    json.field("at_cms", release.state.rawValue)
                    json.field("address", release.address)
                }
            }
        }
    }
}

public func validationJSON(_ validation: Validation) -> [UInt8] {
    json { json in
        json.object { json in
            json.field("valid", validation.diagnostics.count(.error) == 0)
            json.field("files", validation.files)
            json.field("documents", validation.documents)
            json.field("rows", validation.rows)
            json.array("revisions") { json in
                for revision in validation.revisions {
                    json.object { json in
                        json.field("release", revision.label)
                        json.field("revision", revision.number)
                        json.field("sequence", revision.sequence)
                        json.field("manifest_sha256", revision.manifestSHA256)
                        json.field("signed_by", revision.signer)
                    }
                }
            }
            json.array("problems") { json in
                for kind in validation.diagnostics.kinds {
                    for problem in kind.first {
                        json.object { json in
                            json.field("id", problem.id)
                            json.field("place", problem.place?.description)
                            json.field("message", problem.message)
                        }
                    }
                }
            }
        }
    }
}

private func json(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var json = JSONWriter(indented: true)
    body(&json)
    return json.bytes + [0x0A]
}
