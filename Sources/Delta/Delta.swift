import Digest
public import Foundation
import JSON
public import Model

/// What turns the tables of one published revision into those of another: upserts and deletes, with a manifest that says
/// what they were made from and what must come out, to the byte.
public struct Delta: Sendable {
    /// The version of the format. A reader that knows 1.x reads every 1.y.
    public static let formatVersion = "1.0.0"
    /// The folder of a revision that holds its delta.
    public static let folderName = "delta"
    public static let manifestName = "manifest.json"
    public static let sealName = "manifest.json.sha256"

    /// Tables that no delta carries: a hundred megabytes of payments follow from the other tables, and a new conversion
    /// factor changes each of them. Their hashes are told, as they are part of the content hash.
    public static let tablesLeftOut: Set = ["payments"]

    /// What it is applied to.
    public let base: DeltaSide
    /// What comes out.
    public let head: DeltaSide
    let tables: [DeltaTable]
    let dropped: [(name: String, sha256: String)]
    /// Tables of HEAD that do not come out.
    public let leftOut: [String]
    let provenance: DeltaProvenance?
    /// By table: what its lines say. Tables without lines are not in it.
    let changes: [String: TableChanges]
    /// How many rows come or change, and how many go.
    public var upserts: Int { tables.reduce(0) { $0 + $1.upserts } }
    public var deletes: Int { tables.reduce(0) { $0 + $1.deletes } }

    /// Reads a delta's folder and checks everything in it: its seal, every file's hash, every line, and that the hashes of
    /// its tables are those of the revisions that it names.
    /// - Throws: when it is not whole or of a format that this version does not know.
    public init(folder: URL) throws(IngestError) {
        func place(_ name: String) -> Place { Place(folder.appendingPathComponent(name).relativePath) }
        func file(_ name: String) throws(IngestError) -> [UInt8] {
            do { return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))) } catch {
                throw IngestError(
                    .unavailable, "delta_missing", at: place(name), "this file of the delta cannot be read",
                    hint: "Name the folder that holds a delta's manifest.json, such as releases/RVU26B/r1/delta.")
            }
        }
        func damaged(_ name: String, _ what: String) -> IngestError {
            IngestError(
                .badData, "delta_damaged", at: place(name), what,
                hint: "Get the delta again. Nothing was changed.")
        }
        let bytes = try file(Self.manifestName)
        guard try file(Self.sealName) == Digest.seal(of: bytes, name: Self.manifestName) else {
            throw damaged(Self.manifestName, "its hash is not the one that \(Self.sealName) says")
        }
        guard let json = try? JSONValue(bytes) else { throw damaged(Self.manifestName, "it is no JSON") }
        let version = json["format_version"]?.string ?? ""
        guard version.hasPrefix("1.") else {
            throw IngestError(
                .badData, "delta_format", at: place(Self.manifestName),
                "the delta's format is '\(version)'; this version reads 1.x",
                hint: "Take the newest version of the program, or the whole revision.")
        }
        var contents: [String: [UInt8]] = [:]
        for entry in json["files"]?.elements ?? [] {
            guard let name = entry["path"]?.string, name.hasSuffix(".ndjson"),
                TableShape.isName(String(name.dropLast(".ndjson".count)))
            else { throw damaged(Self.manifestName, "'\(entry["path"]?.text ?? "")' is no file of a delta") }
            let bytes = try file(name)
            guard bytes.count == entry["bytes"]?.integer, Digest.hex(bytes) == entry["sha256"]?.string else {
                throw damaged(name, "it has \(bytes.count) bytes and is not what the manifest says")
            }
            contents[name] = bytes
        }
        guard let base = json["base"].flatMap(DeltaSide.init), let head = json["head"].flatMap(DeltaSide.init) else {
            throw damaged(Self.manifestName, "it does not say what it was made from or what must come out")
        }
        self.base = base
        self.head = head
        var tables: [DeltaTable] = []
        var changes: [String: TableChanges] = [:]
        for entry in json["tables"]?.elements ?? [] {
            guard let table = DeltaTable(entry), !tables.contains(where: { $0.shape.name == table.shape.name }),
                table.file == nil || contents[table.file ?? ""] != nil
            else {
                throw damaged(Self.manifestName, "the table '\(entry["name"]?.text ?? "")' is not described in full")
            }
            tables.append(table)
            guard let name = table.file, let bytes = contents[name] else { continue }
            let read: TableChanges
            do throws(DeltaProblem) {
                read = try TableChanges(bytes, of: table.shape, isWhole: table.isWhole)
            } catch { throw damaged(name, error.message) }
            guard read.upserts == table.upserts, read.deletes == table.deletes else {
                throw damaged(name, "it has other numbers of upserts and deletes than the manifest says")
            }
            changes[table.shape.name] = read
        }
        self.tables = tables
        self.changes = changes
        dropped = (json["dropped"]?.elements ?? []).map { ($0["name"]?.text ?? "", $0["sha256"]?.text ?? "") }
        guard dropped.allSatisfy({ TableShape.isName($0.name) }) else {
            throw damaged(Self.manifestName, "a table that is dropped has no name")
        }
        var before = tables.compactMap { table in table.before.map { (table.shape.name, $0) } } + dropped
        var after = tables.map { ($0.shape.name, $0.after) }
        var leftOut: [String] = []
        for entry in json["left_out"]?.elements ?? [] {
            let name = entry["name"]?.text ?? ""
            if let sha256 = entry["sha256"]?["before"]?.string { before.append((name, sha256)) }
            if let sha256 = entry["sha256"]?["after"]?.string {
                after.append((name, sha256))
                leftOut.append(name)
            }
        }
        self.leftOut = leftOut
        guard contentHash(ofTables: before) == base.contentHash, contentHash(ofTables: after) == head.contentHash else {
            throw damaged(Self.manifestName, "the hashes of its tables are not those of the revisions it names")
        }
        provenance = try json["provenance"].map { entry throws(IngestError) in
            let bytes = entry["file"]?.string.flatMap { contents[$0] }
            guard let bytes, let provenance = DeltaProvenance(entry, bytes) else {
                throw damaged(Self.manifestName, "its provenance is not described in full")
            }
            return provenance
        }
    }
}

/// What applying a delta did.
public enum DeltaOutcome: Sendable {
    case applied
    /// What it was applied to says already what must come out.
    case alreadyThere
}

extension DeltaTable {
    fileprivate init?(_ entry: JSONValue) {
        guard let name = entry["name"]?.string, TableShape.isName(name),
            let shape = TableShape(name: name, columns: entry["columns"]?.elements ?? []),
            let rowsBefore = entry["rows"]?["before"]?.integer, let rowsAfter = entry["rows"]?["after"]?.integer,
            let after = entry["sha256"]?["after"]?.string, let upserts = entry["upserts"]?.integer,
            let deletes = entry["deletes"]?.integer, case .bool(let isWhole) = entry["whole"]
        else { return nil }
        self.shape = shape
        self.rowsBefore = rowsBefore
        self.rowsAfter = rowsAfter
        before = entry["sha256"]?["before"]?.string
        self.after = after
        self.upserts = upserts
        self.deletes = deletes
        self.isWhole = isWhole
        file = entry["file"]?.string
    }
}

extension Delta {
    /// Whether tables with these hashes are what it is applied to, or already what must come out.
    /// - Parameter hashes: by table, provenance among them; a table that is not there has none.
    /// - Throws: when they are neither.
    func outcome(of hashes: [String: String], at place: Place) throws(IngestError) -> DeltaOutcome {
        let saysWhatHeadSays =
            tables.allSatisfy { hashes[$0.shape.name] == $0.after } && dropped.allSatisfy { hashes[$0.name] == nil }
        let changesFacts = tables.contains(where: \.isChanged) || !dropped.isEmpty
        if saysWhatHeadSays, changesFacts || provenance.map({ hashes[provenanceTable] == $0.sha256 }) ?? true {
            return .alreadyThere
        }
        let expected = tables.map { (name: $0.shape.name, sha256: $0.before) } + dropped.map { ($0.name, $0.sha256) }
        let other = expected.filter { hashes[$0.name] != $0.sha256 }.map(\.name)
        guard other.isEmpty else {
            throw IngestError(
                .badData, "delta_base", at: place,
                "the delta is for \(base.name) (\(base.contentHash.prefix(19))…), and this is another dataset: "
                    + "\(other.joined(separator: ", ")) \(other.count == 1 ? "differs" : "differ")",
                hint: "Apply the delta of the revision that you have, or take the whole of \(head.name). "
                    + "Nothing was changed.")
        }
        return .applied
    }

    /// A table's CSV in HEAD, proven by its hash.
    /// - Throws: when the delta does not give what it promises, which only a wrong program can have made.
    func head(of table: DeltaTable, from base: [UInt8]) throws(IngestError) -> [UInt8] {
        do throws(DeltaProblem) {
            let changes = changes[table.shape.name] ?? TableChanges()
            let head = try changes.applied(to: base, table.shape, isWhole: table.isWhole)
            guard Digest.hex(head) == table.after else {
                throw DeltaProblem("delta_result", "what comes out is not \(self.head.name)")
            }
            return head
        } catch {
            throw error.error(
                at: Place("\(table.shape.name).ndjson"),
                hint: "Take the whole of \(self.head.name). Nothing was changed.")
        }
    }
}
