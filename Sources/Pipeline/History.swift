public import FeeSchedule
import Foundation
import JSON
public import Model
import Payment
public import Store

/// A code through all published releases, the newest revision of each, by the day from which it holds.
/// - Parameter locality: where payment is worked out; nationally when `nil`.
/// - Throws: when no release has the code, or a revision cannot be read.
public func history(
    of code: String, modifier: String, locality: String?, in store: Store
) throws(IngestError) -> [HistoryEntry] {
    var datasets: [FeeSchedule.Dataset] = []
    for revision in try store.newestRevisions() { datasets.append(try revision.dataset()) }
    datasets.sort {
        ($0.manifest.release.effectiveFrom, $0.name.label) < ($1.manifest.release.effectiveFrom, $1.name.label)
    }
    let entries = try FeeSchedule.Dataset.history(of: code, modifier: modifier, in: locality, through: datasets)
    guard !entries.isEmpty else {
        throw IngestError(
            .badData, "code_unknown",
            datasets.isEmpty ? "nothing is published in this store" : "no published release has the code \(code)",
            hint: "`ingest search` finds codes by words; `ingest releases` lists what the store holds.")
    }
    return entries
}

/// What `ingest history --format json` prints.
public func historyJSON(_ entries: [HistoryEntry], code: String, modifier: String, locality: String?) -> [UInt8] {
    var json = JSONWriter(indented: true)
    json.object { json in
        json.field("code", code)
        json.field("modifier", modifier.isEmpty ? nil : modifier)
        json.field("locality", locality)
        json.array("releases") { json in
            for entry in entries {
                json.object { json in
                    json.field("revision", entry.revision.description)
                    json.field("effective_from", entry.effectiveFrom.description)
                    json.field("conversion_factor", .decimal(entry.conversionFactor))
                    json.field("absence", entry.absence)
                    json.field("descriptor", entry.descriptor)
                    json.key("descriptor_changed")
                    json.value(entry.isReworded.map { .flag($0) } ?? .null)
                    json.key("row")
                    if let row = entry.row {
                        json.object { json in
                            json.field("status", .text(row.status))
                            json.field("priced", row.isPriced)
                            json.field("unpriced_reason", row.unpricedReason)
                            json.field("work", .decimal(row.work))
                            json.field("pe_nonfacility", .decimal(row.peNonfacility))
                            json.field("pe_nonfacility_na", row.isNonfacilityNA)
                            json.field("pe_facility", .decimal(row.peFacility))
                            json.field("pe_facility_na", row.isFacilityNA)
                            json.field("mp", .decimal(row.mp))
                            json.field("total_nonfacility", .decimal(row.totalNonfacility))
                            json.field("total_facility", .decimal(row.totalFacility))
                        }
                    } else {
                        json.value(.null)
                    }
                    json.object("payment") { json in
                        for setting in Setting.allCases {
                            json.field(named: setting.rawValue, .decimal(entry.payment[setting]?.money))
                        }
                    }
                }
            }
        }
    }
    return json.bytes + [0x0A]
}
