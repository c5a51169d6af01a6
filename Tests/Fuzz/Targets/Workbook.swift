import CSV
import Model
import Parse

/// The parts of a workbook, a zero byte between the shared strings and the sheet, behind the two characters of a table:
/// the same rows come of it however the sheet is cut into pieces, and a table is read from them or refused.
func checkWorkbook(_ bytes: [UInt8]) throws(BrokenPromise) {
    let input = TableInput(bytes)
    let parts = input.contents.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
    let sheet = parts.count > 1 ? parts[1] : []
    let strings = parts[0]
    func read(pieces size: Int) -> Workbook {
        var workbook = Workbook()
        workbook.readStrings(strings)
        for start in stride(from: 0, to: sheet.count, by: size) {
            workbook.readSheet(Array(sheet[start..<min(start + size, sheet.count)]))
        }
        return workbook
    }
    let whole = read(pieces: max(sheet.count, 1))
    let inPieces = read(pieces: 1 + sheet.count / 3)
    try promise(rows(whole) == rows(inPieces), "other rows when it comes in pieces")
    try promise(
        whole.isWhole == inPieces.isWhole && whole.isTooLarge == inPieces.isTooLarge,
        "another verdict when it comes in pieces")

    let schemas = FuzzTarget.schemas
    let document = SourceDocument(path: "FILE.xlsx", size: sheet.count, isNamedByUser: true) {
        () throws(IngestError) in sheet
    }
    do throws(IngestError) { _ = try recognise(whole, of: document, schemas: schemas) } catch {
        try promiseRefusal(error)
    }
    let raw: RawTable
    do throws(IngestError) {
        raw = try parse(whole, table: input.table, path: "FILE.xlsx", release: input.release, schemas: schemas)
    } catch {
        return try promiseRefusal(error)
    }
    try promiseTable(raw, lines: 1 << 20)
}

private func rows(_ workbook: Workbook) -> [[ArraySlice<UInt8>]] {
    let rows = workbook.rows
    return (0..<rows.count).map { row in rows.fields(of: row).map { rows[field: $0] } }
}
