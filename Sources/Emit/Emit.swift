import Digest
public import Foundation
import JSON
public import Model
import Parallel
public import Schemas

/// A dataset written to a folder, all but the files that name its revision.
public struct Emitted: Sendable {
    let dataset: Dataset
    let dictionary: DataDictionary
    public let files: [EmittedFile]

    /// What the tables say, independent of where it was read.
    public var contentHash: String { Emit.contentHash(files) }

    /// `datapackage.json`, `manifest.json` and its seal as revision `revision` has them, with `further` files of its
    /// folder.
    /// - Parameter sequence: the revision's place in the store's order of publication.
    public func revisionFiles(
        _ revision: Int, sequence: Int, further: [EmittedFile] = []
    ) -> [(path: String, bytes: [UInt8])] {
        let package = dataPackage(dataset, revision: revision, files: files, dictionary: dictionary)
        let packageFile = EmittedFile(
            path: "datapackage.json", sha256: Digest.hex(package), bytes: package.count, rows: nil)
        let all = (files + [packageFile] + further).sorted { $0.path < $1.path }
        let manifest = manifest(dataset, revision: revision, sequence: sequence, files: all)
        return [
            (packageFile.path, package),
            ("manifest.json", manifest),
            ("manifest.json.sha256", Digest.seal(of: manifest, name: "manifest.json")),
        ]
    }
}

/// Writes the dataset's files into `folder`. The same dataset gives the same bytes on any machine.
/// - Throws: when a file cannot be written.
public func emit(_ dataset: Dataset, to folder: URL, schemas: Schemas) throws(IngestError) -> Emitted {
    do {
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("tables"), withIntermediateDirectories: true)
    } catch {
        throw cannotWrite(folder.lastPathComponent, error)
    }
    let tables = renderTables(dataset, schemas: schemas)
    let dictionary = schemas.dictionary(dataset.tier)
    let results = inParallel(Part.allCases) {
        write($0, of: dataset, tables, to: folder, schemas: schemas, dictionary)
    }
    var files: [EmittedFile] = []
    for result in results { files += try result.get() }
    return Emitted(dataset: dataset, dictionary: dictionary, files: files.sorted { $0.path < $1.path })
}

/// What is written side by side: the parts share nothing but the dataset and the rendered tables they read.
private enum Part: CaseIterable {
    case database, documents, tables, payments
}

private func write(
    _ part: Part, of dataset: Dataset, _ tables: [RenderedTable], to folder: URL, schemas: Schemas,
    _ dictionary: DataDictionary
) -> Result<[EmittedFile], IngestError> {
    do throws(IngestError) {
        switch part {
        case .database: return .success([try writeDatabase(dataset, tables, to: folder, dictionary)])
        case .documents: return .success([try writeDocuments(dataset, tables, to: folder)])
        case .tables:
            var files: [EmittedFile] = []
            for table in tables { files.append(try write(table, to: folder)) }
            let certificate = Certificate(dataset: dataset, schemas: schemas)
            files.append(try write(certificate.json(), to: "verification.json", in: folder))
            files.append(try write(Array(certificate.markdown().utf8), to: "verification.md", in: folder))
            return .success(files)
        case .payments:
            guard dataset.wantsPayments else { return .success([]) }
            return .success(
                [try PaymentsWriter(dataset: dataset).write(to: folder, schemas: schemas)].compactMap(\.self))
        }
    } catch {
        return .failure(error)
    }
}

private func write(_ bytes: [UInt8], to path: String, in folder: URL) throws(IngestError) -> EmittedFile {
    var file = try OutputFile(path, in: folder)
    try file.append { $0.append(contentsOf: bytes) }
    return try file.finish(rows: nil)
}

private func writeDocuments(
    _ dataset: Dataset, _ tables: [RenderedTable], to folder: URL
) throws(IngestError) -> EmittedFile {
    var file = try OutputFile("codes.ndjson", in: folder)
    let codes = dataset.canonical.codes
    guard let rows = tables.first(where: { $0.name == CodeEntry.Row.table }),
        let relativeValues = tables.first(where: { $0.name == RelativeValue.table })
    else { preconditionFailure("every table is rendered") }
    let writer = DocumentWriter(dataset)
    var first = 0
    var relativeValue = 0
    while first < codes.count {
        let piece = first..<min(first + pieceSize, codes.count)
        var json = JSONWriter(indented: false)
        rows.read { rows in
            relativeValues.read { relativeValues in
                for index in piece {
                    writer.write(
                        codes[index], row: index, of: rows, first: relativeValue, of: relativeValues, to: &json)
                    relativeValue += codes[index].relativeValues.count
                }
            }
        }
        try file.append { $0.append(contentsOf: json.bytes) }
        first = piece.upperBound
    }
    return try file.finish(rows: codes.count)
}

/// How many rows or documents go into a file's buffer at once.
private let pieceSize = 256

private func write(_ table: RenderedTable, to folder: URL) throws(IngestError) -> EmittedFile {
    var file = try OutputFile("tables/\(table.name).csv", in: folder)
    try file.append { $0.append(contentsOf: (table.columns.joined(separator: ",") + "\n").utf8) }
    var first = 0
    while first < table.rowCount {
        let piece = first..<min(first + pieceSize, table.rowCount)
        try file.append { bytes in table.read { cells in for row in piece { cells.appendCSV(row: row, to: &bytes) } } }
        first = piece.upperBound
    }
    return try file.finish(rows: table.rowCount)
}

/// Waits until the disk has a file.
private func synchronise(_ file: URL) throws {
    let handle = try FileHandle(forUpdating: file)
    try handle.synchronize()
    try handle.close()
}

private func writeDatabase(
    _ dataset: Dataset, _ tables: [RenderedTable], to folder: URL, _ dictionary: DataDictionary
) throws(IngestError) -> EmittedFile {
    let path = "dataset.sqlite"
    let url = folder.appendingPathComponent(path)
    do {
        try DatabaseWriter(dataset: dataset, tables: tables, dictionary: dictionary).write(to: url)
        // The disk is waited for while the hash is worked out.
        let (hashed, synchronised) = sideBySide {
            Result { try Digest.hex(contentsOf: url) }
        } and: {
            Result { try synchronise(url) }
        }
        try synchronised.get()
        let (sha256, bytes) = try hashed.get()
        return EmittedFile(path: path, sha256: sha256, bytes: bytes, rows: nil)
    } catch {
        throw cannotWrite(path, error)
    }
}
