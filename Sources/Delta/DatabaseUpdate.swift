import Digest
public import Foundation
public import GRDB
import GRDBSQLite
public import Model

extension Delta {
    /// Applies the delta to a `dataset.sqlite` in place, in one transaction: its tables, provenance and the search index. What
    /// comes out is read back and proven before it is committed; whatever goes wrong leaves the file as it was.
    /// - Throws: when the database does not hold ``base``, or cannot be written.
    public func update(database url: URL) throws(IngestError) -> DeltaOutcome {
        let place = Place(url.relativePath)
        do {
            var configuration = Configuration()
            // Tables are filled one after the other; what comes out is proven as a whole.
            configuration.foreignKeysEnabled = false
            // Another program may just be reading.
            configuration.busyMode = .timeout(5)
            guard FileManager.default.fileExists(atPath: url.path) else { throw CocoaError(.fileNoSuchFile) }
            let queue = try DatabaseQueue(path: url.path, configuration: configuration)
            var outcome = DeltaOutcome.applied
            try queue.inTransaction(.immediate) { database in
                outcome = try update(database, at: place)
                return .commit
            }
            try queue.close()
            return outcome
        } catch let error as IngestError {
            throw error
        } catch {
            throw IngestError(
                (error as? DatabaseError)?.resultCode == .SQLITE_NOTADB ? .badData : .cannotWrite,
                "database_not_updated", at: place, "the database cannot be updated: \(error)",
                hint: "It has to be a dataset.sqlite that can be written and that no other program holds. "
                    + "Nothing was changed.")
        }
    }

    /// Applies the delta within a transaction of the caller's, which has to be rolled back when this throws. Foreign keys must
    /// not be enforced at once.
    /// - Parameter place: what errors call the database.
    /// - Throws: ``IngestError`` when the database does not hold ``base``, else what the database says.
    public func update(_ database: Database, at place: Place) throws -> DeltaOutcome {
        let known = Dictionary(uniqueKeysWithValues: tables.map { ($0.shape.name, $0.shape) })
        var present = Set(try datasetTables(database))
        var older: [String: [UInt8]] = [:]
        for name in tables.map(\.shape.name) + dropped.map(\.name) + [provenanceTable] where present.contains(name) {
            let types = name == provenanceTable ? provenance?.shape : known[name]
            older[name] = try csv(of: name, columns: columns(of: name, typed: types, database), in: database)
        }
        let outcome = try outcome(of: older.mapValues { Digest.hex($0) }, at: place)
        guard case .applied = outcome else { return outcome }

        for name in dropped.map(\.name) where present.contains(name) {
            try database.execute(sql: "DROP TABLE \"\(name)\"")
            present.remove(name)
        }
        var newer: [(name: String, bytes: [UInt8])] = []
        for table in tables {
            let base = older[table.shape.name] ?? []
            let head = table.isChanged ? try head(of: table, from: base) : base
            try write(head, table.shape, table.isWhole ? nil : changes[table.shape.name] ?? TableChanges(), database)
            newer.append((table.shape.name, head))
        }
        if let provenance {
            try write(try head(of: provenance, over: newer), provenance.shape, nil, database)
        }
        try SearchIndex.rebuild(database)

        for table in tables {
            let columns = try declaredColumns(of: table.shape.name, database)
            guard Digest.hex(try csv(of: table.shape.name, columns: columns, in: database)) == table.after else {
                throw IngestError(
                    .badData, "delta_result", at: place,
                    "the database does not say what \(head.name) says in \(table.shape.name)",
                    hint: "Take the whole of \(head.name). Nothing was changed.")
            }
        }
        return .applied
    }

    /// A table's columns with the types that the delta knows: those of a database of an older shape say less.
    private func columns(
        of name: String, typed shape: TableShape?, _ database: Database
    ) throws -> [TableShape.Column] {
        try declaredColumns(of: name, database).map { column in
            shape?.columns.first { $0.name == column.name } ?? column
        }
    }

    /// Brings a table up to date.
    /// - Parameter changes: what changed; `nil` when only the whole is known.
    private func write(
        _ head: [UInt8], _ shape: TableShape, _ changes: TableChanges?, _ database: Database
    ) throws {
        let declared = try declaredColumns(of: shape.name, database)
        let isDeclared =
            declared.map(\.name) == shape.columns.map(\.name) && declared.map(\.sqlType) == shape.columns.map(\.sqlType)
        if isDeclared, let changes, !changes.renumbers {
            return try change(shape, changes, database)
        }
        var indices: [String] = []
        if isDeclared {
            try database.execute(sql: "DELETE FROM \"\(shape.name)\"")
        } else {
            indices = try String.fetchAll(
                database,
                sql: "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
                arguments: [shape.name])
            try database.execute(sql: "DROP TABLE IF EXISTS \"\(shape.name)\"")
            // Without the data dictionary's comments: a delta carries what is, not what is said of it.
            try database.execute(sql: shape.sql())
        }
        let places = shape.columns.map { _ in "?" }.joined(separator: ", ")
        let statement = try database.makeStatement(sql: "INSERT INTO \"\(shape.name)\" VALUES (\(places))")
        let isFilled = head.withUnsafeBufferPointer { bytes in
            let rows = CanonicalRows(bytes)
            for row in 1..<max(rows.count, 1) {
                for (index, cell) in rows.cells(row).enumerated() where index < shape.columns.count {
                    if cell.first == UInt8(ascii: "\"") {
                        bind(cell.unquoted, shape.columns[index], statement, index + 1)
                    } else {
                        bind(cell, shape.columns[index], statement, index + 1)
                    }
                }
                guard step(statement) else { return false }
            }
            return true
        }
        guard isFilled else { throw failure(database) }
        for index in indices { try database.execute(sql: index) }
    }

    /// Changes rows where they are: none came, went or moved.
    private func change(_ shape: TableShape, _ changes: TableChanges, _ database: Database) throws {
        let key = shape.columns.prefix(shape.keyCount).map { "\"\($0.name)\" = ?" }.joined(separator: " AND ")
        for case .upsert(let row) in changes.byKey.values {
            let values = row.values.dropFirst(shape.keyCount)
            guard !values.isEmpty else { continue }
            let set = values.map { "\"\(shape.columns[$0.column].name)\" = ?" }.joined(separator: ", ")
            let statement = try database.cachedStatement(sql: "UPDATE \"\(shape.name)\" SET \(set) WHERE \(key)")
            for (place, value) in (values + row.values.prefix(shape.keyCount)).enumerated() {
                bind(value.value, shape.columns[value.column], statement, place + 1)
            }
            guard step(statement) else { throw failure(database) }
        }
    }
}

/// Binds a value of CSV as the emitted database has it: no value is NULL, but a key's blank is a value of its own. Numbers
/// are made from the text by SQLite.
private func bind(
    _ value: some Collection<UInt8>, _ column: TableShape.Column, _ statement: Statement, _ position: Int
) {
    let handle = statement.sqliteStatement
    let position = Int32(position)
    if value.isEmpty, !column.isKey {
        sqlite3_bind_null(handle, position)
    } else if column.type == .boolean, value.elementsEqual("true".utf8) || value.elementsEqual("false".utf8) {
        sqlite3_bind_int(handle, position, value.first == UInt8(ascii: "t") ? 1 : 0)
    } else {
        var text = ContiguousArray(value.lazy.map { CChar(bitPattern: $0) })
        text.append(0)
        text.withUnsafeBufferPointer {
            _ = sqlite3_bind_text(handle, position, $0.baseAddress, Int32($0.count - 1), copied)
        }
    }
}

private func step(_ statement: Statement) -> Bool {
    let isDone = sqlite3_step(statement.sqliteStatement) == SQLITE_DONE
    sqlite3_reset(statement.sqliteStatement)
    return isDone
}

/// Tells SQLite to copy bound text before the call returns (`SQLITE_TRANSIENT`).
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
