import JSON
public import Model
public import Payment
public import Schemas
public import Store

/// What a release says of a code and modifier.
public struct HistoryEntry: Sendable {
    public let revision: String
    public let effectiveFrom: String
    public let conversionFactor: ConversionFactor
    /// `nil` where PPRRVU has no such row.
    public var row: RelativeValue?
    /// Why there is no row, from the dataset; `nil` where there is one.
    public var absence: String?
    /// Where the tier shows one: HCPCS's long descriptor, else the short one.
    public var descriptor: String?
    /// Whether CMS's descriptor is another than in the release before; `nil` where that cannot be told.
    public var isReworded: Bool?
    /// What Medicare pays, by setting: nationally (all GPCIs 1.000), or in a locality.
    public var payment: [Setting: Amount] = [:]
}

/// A code through all published releases, the newest revision of each, by the day from which it holds.
/// - Parameter locality: where payment is worked out; nationally when `nil`.
/// - Throws: when no release has the code, or a revision cannot be read.
public func history(
    of code: String, modifier: String, locality: String?, in store: Store, schemas: Schemas
) throws(IngestError) -> [HistoryEntry] {
    var revisions: [(from: String, revision: Revision)] = []
    for newest in try store.newestRevisions() {
        revisions.append((try store.effectiveFrom(of: newest)?.description ?? "", newest))
    }
    revisions.sort { ($0.from, $0.revision.label) < ($1.from, $1.revision.label) }

    var entries: [HistoryEntry] = []
    var isKnown = false
    var digest: String?
    for (from, revision) in revisions {
        let published = Published(revision, in: store, schemas: schemas)
        var entry = HistoryEntry(
            revision: revision.name, effectiveFrom: from,
            conversionFactor: try published.conversionFactors().nonQP)
        if let bytes = try store.document(of: code, in: revision), let document = try? JSONValue(bytes) {
            isKnown = true
            entry.descriptor = document["long_descriptor"]?.string ?? document["short_descriptor"]?.string
            entry.absence = document["relative_values_absence"]?.string
            let rows = try published.relativeValues(of: code)
            entry.row = rows.first { $0.key.modifier.description == modifier }
            if entry.row == nil, entry.absence == nil { entry.absence = "no_row_with_this_modifier" }
            entry.payment = try payment(entry, rows, published, code, modifier, locality, schemas)
            let now = try store.table("descriptor_digests", of: revision, where: "code", equals: code)
                .first { $0["modifier"] == modifier }?["digest"]
            if let digest, let now { entry.isReworded = now != digest }
            digest = now ?? digest
        } else {
            entry.absence = "not_in_release"
        }
        entries.append(entry)
    }
    guard isKnown else {
        throw IngestError(
            .badData, "code_unknown",
            revisions.isEmpty ? "nothing is published in this store" : "no published release has the code \(code)",
            hint: "`ingest search` finds codes by words; `ingest releases` lists what the store holds.")
    }
    return entries
}

private func payment(
    _ entry: HistoryEntry, _ rows: [RelativeValue], _ published: Published, _ code: String, _ modifier: String,
    _ locality: String?, _ schemas: Schemas
) throws(IngestError) -> [Setting: Amount] {
    guard let row = entry.row else { return [:] }
    var amounts: [Setting: Amount] = [:]
    if let locality {
        for quote in try published.quotes(of: code, locality: locality, date: nil, schemas: schemas).quotes
        where quote.key.modifier.description == modifier && quote.track == .nonQP {
            amounts[quote.setting] = quote.quote.payment
        }
        return amounts
    }
    let priced = PricedRow(row, siblings: rows)
    for setting in Setting.allCases {
        // The OPPS cap differs by locality.
        amounts[setting] = priced.quote(setting, .national, entry.conversionFactor).fee
    }
    return amounts
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
                    json.field("revision", entry.revision)
                    json.field("effective_from", entry.effectiveFrom)
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
                            json.field(setting.rawValue, .decimal(entry.payment[setting]?.money))
                        }
                    }
                }
            }
        }
    }
    return json.bytes + [0x0A]
}
