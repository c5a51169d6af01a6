import CSV
public import Diff
import Digest
import Dispatch
import Foundation
import JSON
public import Model
public import Schemas
public import Store
import Synchronization

/// The revision that `name` means: a label, a revision, or a revision's folder.
/// - Throws: when there is no such revision.
public func revision(_ name: String, in store: Store) throws(IngestError) -> Revision {
    let folder = URL(fileURLWithPath: name)
    let isRevision = FileManager.default.fileExists(atPath: folder.appendingPathComponent("manifest.json").path)
    guard isRevision || name.contains("/") else { return try store.revision(name) }
    guard isRevision else {
        throw IngestError(
            .unavailable, "manifest_missing", at: Place(name), "there is no manifest to read here",
            hint: "Name a label such as RVU26A, a revision such as RVU26A-r2, or a revision's folder.")
    }
    let manifest = try store.manifest(of: Revision(label: "", number: 0, folder: folder))
    return Revision(
        label: manifest["release"]?["label"]?.string ?? "", number: manifest["release"]?["revision"]?.integer ?? 0,
        folder: folder)
}

/// What a revision is compared with: the one that it replaces, else the newest revision of the release that took
/// effect last before it; `nil` for the first of a store.
/// - Throws: when a manifest of the store cannot be read.
public func baseRevision(
    ofLabel label: String, number: Int, effectiveFrom: CalendarDate, in store: Store
) throws(IngestError) -> Revision? {
    if let replaced = try store.revisions(of: label).last(where: { $0.number < number }) { return replaced }
    var newest: (from: CalendarDate, revision: Revision)?
    for revision in try store.newestRevisions() where revision.label != label {
        guard let from = try store.effectiveFrom(of: revision), from < effectiveFrom,
            newest.map({ ($0.from, $0.revision.label) < (from, revision.label) }) ?? true
        else { continue }
        newest = (from, revision)
    }
    return newest?.revision
}

/// Compares two published revisions.
/// - Throws: when one of them cannot be read.
public func difference(
    base: Revision?, head: Revision, in store: Store, schemas: Schemas
) throws(IngestError) -> Difference {
    let newer = try store.manifest(of: head)
    return try difference(base: base, head: head.folder, manifest: newer, in: store, schemas: schemas)
}

/// Compares a published revision with a folder that may not be published yet.
func difference(
    base: Revision?, head: URL, manifest: JSONValue, in store: Store, schemas: Schemas
) throws(IngestError) -> Difference {
    let older = try base.map { base throws(IngestError) in try store.manifest(of: base) }
    let results = Mutex<[Int: Result<Snapshot, IngestError>]>([:])
    DispatchQueue.concurrentPerform(iterations: base == nil ? 1 : 2) { index in
        let result =
            if index == 0 {
                readSnapshot(head, manifest: manifest, hasBase: base != nil, schemas: schemas)
            } else {
                readSnapshot(base?.folder ?? head, manifest: older ?? .null, hasBase: true, schemas: schemas)
            }
        results.withLock { $0[index] = result }
    }
    let read = results.withLock { $0 }
    guard let snapshot = try read[0]?.get() else {
        throw IngestError(.badData, "revision_unreadable", at: Place(head.path), "nothing was read")
    }
    return compare(
        base: try read[1]?.get(), head: snapshot, schemas: schemas,
        earlier: { codes in known(codes, before: base, in: store) })
}

/// Without a base nothing is compared, and only the overlays are looked at.
private func readSnapshot(
    _ folder: URL, manifest: JSONValue, hasBase: Bool, schemas: Schemas
) -> Result<Snapshot, IngestError> {
    do throws(IngestError) {
        var tables: [String: CSVRows] = [:]
        let published = manifest["files"]?.elements ?? []
        for table in schemas.tables where schemas.changeCategories.contains(where: { $0.table == table.name }) {
            let path = "tables/\(table.name).csv"
            // A revision of an older schema lacks the tables that came later.
            guard hasBase || table.name == EditorialRow.table,
                let file = published.first(where: { $0["path"]?.string == path })
            else { continue }
            tables[table.name] = try readTable(path, sha256: file["sha256"]?.string ?? "", in: folder)
        }
        return .success(
            Snapshot(
                manifest: manifest, tables: tables, overlayPlaces: overlayPlaces(in: folder), schemas: schemas))
    } catch {
        return .failure(error)
    }
}

/// A difference of a damaged table would be a wrong one, so every table must be what its manifest says.
private func readTable(_ path: String, sha256: String, in folder: URL) throws(IngestError) -> CSVRows {
    let url = folder.appendingPathComponent(path)
    func damaged(_ what: String) -> IngestError {
        IngestError(
            .badData, "table_unreadable", at: Place(url.relativePath), what,
            hint: "Restore the revision's folder from a copy; ingest validate \(folder.relativePath) says more.")
    }
    guard let data = try? Data(contentsOf: url) else { throw damaged("the table cannot be read") }
    let bytes = [UInt8](data)
    guard Digest.hex(bytes) == sha256 else { throw damaged("this table is no longer what was published") }
    let rows: CSVRows
    do { rows = try tokeniseCSV(bytes) } catch { throw damaged("the table is no CSV from line \(error.line) on") }
    let width = rows.count > 0 ? rows.fields(of: 0).count : 0
    guard (0..<rows.count).allSatisfy({ rows.fields(of: $0).count == width }) else {
        throw damaged("its rows have not all the same number of columns")
    }
    return rows
}

/// Where each overlay lies: the rows that provenance has of the table `editorial`, which stand last.
private func overlayPlaces(in folder: URL) -> [String: Place] {
    let url = folder.appendingPathComponent("tables/provenance.csv")
    guard let data = try? Data(contentsOf: url, options: .alwaysMapped) else { return [:] }
    var lines: [UInt8] = []
    data.withUnsafeBytes { bytes in
        var end = bytes.count
        while end > 0 {
            var start = end - 1
            while start > 0, bytes[start - 1] != 0x0A { start -= 1 }
            let line = bytes[start..<end]
            guard line.starts(with: "editorial,".utf8) else { break }
            lines.append(contentsOf: line)
            end = start
        }
    }
    guard let rows = try? tokeniseCSV(lines) else { return [:] }
    var places: [String: Place] = [:]
    for row in 0..<rows.count {
        // table, code, modifier, mac, locality, file, line, and what later shapes have behind them
        let cells = rows.strings(of: row)
        if cells.count >= 7 { places[cells[1]] = Place(cells[5], line: Int(cells[6])) }
    }
    return places
}

/// Those of some codes that a release of the store had before `base` took effect.
private func known(_ codes: [String], before base: Revision?, in store: Store) -> [String] {
    guard !codes.isEmpty, let base, let day = (try? store.effectiveFrom(of: base)) ?? nil else { return [] }
    let earlier = ((try? store.newestRevisions()) ?? []).filter { revision in
        guard revision.label != base.label, let from = (try? store.effectiveFrom(of: revision)) ?? nil else {
            return false
        }
        return from < day
    }
    return codes.filter { code in
        earlier.contains { ((try? store.document(of: code, in: $0)) ?? nil) != nil }
    }
}
