import Digest
public import Foundation
public import Model
public import Schemas

/// A dataset written to a folder, all but the two files that name its revision.
public struct Emitted: Sendable {
    let dataset: Dataset
    let schemas: Schemas
    public let files: [EmittedFile]

    /// What the tables say, independent of where it was read.
    public var contentHash: String { Emit.contentHash(files) }

    /// `datapackage.json` and `manifest.json` as revision `revision` has them.
    public func revisionFiles(_ revision: Int) -> [(path: String, bytes: [UInt8])] {
        let package = dataPackage(dataset, revision: revision, files: files, schemas: schemas)
        let packageFile = EmittedFile(
            path: "datapackage.json", sha256: Digest.hex(package), bytes: package.count, rows: nil)
        let all = (files + [packageFile]).sorted { $0.path < $1.path }
        return [
            (packageFile.path, package),
            ("manifest.json", manifest(dataset, revision: revision, files: all)),
        ]
    }
}

/// Writes the dataset's files into `folder`. The same dataset gives the same bytes on any machine.
/// - Throws: when a file cannot be written.
public func emit(_ dataset: Dataset, to folder: URL, schemas: Schemas) throws(IngestError) -> Emitted {
    var files: [EmittedFile] = []
    var documents = try OutputFile("codes.ndjson", in: folder)
    for entry in dataset.canonical.codes {
        try documents.append { $0.append(contentsOf: entry.document(tier: dataset.tier)) }
    }
    files.append(try documents.finish(rows: dataset.canonical.codes.count))
    for table in DatasetTable.all(of: dataset) { files.append(try write(table, to: folder)) }
    files.append(try writeDatabase(dataset, to: folder, schemas: schemas))
    return Emitted(dataset: dataset, schemas: schemas, files: files.sorted { $0.path < $1.path })
}

private func write(_ table: DatasetTable, to folder: URL) throws(IngestError) -> EmittedFile {
    var file = try OutputFile("tables/\(table.name).csv", in: folder)
    var rows = 0
    try file.append { appendCSV(table.columns.map { .text($0) }, to: &$0) }
    do {
        try table.forEachRow { cells in
            try file.append { appendCSV(cells, to: &$0) }
            rows += 1
        }
    } catch let error as IngestError {
        throw error
    } catch {
        throw cannotWrite(table.name, error)
    }
    return try file.finish(rows: rows)
}

private func writeDatabase(_ dataset: Dataset, to folder: URL, schemas: Schemas) throws(IngestError) -> EmittedFile {
    let path = "dataset.sqlite"
    let url = folder.appendingPathComponent(path)
    do {
        try DatabaseWriter(dataset: dataset, schemas: schemas).write(to: url)
        let bytes = [UInt8](try Data(contentsOf: url, options: .mappedIfSafe))
        return EmittedFile(path: path, sha256: Digest.hex(bytes), bytes: bytes.count, rows: nil)
    } catch {
        throw cannotWrite(path, error)
    }
}
