import Model
import Parse
import Schemas
import Unpack

/// Reads the first sheet of a workbook that holds a table; `nil`, with the reason in `input`, for a workbook that is
/// not given as one.
func readWorkbook(
    _ bytes: [UInt8], _ document: SourceDocument, entry: ReleaseCatalogue.Entry, schemas: Schemas,
    _ input: inout Input
) throws(IngestError) -> RawTable? {
    let byName = tableByName(document.name, schemas: schemas)
    let isGivenAsTable = document.isNamedByUser || byName != nil
    if !isGivenAsTable, let other = otherDocument(named: document.name, schemas: schemas) {
        input.remark = other
        return nil
    }
    let parts: Archive
    do throws(IngestError) { parts = try Archive(bytes, name: document.path) } catch {
        if isGivenAsTable { throw error }
        input.remark = "a workbook that cannot be opened"
        return nil
    }
    var strings = Workbook()
    if let part = parts.documents.first(where: { $0.path.hasSuffix("/xl/sharedStrings.xml") }) {
        strings.readStrings(try part.load())
    }
    let sheets = parts.documents.filter { $0.path.contains("/xl/worksheets/sheet") && $0.fileExtension == "xml" }
    for sheet in sheets.sorted(by: { ($0.path.utf8.count, $0.path) < ($1.path.utf8.count, $1.path) }) {
        var workbook = strings
        workbook.reserve(bytes: sheet.size)
        try parts.stream(sheet) { workbook.readSheet($0) }
        guard workbook.isWhole, !workbook.isTooLarge else {
            if !isGivenAsTable { break }
            throw IngestError(
                .badData, "workbook_damaged", at: Place(sheet.path),
                workbook.isTooLarge ? "the sheet is larger than any of CMS's" : "the sheet has no end: it is cut",
                hint: "Use CMS's own file, or the TXT or CSV of the same table.")
        }
        if byName == nil, let other = otherDocument(workbook, schemas: schemas) {
            input.remark = other
            return nil
        }
        guard let table = try recognise(workbook, of: document, schemas: schemas) else { continue }
        try checkName(document, release: entry.release, table: table)
        // Given away: with two owners, the first blank that is trimmed would copy where all fields lie.
        return try parse(consume workbook, table: table, path: document.path, release: entry.release, schemas: schemas)
    }
    guard isGivenAsTable, byName != .hcpcsCorrections else {
        input.remark =
            isGivenAsTable
            ? "no sheet of it has a header row with a code and an action" : "a workbook that is not named like a table"
        return nil
    }
    throw IngestError(
        .badData, "not_recognised", at: Place(document.path, line: 1),
        "no sheet of this workbook has the header row of a table of CMS's",
        hint: "A spreadsheet may have rewritten it. Use CMS's own file, or the TXT or CSV of the same table.")
}
