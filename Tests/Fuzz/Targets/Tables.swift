import Model
import Parse
import Schemas

/// A file of CMS's behind two characters that choose the table and the release it is read as, both counted from `0`
/// and round again, so that any two bytes choose something.
struct TableInput {
    /// One of each year whose layouts differ.
    static let releases: [Release] = ["RVU19A", "RVU20A", "RVU23A", "RVU25A", "RVU25D", "RVU26A", "RVU27A"].map {
        do throws(IngestError) { return try FuzzTarget.schemas.catalogue.entry($0).release } catch {
            fatalError("\($0) is no release")
        }
    }

    let table: SourceTable
    let release: Release
    let contents: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        func choice(_ index: Int, of count: Int) -> Int {
            index < bytes.count ? (Int(bytes[index]) + 256 - 0x30) % 256 % count : 0
        }
        let tables = SourceTable.allCases
        table = tables[choice(0, of: tables.count)]
        release = Self.releases[choice(1, of: Self.releases.count)]
        contents = bytes.dropFirst(2)
    }

    /// The table is read or refused, and so it is when a user names the file and its content has to tell what it is.
    func check(_ form: SourceForm) throws(BrokenPromise) {
        let bytes = Array(contents)
        let document = SourceDocument(path: "FILE", size: bytes.count, isNamedByUser: true) {
            () throws(IngestError) in bytes
        }
        do throws(IngestError) { _ = try recognise(bytes, of: document, schemas: FuzzTarget.schemas) } catch {
            try promiseRefusal(error)
        }
        let raw: RawTable
        do throws(IngestError) {
            raw = try parse(
                bytes, table: table, form: form, path: "FILE", release: release, schemas: FuzzTarget.schemas)
        } catch {
            return try promiseRefusal(error)
        }
        try promiseTable(raw, lines: bytes.count { $0 == 0x0A })
        if form == .txt { try promiseSlices(raw, of: bytes) }
    }
}

/// A table has a value for each column of each row, in order and as UTF-8, and rows on lines that there are.
func promiseTable(_ raw: RawTable, lines: Int) throws(BrokenPromise) {
    try promise(raw.rowCount > 0 && !raw.columns.isEmpty, "a table without rows or columns")
    try promise(raw.lines.allSatisfy { (1...max(lines, 1)).contains(Int($0)) }, "a row on a line that is none")
    for row in 0..<raw.rowCount {
        for column in raw.columns.indices {
            try promise(
                raw.fields[row, column].upperBound <= raw.fields.bytes.count,
                "a field that is not in the table's bytes, at \(raw.place(row: row, column: column))")
            let field = raw[row, column]
            try promise(
                String(validating: field, as: UTF8.self) != nil, "not UTF-8 at \(raw.place(row: row, column: column))")
            try promise(!field.contains { $0 < 0x20 }, "a control character at \(raw.place(row: row, column: column))")
        }
    }
}
