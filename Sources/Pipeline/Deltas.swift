import CSV
public import Delta
import Emit
import Foundation
import JSON
public import Model
import Parallel
public import Schemas
public import Store

/// The files of a delta between two published revisions of a store.
/// - Throws: when one of them cannot be read or is no longer what was published.
public func delta(
    from base: Revision, to head: Revision, in store: Store, schemas: Schemas
) throws(IngestError) -> [DeltaFile] {
    let older = PublishedSide(folder: base.folder, manifest: try store.manifest(of: base))
    let newer = PublishedSide(folder: head.folder, manifest: try store.manifest(of: head))
    return try delta(from: older, to: newer, [:], [:], schemas: schemas).get()
}

/// The files of a delta.
/// - Parameter olderTables, newerTables: the tables that were read already; the others are read here.
func delta(
    from older: PublishedSide, to newer: PublishedSide, _ olderTables: [String: CanonicalCSV],
    _ newerTables: [String: CanonicalCSV], schemas: Schemas
) -> Result<[DeltaFile], IngestError> {
    do throws(IngestError) {
        guard let base = DeltaSide(older.manifest), let head = DeltaSide(newer.manifest) else {
            throw IngestError(
                .badData, "manifest_unreadable", at: Place(older.folder.relativePath),
                "a manifest does not say what a delta must name")
        }
        var read: [ReadTable] = []
        for table in schemas.tables where !Delta.tablesLeftOut.contains(table.name) {
            guard let after = newer.sha256(table.name) else { continue }
            let before = older.sha256(table.name)
            let isWanted = before != after && table.name != ProvenanceRow.table
            var newerFile = newerTables[table.name]?.source
            if newerFile == nil { newerFile = try newer.file(table.name, sha256: after) }
            var olderFile = isWanted ? olderTables[table.name]?.source : nil
            if olderFile == nil, isWanted, let before { olderFile = try older.file(table.name, sha256: before) }
            guard let newerFile else { continue }
            read.append(
                ReadTable(table: table.shape, older: olderFile, newer: newerFile, before: before, after: after))
        }
        // Provenance takes longest, and so goes first.
        let (facts, sources) = (
            read.filter { $0.table.name != ProvenanceRow.table }, read.filter { $0.table.name == ProvenanceRow.table }
        )
        let parts = inParallel(sources + facts) { table in
            table.table.name == ProvenanceRow.table
                ? DeltaPart.provenance(table.provenance(of: facts), sha256: table.after)
                : DeltaPart.table(table.delta, before: table.before, after: table.after)
        }
        var tables: [(delta: TableDelta, before: String?, after: String)] = []
        var provenance: (lines: ProvenanceDelta, sha256: String)?
        for part in parts {
            switch part {
            case .table(let delta, let before, let after): tables.append((delta, before, after))
            case .provenance(let lines, let sha256): provenance = (lines, sha256)
            }
        }
        let dropped = older.tables.filter { table in
            newer.sha256(table.name) == nil && table.name != ProvenanceRow.table
                && !Delta.tablesLeftOut.contains(table.name)
        }
        let leftOut = Delta.tablesLeftOut.sorted().compactMap { name in
            let (before, after) = (older.sha256(name), newer.sha256(name))
            return before == nil && after == nil ? nil : (name: name, before: before, after: after)
        }
        return .success(
            deltaFiles(
                from: base, to: head, tables: tables, dropped: dropped, leftOut: leftOut, provenance: provenance,
                license: newer.manifest["license"]?.string ?? ""))
    } catch {
        return .failure(error)
    }
}

/// A table of both sides as their files have it.
private struct ReadTable: Sendable {
    let table: TableShape
    let older: MappedFile?
    let newer: MappedFile
    let before: String?
    let after: String

    var delta: TableDelta {
        // A table that says the same on both sides is not looked through, and has as many rows on both.
        let base = before == after ? newer : older
        return withExtendedLifetime((base, newer)) {
            TableDelta(table, from: base?.bytes, to: newer.bytes, isSame: before == after)
        }
    }

    func provenance(of others: [ReadTable]) -> ProvenanceDelta {
        withExtendedLifetime((newer, others)) {
            ProvenanceDelta(table, newer.bytes, of: others.map { ($0.table, $0.newer.bytes) })
        }
    }
}

private enum DeltaPart: Sendable {
    case table(TableDelta, before: String?, after: String)
    case provenance(ProvenanceDelta, sha256: String)
}

extension PublishedSide {
    /// The tables that the manifest names, with their hashes.
    fileprivate var tables: [(name: String, sha256: String)] {
        (manifest["files"]?.elements ?? []).compactMap { file in
            guard let name = TableShape.name(at: file["path"]?.string ?? "") else { return nil }
            return (name, file["sha256"]?.text ?? "")
        }
    }
}
