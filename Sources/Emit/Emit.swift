import Digest
public import Foundation
public import Model
import Parallel
public import Schemas

/// A dataset written to a folder, all but the files that name its revision.
public struct Emitted: Sendable {
    let dataset: Dataset
    let schemas: Schemas
    public let files: [EmittedFile]

    /// What the tables say, independent of where it was read.
    public var contentHash: String { Emit.contentHash(files) }

    /// `datapackage.json`, `manifest.json` and its seal as revision `revision` has them, with `further` files of its
    /// folder.
    /// - Parameter sequence: the revision's place in the store's order of publication.
    public func revisionFiles(
        _ revision: Int, sequence: Int, further: [EmittedFile] = []
    ) -> [(path: String, bytes: [UInt8])] {
        let package = dataPackage(dataset, revision: revision, files: files, schemas: schemas)
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
    let results = inParallel(Part.allCases) { write($0, of: dataset, to: folder, schemas: schemas) }
    var files: [EmittedFile] = []
    for result in results { files += try result.get() }
    return Emitted(dataset: dataset, schemas: schemas, files: files.sorted { $0.path < $1.path })
}

/// What is written side by side: the parts share nothing but the dataset they read.
private enum Part: CaseIterable {
    case database, documents, tables, payments
}

private func write(
    _ part: Part, of dataset: Dataset, to folder: URL, schemas: Schemas
) -> Result<[EmittedFile], IngestError> {
    do throws(IngestError) {
        switch part {
        case .database: return .success([try writeDatabase(dataset, to: folder, schemas: schemas)])
        case .documents: return .success([try writeDocuments(dataset, to: folder)])
        case .tables:
            var files: [EmittedFile] = []
            for table in DatasetTable.all(of: dataset, schemas: schemas) { files.append(try write(table, to: folder)) }
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

private func writeDocuments(_ dataset: Dataset, to folder: URL) throws(IngestError) -> EmittedFile {
    let codes = dataset.canonical.codes
    var file = try OutputFile("codes.ndjson", in: folder)
    for index in codes.indices {
        try file.append { $0.append(contentsOf: codes[index].document(of: dataset)) }
    }
    return try file.finish(rows: codes.count)
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
        let (sha256, bytes) = try Digest.hex(contentsOf: url)
        return EmittedFile(path: path, sha256: sha256, bytes: bytes, rows: nil)
    } catch {
        throw cannotWrite(path, error)
    }
}
