import Model
import Parse
import Schemas
import TestSupport

/// Reads one file of a release.
func read(
    _ text: String, _ table: SourceTable, _ form: SourceForm = .csv, release label: String = "RVU19A",
    path: String = "FILE.csv"
) throws(IngestError) -> RawTable {
    try read(Array(text.utf8), table, form, release: label, path: path)
}

func read(
    _ bytes: [UInt8], _ table: SourceTable, _ form: SourceForm = .csv, release label: String = "RVU19A",
    path: String = "FILE.csv"
) throws(IngestError) -> RawTable {
    try parse(
        bytes, table: table, form: form, path: path, release: try schemas.catalogue.entry(label).release,
        schemas: schemas)
}

extension RawTable {
    /// A field as text.
    func text(_ row: Int, _ name: String) -> String? {
        column(name).map { String(decoding: self[row, $0], as: UTF8.self) }
    }

    /// Every row as texts by column name.
    var dictionaries: [[String: String]] {
        (0..<rowCount).map { row in
            Dictionary(columns.map { ($0.name, text(row, $0.name) ?? "") }) { first, _ in first }
        }
    }
}

extension [UInt8] {
    /// The bytes with the first `text` replaced.
    func replacing(_ text: String, with bytes: [UInt8]) -> [UInt8] {
        guard let range = firstRange(of: Array(text.utf8)) else { return self }
        return self[..<range.lowerBound] + bytes + self[range.upperBound...]
    }
}
