import CSV
import Delta
public import Diff
import Digest
import Emit
import FeeSchedule
import Foundation
import JSON
public import Model
import Parallel
public import Schemas
public import Store

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
/// effect last before it; `nil` for the first of a store. Nothing is compared with what was withdrawn: its readers were
/// told to leave it.
/// - Throws: when a manifest of the store cannot be read.
public func baseRevision(
    ofLabel label: String, number: Int, effectiveFrom: CalendarDate, in store: Store
) throws(IngestError) -> Revision? {
    if let replaced = try store.standingRevisions(of: label).last(where: { $0.number < number }) { return replaced }
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
    return try comparison(base: base, head: head.folder, manifest: newer, in: store, schemas: schemas).difference
}

/// What changed, for people and gates, and what turns one revision into the other, for apps.
struct Comparison {
    let difference: Difference
    /// The files of the folder `delta`, as they were written; none without a base, or where none was asked for.
    let delta: [EmittedFile]
}

/// Compares a published revision with a folder that may not be published yet.
/// - Parameter finish: writes the delta, while another core compares; `nil` where none is wanted.
func comparison(
    base: Revision?, head: URL, manifest: JSONValue,
    finish: (@Sendable ([DeltaFile]) -> Result<[EmittedFile], IngestError>)? = nil, in store: Store, schemas: Schemas
) throws(IngestError) -> Comparison {
    let newer = PublishedSide(folder: head, manifest: manifest)
    let older = try base.map { base throws(IngestError) in
        PublishedSide(folder: base.folder, manifest: try store.manifest(of: base))
    }
    let compared = schemas.tables.map(\.name).filter { name in
        // Without a base nothing is compared, and only the overlays are looked at.
        older == nil
            ? name == EditorialRow.table : schemas.changeCategories.contains { $0.table == name }
    }
    let (newerTables, olderTables) = try read(compared, of: newer, and: older)
    let (snapshot, baseSnapshot) = sideBySide {
        newer.snapshot(of: newerTables, schemas: schemas)
    } and: {
        older?.snapshot(of: olderTables, schemas: schemas)
    }
    let (difference, files) = sideBySide {
        compare(
            base: baseSnapshot, head: snapshot, schemas: schemas,
            earlier: { codes in baseSnapshot.map { known(codes, before: $0, in: store) } ?? [] })
    } and: { () -> Result<[EmittedFile], IngestError> in
        guard let finish, let older else { return .success([]) }
        return delta(from: older, to: newer, olderTables, newerTables, schemas: schemas).flatMap(finish)
    }
    return Comparison(difference: difference, delta: try files.get())
}

/// A revision that is compared.
struct PublishedSide: Sendable {
    let folder: URL
    let manifest: JSONValue

    /// A table's hash by the manifest; `nil` where there is no such table, as in a revision of an older schema.
    func sha256(_ table: String) -> String? { entry(table).map { $0["sha256"]?.string ?? "" } }

    func size(_ table: String) -> Int { entry(table)?["bytes"]?.integer ?? 0 }

    private func entry(_ table: String) -> JSONValue? {
        let path = path(table)
        return manifest["files"]?.elements.first { $0["path"]?.string == path }
    }

    func path(_ table: String) -> String { "tables/\(table).csv" }

    /// A difference of a damaged table would be a wrong one, so every table must be what its manifest says.
    func file(_ table: String, sha256: String) throws(IngestError) -> MappedFile {
        guard let file = MappedFile(path: folder.appendingPathComponent(path(table)).path) else {
            throw damaged(table, "the table cannot be read")
        }
        var digest = Digest()
        digest.update(UnsafeRawBufferPointer(file.bytes))
        guard digest.hex() == sha256 else { throw damaged(table, "this table is no longer what was published") }
        return file
    }

    func rows(_ table: String, _ file: MappedFile) throws(IngestError) -> CanonicalCSV {
        do { return try CanonicalCSV(file) } catch {
            throw damaged(table, "row \(error.line) cannot be read: \(error.message)")
        }
    }

    private func damaged(_ table: String, _ what: String) -> IngestError {
        IngestError(
            .badData, "table_unreadable", at: Place(folder.appendingPathComponent(path(table)).relativePath), what,
            hint: "Restore the revision's folder from a copy; ingest validate \(folder.relativePath) says more.")
    }

    func snapshot(of tables: [String: CanonicalCSV], schemas: Schemas) -> Snapshot {
        Snapshot(manifest: manifest, tables: tables, overlayPlaces: overlayPlaces(in: folder), schemas: schemas)
    }
}

/// Tables of both sides, the largest first, so that no core waits for another at the end. A table that says the same on
/// both is looked through once.
private func read(
    _ tables: [String], of newer: PublishedSide, and older: PublishedSide?
) throws(IngestError) -> (newer: [String: CanonicalCSV], older: [String: CanonicalCSV]) {
    let sides = [newer, older].compactMap(\.self)
    var wanted: [WantedTable] = []
    for (index, side) in sides.enumerated() {
        for table in tables {
            guard let sha256 = side.sha256(table) else { continue }
            let isKnown = index > 0 && newer.sha256(table) == sha256
            wanted.append(
                WantedTable(
                    side: index, name: table, sha256: sha256, bytes: side.size(table), isKnown: isKnown))
        }
    }
    let results = inParallel(wanted, largestFirst: \.bytes) { table -> Result<CanonicalCSV?, IngestError> in
        do throws(IngestError) {
            let file = try sides[table.side].file(table.name, sha256: table.sha256)
            return .success(table.isKnown ? nil : try sides[table.side].rows(table.name, file))
        } catch {
            return .failure(error)
        }
    }
    var found: [[String: CanonicalCSV]] = [[:], [:]]
    for (table, result) in zip(wanted, results) { found[table.side][table.name] = try result.get() }
    for table in wanted where table.isKnown { found[table.side][table.name] = found[0][table.name] }
    return (found[0], found[1])
}

private struct WantedTable: Sendable {
    let side: Int
    let name: String
    let sha256: String
    let bytes: Int
    /// Whether the other side's table is the same: then the file has only to be what its manifest says.
    let isKnown: Bool
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
private func known(_ codes: [String], before base: Snapshot, in store: Store) -> [String] {
    guard !codes.isEmpty, let day = base.effectiveFrom else { return [] }
    let earlier = ((try? store.newestRevisions()) ?? []).filter { revision in
        guard revision.label != base.label, let from = (try? store.effectiveFrom(of: revision)) ?? nil else {
            return false
        }
        return from < day
    }
    let documents = earlier.compactMap { try? DocumentFile(in: $0.folder) }
    return codes.filter { code in documents.contains { $0.bytes(of: code) != nil } }
}
