import CSV
import Digest
import Foundation
import JSON
import Model

/// A table of the revision, read where it lies.
struct Table {
    private let csv: CanonicalCSV
    private let columns: [String: Int]

    /// Reads a table that still is what the manifest says; one that the manifest does not list has no rows.
    /// - Throws: when it is damaged.
    init(_ name: String, in folder: URL, manifest: JSONValue) throws(IngestError) {
        let path = "tables/\(name).csv"
        guard let entry = manifest["files"]?.elements.first(where: { $0["path"]?.string == path }) else {
            csv = CanonicalCSV()
            columns = [:]
            return
        }
        guard let file = MappedFile(path: folder.appendingPathComponent(path).path) else {
            throw Self.damaged(path, folder, "the table cannot be read")
        }
        var digest = Digest()
        digest.update(UnsafeRawBufferPointer(file.bytes))
        guard digest.hex() == entry["sha256"]?.string else {
            throw Self.damaged(path, folder, "the table is not the one that was published: its SHA-256 is another")
        }
        do { csv = try CanonicalCSV(file) } catch {
            throw Self.damaged(path, folder, "the table cannot be read: line \(error.line): \(error.message)")
        }
        var columns: [String: Int] = [:]
        if csv.count > 0 {
            for (index, column) in csv.strings(of: 0).enumerated() { columns[column] = index }
        }
        self.columns = columns
    }

    private static func damaged(_ path: String, _ folder: URL, _ what: String) -> IngestError {
        IngestError(
            .badData, "table_unreadable", at: Place(folder.appendingPathComponent(path).relativePath), what,
            hint: "`ingest validate \(folder.relativePath)` tells what is damaged.")
    }

    /// The rows behind the header.
    var rows: Range<Int> { 1..<max(csv.count, 1) }

    /// Where a column is; `nil` where the revision is of a shape without it.
    func index(of column: String) -> Int? { columns[column] }

    /// A cell; empty where the column is not there.
    func text(_ row: Int, _ column: String) -> String { columns[column].map { csv.text(row, $0) } ?? "" }

    func text(_ row: Int, _ column: Int) -> String { csv.text(row, column) }
}
