import Digest
public import JSON

/// A hash of what tables say, whatever file and line it came from: `content_hash` in a revision's manifest.
/// - Parameter tables: each table's name with the SHA-256 of its CSV file; provenance is left out if it is among them.
public func contentHash(ofTables tables: [(name: String, sha256: String)]) -> String {
    let facts = tables.filter { $0.name != provenanceTable }.map { (path: "tables/\($0.name).csv", sha256: $0.sha256) }
    return "sha256:" + Digest.hex(facts.sorted { $0.path < $1.path }.map { "\($0.path) \($0.sha256)\n" }.joined())
}

/// The table that says where rows came from: no fact, and so in no content hash.
let provenanceTable = "provenance"

/// A revision as a delta names it.
public struct DeltaSide: Hashable, Sendable {
    /// `RVU26B`.
    public let label: String
    public let revision: Int
    /// First and last day on which the release holds, as `2026-04-01`.
    public let effectiveFrom: String
    public let effectiveTo: String
    public let schemaVersion: String
    public let tier: String
    /// What its tables say; see ``contentHash(ofTables:)``.
    public let contentHash: String

    /// `RVU26B-r1`.
    public var name: String { "\(label)-r\(revision)" }

    /// Reads a revision's manifest, or what ``write(to:)`` made.
    /// - Returns: `nil` when it lacks one of these.
    public init?(_ manifest: JSONValue) {
        let release = manifest["release"]
        guard let label = release?["label"]?.string, let revision = release?["revision"]?.integer,
            let from = release?["effective"]?["from"]?.string, let to = release?["effective"]?["to"]?.string,
            let schemaVersion = manifest["schema_version"]?.string, let tier = manifest["tier"]?.string,
            let contentHash = manifest["content_hash"]?.string
        else { return nil }
        self.label = label
        self.revision = revision
        effectiveFrom = from
        effectiveTo = to
        self.schemaVersion = schemaVersion
        self.tier = tier
        self.contentHash = contentHash
    }

    /// As the revision's own manifest has them.
    func write(to json: inout JSONWriter) {
        json.field("schema_version", schemaVersion)
        json.object("release") { json in
            json.field("label", label)
            json.field("revision", revision)
            json.object("effective") { json in
                json.field("from", effectiveFrom)
                json.field("to", effectiveTo)
            }
        }
        json.field("tier", tier)
        json.field("content_hash", contentHash)
    }
}

/// A file of a delta's folder.
public struct DeltaFile: Sendable {
    /// Its name within the folder.
    public let name: String
    public let bytes: [UInt8]
}

/// A table that a delta speaks of.
struct DeltaTable: Sendable {
    let shape: TableShape
    let rowsBefore: Int
    let rowsAfter: Int
    /// SHA-256 of the CSV file; `nil` where BASE has no such table.
    let before: String?
    let after: String
    let upserts: Int
    let deletes: Int
    let isWhole: Bool
    /// The file of its lines; `nil` where there are none.
    let file: String?

    var isChanged: Bool { before != after }
}

/// All that a delta's folder holds.
/// - Parameters:
///   - tables: HEAD's tables, each with the SHA-256 of its CSV file on both sides, `nil` where BASE has none.
///   - dropped: the tables that only BASE has, with their hashes.
///   - leftOut: those of ``Delta/tablesLeftOut`` that a side has, with their hashes.
///   - provenance: HEAD's, with the hash of its CSV file.
///   - license: the licence of HEAD's tier.
public func deltaFiles(
    from base: DeltaSide, to head: DeltaSide, tables: [(delta: TableDelta, before: String?, after: String)],
    dropped: [(name: String, sha256: String)], leftOut: [(name: String, before: String?, after: String?)] = [],
    provenance: (lines: ProvenanceDelta, sha256: String)?, license: String
) -> [DeltaFile] {
    var files: [DeltaFile] = []
    for (delta, _, _) in tables where !delta.lines.isEmpty {
        files.append(DeltaFile(name: "\(delta.table.name).ndjson", bytes: delta.lines))
    }
    if let provenance { files.append(DeltaFile(name: ProvenanceDelta.file, bytes: provenance.lines.lines)) }
    files.sort { $0.name < $1.name }

    var json = JSONWriter(indented: true)
    json.object { json in
        json.field("format_version", Delta.formatVersion)
        json.object("base") { base.write(to: &$0) }
        json.object("head") { head.write(to: &$0) }
        json.field("license", license)
        json.array("tables") { json in
            for (delta, before, after) in tables {
                json.object { json in
                    json.field("name", delta.table.name)
                    delta.table.write(to: &json)
                    json.object("rows") { json in
                        json.field("before", delta.rowsBefore)
                        json.field("after", delta.rowsAfter)
                    }
                    json.object("sha256") { json in
                        json.field("before", before)
                        json.field("after", after)
                    }
                    json.field("upserts", delta.upserts)
                    json.field("deletes", delta.deletes)
                    json.field("whole", delta.isWhole)
                    json.field("file", delta.lines.isEmpty ? nil : "\(delta.table.name).ndjson")
                }
            }
        }
        json.array("dropped") { json in
            for (name, sha256) in dropped {
                json.line { json in
                    json.field("name", name)
                    json.field("sha256", sha256)
                }
            }
        }
        json.array("left_out") { json in
            for (name, before, after) in leftOut {
                json.line { json in
                    json.field("name", name)
                    json.object("sha256") { json in
                        json.field("before", before)
                        json.field("after", after)
                    }
                }
            }
        }
        if let provenance {
            json.object("provenance") { json in
                provenance.lines.table.write(to: &json)
                json.field("rows", provenance.lines.rows)
                json.field("sha256", provenance.sha256)
                json.field("file", ProvenanceDelta.file)
            }
        }
        json.array("files") { json in
            for file in files {
                json.line { json in
                    json.field("path", file.name)
                    json.field("sha256", Digest.hex(file.bytes))
                    json.field("bytes", file.bytes.count)
                }
            }
        }
    }
    let manifest = json.bytes + [0x0A]
    return files + [
        DeltaFile(name: Delta.manifestName, bytes: manifest),
        DeltaFile(name: Delta.sealName, bytes: Digest.seal(of: manifest, name: Delta.manifestName)),
    ]
}
