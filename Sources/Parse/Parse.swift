private import CSV
public import Model
public import Schemas

/// Reads a table in one of its forms into rows of named fields.
/// - Throws: when the header lacks a column or has one too many, when the title speaks of another release,
///   or when rows do not fit; all of a file's problems are in one error.
public func parse(
    _ bytes: consuming [UInt8], table: SourceTable, form: SourceForm, path: String, release: Release, schemas: Schemas
) throws(IngestError) -> RawTable {
    let text = try SourceText(bytes, path: path)
    guard !schemas.layout(table, year: release.year).fields.isEmpty else {
        throw IngestError(
            .badData, "layout_unknown", at: Place(path, line: 1),
            "the layout of \(table.name) in \(release.year) is not known",
            hint: "Add it to Schemas/layouts/\(table.layout).csv.")
    }
    switch form {
    case .csv where table == .hcpcs:
        throw IngestError(
            .badData, "layout_unknown", at: Place(path, line: 1),
            "HCPCS is read from CMS's 320-byte text file or from its workbook; this is neither",
            hint: "Use the .txt or .xlsx member of CMS's HCPCS archive: a CSV has lost zeros and dates on the way.")
    case .csv:
        // Text and fields are changed where they lie: for a second owner they would be copied first.
        let csv: CSVRows
        let count = text.count
        do { csv = try tokeniseCSV((consume text).whole, upTo: count) } catch {
            throw IngestError(.badData, "csv_syntax", at: Place(path, line: error.line), error.message)
        }
        var reader = CSVReader(
            csv: consume csv, form: .csv, path: path, isUTF8: false, table: table, release: release, schemas: schemas)
        return try reader.read()
    case .xlsx:
        throw IngestError(.badData, "layout_unknown", at: Place(path), "a workbook is read from its parts")
    case .txt: return try TextReader(text: text, table: table, release: release, schemas: schemas).read()
    }
}

/// Reads a table from the rows of a worksheet; as ``parse(_:table:form:path:release:schemas:)`` otherwise.
/// - Throws: as that does.
public func parse(
    _ workbook: consuming Workbook, table: SourceTable, path: String, release: Release, schemas: Schemas
) throws(IngestError) -> RawTable {
    var reader = CSVReader(
        csv: (consume workbook).rows, form: .xlsx, path: path, isUTF8: true, table: table, release: release,
        schemas: schemas)
    return try reader.read()
}

/// Titles name the year (and PPRRVU's the month) of their release.
/// - Throws: when `title` belongs to another release than the one asked for.
func checkTitle(
    _ title: String, line: Int, path: String, table: SourceTable, release: Release
) throws(IngestError) {
    func belongsElsewhere(_ found: String, _ expected: String) -> IngestError {
        IngestError(
            .badData, "wrong_release", at: Place(path, line: line),
            "its title says \(found), but \(release.label) is of \(expected)",
            hint: "Give the file to the release it belongs to, or \(release.label) its own file.")
    }
    let words = title.split { !$0.isLetter && !$0.isNumber }
    guard
        let year = words.lazy.compactMap({ $0.utf8.count == 4 ? Int($0) : nil }).first(where: {
            (1990...2100).contains($0)
        })
    else { return }
    guard year == release.year else { throw belongsElsewhere("\(year)", "\(release.year)") }
    if table == .pprrvu || table == .pprrvuQPP {
        let months = ["JANUARY", "APRIL", "JULY", "OCTOBER"]
        if let month = words.map({ $0.uppercased() }).first(where: months.contains),
            month != release.titleMonth.uppercased()
        {
            throw belongsElsewhere("\(month.capitalised) \(year)", "\(release.titleMonth) \(release.year)")
        }
    }
}

extension String {
    /// First letter as it is, the rest in lower case.
    fileprivate var capitalised: String { prefix(1) + dropFirst().lowercased() }
}
