import Digest
public import GRDB
import GRDBSQLite
import Model

/// A hash of what the tables of an open `dataset.sqlite` say: equal to `content_hash` of the manifest of the revision that it
/// is, as long as nothing in it was changed.
///
/// Every table but provenance and the search index is written as its CSV file was, by its declared types. `payments.csv` is in
/// no database: of a revision that has it, the database has another hash.
/// - Parameter tables: the tables to look at; all of the file where none are named.
/// - Throws: when the database cannot be read.
public func contentHash(of database: Database, tables: [String]? = nil) throws -> String {
    let names = try tables ?? datasetTables(database)
    let hashes = try names.map { name in
        (name: name, sha256: Digest.hex(try csv(of: name, columns: declaredColumns(of: name, database), in: database)))
    }
    return contentHash(ofTables: hashes)
}

/// The tables of the file, without those of SQLite and of the search index.
func datasetTables(_ database: Database) throws -> [String] {
    try String.fetchAll(
        database,
        sql: """
            SELECT name FROM sqlite_schema
            WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name <> 'search' AND name NOT GLOB 'search_*'
            ORDER BY name
            """)
}

/// The columns that a table was declared with; none for a table that is not there.
func declaredColumns(of table: String, _ database: Database) throws -> [TableShape.Column] {
    try Row.fetchAll(database, sql: "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)", arguments: [table])
        .map { row in
            TableShape.Column(
                name: row["name"], sqlType: row["type"], isRequired: row["notnull"] == 1, isKey: row["pk"] > 0)
        }
}

/// A table as its CSV file has it, in the order in which its rows were written.
func csv(of table: String, columns: [TableShape.Column], in database: Database) throws -> [UInt8] {
    let names = columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
    let statement = try database.makeStatement(sql: "SELECT \(names) FROM \"\(table)\" ORDER BY rowid")
    let handle = statement.sqliteStatement
    var csv = Array((columns.map(\.name).joined(separator: ",") + "\n").utf8)
    var result = sqlite3_step(handle)
    while result == SQLITE_ROW {
        for (index, column) in columns.enumerated() {
            if index > 0 { csv.append(UInt8(ascii: ",")) }
            csv.appendCell(handle, Int32(index), column, in: table)
        }
        csv.append(0x0A)
        result = sqlite3_step(handle)
    }
    sqlite3_reset(handle)
    guard result == SQLITE_DONE else { throw failure(database) }
    return csv
}

/// What SQLite says went wrong.
func failure(_ database: Database) -> DatabaseError {
    let code = sqlite3_extended_errcode(database.sqliteConnection)
    return DatabaseError(
        resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(database.sqliteConnection)))
}

extension [UInt8] {
    fileprivate mutating func appendCell(
        _ statement: OpaquePointer?, _ index: Int32, _ column: TableShape.Column, in table: String
    ) {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_NULL: break
        case SQLITE_INTEGER where column.type == .boolean:
            append(contentsOf: (sqlite3_column_int64(statement, index) == 0 ? "false" : "true").utf8)
        case SQLITE_INTEGER, SQLITE_FLOAT:
            guard column.type == .decimal else {
                append(contentsOf: String(sqlite3_column_int64(statement, index)).utf8)
                return
            }
            let number = sqlite3_column_double(statement, index)
            let places = column.places ?? placesOfRow(statement, in: table) ?? places(of: number)
            appendDecimal(units(of: number, places), places: places, to: &self)
        default:
            let count = Int(sqlite3_column_bytes(statement, index))
            appendCell(UnsafeBufferPointer(start: sqlite3_column_text(statement, index), count: count))
        }
    }
}

/// Conversion factors of physicians have other numbers of places than those of anesthesia: the first column says which it
/// is.
private func placesOfRow(_ statement: OpaquePointer?, in table: String) -> Int? {
    guard table == ConversionFactorRow.table, let service = sqlite3_column_text(statement, 0) else { return nil }
    return String(cString: service) == "anesthesia" ? AnesthesiaConversionFactor.places : ConversionFactor.places
}

/// SQLite keeps a decimal as the nearest binary number, from which its at most fifteen digits come back exactly.
private func units(of number: Double, _ places: Int) -> Int64 {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    return Int64(exactly: (number * scale).rounded()) ?? 0
}

/// The fewest places that the number has, as ``WrittenDecimal`` is written.
private func places(of number: Double) -> Int {
    var scale = 1.0
    for places in 0..<WrittenDecimal.mostPlaces {
        if (number * scale).rounded() / scale == number { return places }
        scale *= 10
    }
    return WrittenDecimal.mostPlaces
}
