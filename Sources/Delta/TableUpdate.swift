import JSON
import Model

/// What a delta's lines of one table say.
struct TableChanges {
    /// The values that a line names, by column of HEAD.
    struct Row {
        var values: [(column: Int, value: [UInt8])]
        /// The row's number in HEAD, from 1; `nil` for one that stays where it is.
        var at: Int?
    }

    enum Change {
        case delete
        case upsert(Row)
    }

    /// By the key as CSV has it.
    private(set) var byKey: [[UInt8]: Change] = [:]
    /// The rows with a number, in its order, with their keys.
    private(set) var placed: [(at: Int, key: [UInt8])] = []
    /// All rows, for a table that is given whole.
    private(set) var whole: [Row] = []
    private(set) var upserts = 0
    private(set) var deletes = 0

    /// Whether rows came, went or moved, so that rows have other numbers than before.
    var renumbers: Bool { deletes > 0 || !placed.isEmpty }

    init() {}

    /// Reads the lines of `file`.
    /// - Throws: when a line is not what the format says.
    init(_ file: [UInt8], of table: TableShape, isWhole: Bool) throws(DeltaProblem) {
        let columns = Dictionary(uniqueKeysWithValues: table.columns.enumerated().map { ($1.name, $0) })
        guard file.last == 0x0A || file.isEmpty else { throw DeltaProblem("delta_line", "its last line has no end") }
        var number = 0
        for line in file.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            number += 1
            do throws(DeltaProblem) { try add(Array(line), columns, table, isWhole) } catch {
                throw DeltaProblem(error.id, "line \(number): \(error.message)")
            }
        }
    }

    private mutating func add(
        _ line: [UInt8], _ columns: [String: Int], _ table: TableShape, _ isWhole: Bool
    ) throws(DeltaProblem) {
        guard let json = try? JSONValue(line), let first = json.members.first else {
            throw DeltaProblem("delta_line", "it is no JSON object")
        }
        var values: [(column: Int, value: [UInt8])] = []
        for member in first.value.members {
            guard let column = columns[member.key] else {
                throw DeltaProblem("delta_line", "\(table.name) has no column \(member.key)")
            }
            values.append((column, try member.value.cell))
        }
        let key = values.prefix(table.keyCount)
        guard key.map(\.column).elementsEqual(0..<table.keyCount), Set(values.map(\.column)).count == values.count
        else {
            throw DeltaProblem("delta_line", "it does not begin with the key, or names a column twice")
        }
        var bytes: [UInt8] = []
        for (index, value) in key.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.appendCell(value.value)
        }
        let change: Change
        switch (first.key, json.members.count) {
        case ("delete", 1) where values.count == table.keyCount && !isWhole:
            deletes += 1
            change = .delete
        case ("upsert", 1) where !isWhole:
            upserts += 1
            change = .upsert(Row(values: values, at: nil))
        case ("upsert", 2):
            guard json.members[1].key == "at", let at = json.members[1].value.integer,
                at > (placed.last?.at ?? whole.count)
            else { throw DeltaProblem("delta_line", "its number does not follow on those before") }
            upserts += 1
            let row = Row(values: values, at: at)
            if isWhole {
                guard at == whole.count + 1 else { throw DeltaProblem("delta_line", "a row before it is missing") }
                whole.append(row)
                return
            }
            placed.append((at, bytes))
            change = .upsert(row)
        default: throw DeltaProblem("delta_line", "it is neither an upsert nor a delete")
        }
        guard byKey.updateValue(change, forKey: bytes) == nil else {
            throw DeltaProblem("delta_line", "its row stands in an earlier line too")
        }
    }
}

extension JSONValue {
    /// The value as CSV has it, before quotation.
    fileprivate var cell: [UInt8] {
        get throws(DeltaProblem) {
            switch self {
            case .null: []
            case .bool(let flag): Array((flag ? "true" : "false").utf8)
            case .number(let text), .string(let text): Array(text.utf8)
            case .array, .object: throw DeltaProblem("delta_line", "a value is a list or an object")
            }
        }
    }
}

extension TableChanges {
    /// The table's CSV in HEAD.
    /// - Parameter base: the table's CSV in BASE; empty where it has none.
    /// - Throws: when the lines do not fit the base.
    func applied(to base: [UInt8], _ table: TableShape, isWhole: Bool) throws(DeltaProblem) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(base.count + base.count / 8)
        head.append(contentsOf: (table.columns.map(\.name).joined(separator: ",") + "\n").utf8)
        if isWhole {
            for row in whole { head.append(row, to: nil, of: table) }
            return head
        }
        return try CanonicalRows.read(base) { rows throws(DeltaProblem) in
            try merge(rows, table, into: head)
        }
    }

    private func merge(
        _ base: CanonicalRows, _ table: TableShape, into begun: [UInt8]
    ) throws(DeltaProblem) -> [UInt8] {
        var head = begun
        let names = base.count > 0 ? base.cells(0).map { String(decoding: $0, as: UTF8.self) } : []
        let source = table.columns.map { column in names.firstIndex(of: column.name) }
        let hasSameColumns = names == table.columns.map(\.name)
        func older(_ row: Int) -> [[UInt8]] {
            let cells = base.cells(row)
            return source.map { $0.map { $0 < cells.count ? cells[$0].unquoted : [] } ?? [] }
        }
        var moved: [[UInt8]: [[UInt8]]] = [:]
        var used = 0
        // First what moves: it may have to stand before the row where it is read.
        if !placed.isEmpty {
            for row in 1..<max(base.count, 1) {
                let key = Array(base.prefix(row, cells: table.keyCount).bytes)
                if case .upsert(let change) = byKey[key], change.at != nil {
                    guard moved.updateValue(older(row), forKey: key) == nil else {
                        throw DeltaProblem("delta_does_not_fit", "two rows of the base have the same key")
                    }
                }
            }
        }
        var next = placed[...]
        var number = 1
        func takePlaced() {
            while let (at, key) = next.first, at == number {
                next.removeFirst()
                if case .upsert(let row) = byKey[key] { head.append(row, to: moved[key], of: table) }
                used += 1
                number += 1
            }
        }
        for row in 1..<max(base.count, 1) {
            let key = byKey.isEmpty ? [] : Array(base.prefix(row, cells: table.keyCount).bytes)
            switch byKey[key] {
            case .delete: used += 1
            case .upsert(let change) where change.at != nil: break
            case .upsert(let change):
                takePlaced()
                used += 1
                head.append(change, to: older(row), of: table)
                number += 1
            case nil:
                takePlaced()
                if hasSameColumns {
                    head.append(contentsOf: base.line(row))
                } else {
                    head.append(TableChanges.Row(values: []), to: older(row), of: table)
                }
                number += 1
            }
        }
        takePlaced()
        guard next.isEmpty, used == byKey.count else {
            throw DeltaProblem("delta_does_not_fit", "it changes rows that the base does not have")
        }
        return head
    }
}

extension [UInt8] {
    /// Appends a row as CSV: the values that `row` names, the others as they were.
    fileprivate mutating func append(_ row: TableChanges.Row, to older: [[UInt8]]?, of table: TableShape) {
        var cells = older ?? [[UInt8]](repeating: [], count: table.columns.count)
        for (column, value) in row.values { cells[column] = value }
        for (index, cell) in cells.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            appendCell(cell)
        }
        append(0x0A)
    }
}
