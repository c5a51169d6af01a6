import CSQLite
public import Delta
import Foundation
import GRDB
import GRDBSQLite
import Model
import Parallel
public import Schemas

/// Writes `dataset.sqlite`: the tables of `Schemas/dataset/tables.csv` with keys, and a full-text index over
/// what people look for.
struct DatabaseWriter {
    let dataset: Dataset
    let tables: [RenderedTable]
    let dictionary: DataDictionary

    /// Marks the file as ours for `file` and friends: "ingE".
    private static let applicationID = 0x696E_6745

    /// Once for the process, before its first database.
    private static let preparation: Void = keep_no_memory_statistics()

    func write(to url: URL) throws {
        Self.preparation
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: url.path, configuration: configuration)
        try queue.writeWithoutTransaction { database in
            // The file is built aside and published whole, so a journal would protect nothing.
            try database.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
            try database.execute(sql: "PRAGMA application_id = \(Self.applicationID); PRAGMA user_version = 1")
            try database.inTransaction {
                for definition in dictionary.tables {
                    guard let table = tables.first(where: { $0.name == definition.name }) else { continue }
                    try database.execute(sql: definition.sql)
                    try fill(table, definition.schema, database)
                }
                for (index, columns) in Self.indices.enumerated() {
                    try database.execute(sql: "CREATE INDEX index_\(index + 1) ON \(columns)")
                }
                try writeSearchIndex(database)
                return .commit
            }
            let broken = try Row.fetchOne(database, sql: "PRAGMA foreign_key_check")
            if let broken { throw DatabaseError(message: "a foreign key refers to nothing: \(broken)") }
        }
        try queue.close()
        try Self.hideLibraryVersion(url)
    }

    /// Columns that look-ups need beyond the primary keys.
    private static let indices = [
        "relative_values (status)", "opps_caps (gpci_mac, locality)", "codes (section, category)",
        "editorial_items (kind, text COLLATE NOCASE)", "drug_products (ndc)",
        "drug_products (drug_name COLLATE NOCASE)",
    ]

    /// How many rows a statement inserts: for all of them it looks once for the ends of the table and of its keys, which
    /// takes as long as the rows themselves.
    private static let rowsPerStatement = 32

    private func fill(_ table: RenderedTable, _ definition: TableSchema, _ database: Database) throws {
        let pieces = pieces(of: table.rowCount, size: Self.rowsPerStatement)
        // All but the last are of this size.
        let whole = pieces.prefix { $0.count == Self.rowsPerStatement }
        try insert(whole, of: table, definition, database)
        try insert(pieces[whole.endIndex...], of: table, definition, database)
    }

    /// Inserts pieces of one size. A hundred thousand rows: their text is bound where it lies, without a value object for
    /// each cell.
    private func insert(
        _ pieces: ArraySlice<Range<Int>>, of table: RenderedTable, _ definition: TableSchema, _ database: Database
    ) throws {
        guard let rowCount = pieces.first?.count else { return }
        let row = "(\(definition.columns.map { _ in "?" }.joined(separator: ", ")))"
        let statement = try database.makeStatement(
            sql: "INSERT INTO \"\(definition.name)\" VALUES "
                + repeatElement(row, count: rowCount).joined(separator: ", "))
        let isKey = definition.columns.map(\.isKey)
        let handle = statement.sqliteStatement
        let isFilled = table.read { cells in
            for piece in pieces {
                var position = 0
                for row in piece {
                    for column in isKey.indices {
                        position += 1
                        bind(cells[row, column], isKey: isKey[column], to: handle, at: position)
                    }
                }
                guard sqlite3_step(handle) == SQLITE_DONE else { return false }
                sqlite3_reset(handle)
            }
            sqlite3_clear_bindings(handle)
            return true
        }
        guard isFilled else { throw failure(database) }
    }

    private func writeSearchIndex(_ database: Database) throws {
        for sql in SearchIndex.create { try database.execute(sql: sql) }
        let statement = try database.makeStatement(sql: SearchIndex.insert)
        let handle = statement.sqliteStatement
        guard let table = tables.first(where: { $0.name == CodeEntry.Row.table }) else { return }
        let columns = ["code", "title", "short_descriptor", "long_descriptor"].compactMap {
            table.columns.firstIndex(of: $0)
        }
        let codes = dataset.canonical.codes
        let isFilled = table.read { cells in
            for row in codes.indices {
                // Rows of a new table are numbered from 1.
                sqlite3_bind_int64(handle, 1, Int64(row + 1))
                for (index, column) in columns.enumerated() {
                    bind(cells[row, column], isKey: false, to: handle, at: index + 2)
                }
                bind(codes[row].editorial?.synonyms, to: handle, at: 6)
                bind(codes[row].editorial?.plainLanguage, to: handle, at: 7)
                bind(codes[row].drug?.brandNames, to: handle, at: 8)
                guard sqlite3_step(handle) == SQLITE_DONE else { return false }
                sqlite3_reset(handle)
            }
            sqlite3_clear_bindings(handle)
            return true
        }
        guard isFilled else { throw failure(database) }
        try database.execute(sql: SearchIndex.finish)
    }

    private func failure(_ database: Database) -> DatabaseError {
        DatabaseError(message: String(cString: sqlite3_errmsg(database.sqliteConnection)))
    }

    /// SQLite notes in the header (bytes 92–99) which version of the library wrote last. That would make
    /// equal data differ between machines; zeros are what SQLite itself wrote before it kept the note.
    private static func hideLibraryVersion(_ url: URL) throws {
        let handle = try FileHandle(forUpdating: url)
        try handle.seek(toOffset: 92)
        try handle.write(contentsOf: Data(count: 8))
        try handle.close()
    }
}

/// Binds a cell's text, which has to stay where it is until the statement's next bindings.
private func bind(
    _ cell: (kind: RenderedTable.Kind, text: UnsafeBufferPointer<UInt8>), isKey: Bool, to statement: OpaquePointer?,
    at position: Int
) {
    let position = Int32(position)
    if cell.kind == .number, let number = cell.text.wholeNumber {
        // What SQLite would make of the text as well, by way of a floating-point number.
        sqlite3_bind_int64(statement, position, number)
        return
    }
    switch cell.kind {
    // A key's blank is a value of its own in SQL, where two NULLs are never equal.
    case .null where !isKey: sqlite3_bind_null(statement, position)
    case .list where cell.text.isEmpty: sqlite3_bind_null(statement, position)
    case .flag: sqlite3_bind_int(statement, position, cell.text.first == UInt8(ascii: "t") ? 1 : 0)
    default:
        // A null pointer would bind NULL.
        guard let start = cell.text.baseAddress, !cell.text.isEmpty else {
            sqlite3_bind_text(statement, position, "", 0, copied)
            return
        }
        let count = Int32(cell.text.count)
        start.withMemoryRebound(to: CChar.self, capacity: cell.text.count) {
            _ = sqlite3_bind_text(statement, position, $0, count, nil)
        }
    }
}

/// Binds texts as one, a line each.
private func bind(_ texts: [String]?, to statement: OpaquePointer?, at position: Int32) {
    if let texts {
        sqlite3_bind_text(statement, position, texts.joined(separator: "\n"), -1, copied)
    } else {
        sqlite3_bind_null(statement, position)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The number that the digits are, with nothing but zeros behind the point.
    fileprivate var wholeNumber: Int64? {
        var number: Int64 = 0
        var isBehindPoint = false
        guard count <= 15 else { return nil }
        for byte in self {
            switch byte {
            case UInt8(ascii: "."): isBehindPoint = true
            case 0x30 where isBehindPoint: break
            case 0x30...0x39 where !isBehindPoint: number = number * 10 + Int64(byte - 0x30)
            default: return nil
            }
        }
        return number
    }
}

/// Tells SQLite to copy bound text before the call returns (`SQLITE_TRANSIENT`).
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension DataDictionary.Table {
    /// The `CREATE TABLE` statement with the data dictionary's comments, which SQLite keeps.
    var sql: String { schema.shape.sql(comment: comment, comments: columns.map(\.comment)) }
}

extension TableSchema {
    /// What those who read and write the table's rows have to know of it.
    public var shape: TableShape {
        TableShape(
            name: name,
            columns: columns.map { column in
                TableShape.Column(
                    name: column.name, type: column.type, places: column.places, isRequired: column.isRequired,
                    isKey: column.isKey, reference: column.reference)
            })
    }
}
