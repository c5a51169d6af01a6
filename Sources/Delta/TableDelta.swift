import JSON
import Model

/// What turns one table of BASE into that of HEAD, as lines of NDJSON: first the rows that went, in BASE's order, then
/// those that came, moved or changed, in HEAD's.
///
///     {"delete":{"code":"99213","modifier":"26"}}
///     {"upsert":{"code":"99214","modifier":"","work":1.92}}
///     {"upsert":{"code":"99215","modifier":"","status":"A","work":2.80},"at":17}
///
/// A row is named by its key. One without `at` is there in BASE: columns that are not named keep their values. `at` is the
/// row's number in HEAD, from 1, of a row that is new, whose other columns are empty, or that stands elsewhere now. The rows
/// without it keep BASE's order, so that the file comes out as it was, whatever its order is.
public struct TableDelta: Sendable {
    public let table: TableShape
    /// The lines; empty when nothing but columns changed, or nothing.
    public internal(set) var lines: [UInt8] = []
    public internal(set) var rowsBefore = 0
    public internal(set) var rowsAfter = 0
    public internal(set) var upserts = 0
    public internal(set) var deletes = 0
    /// Whether the lines are all rows of HEAD and none of BASE stays: for a table without a key, or with other rows.
    public internal(set) var isWhole = false

    /// Compares two tables as their CSV files have them.
    /// - Parameters:
    ///   - base: the table in BASE; `nil` where it has none.
    ///   - head: the table in HEAD, with the columns of `table`.
    ///   - isSame: whether both are known to have the same bytes: then only rows are counted.
    public init(
        _ table: TableShape, from base: UnsafeBufferPointer<UInt8>?, to head: UnsafeBufferPointer<UInt8>,
        isSame: Bool = false
    ) {
        self.table = table
        if isSame {
            rowsBefore = max(CanonicalRows(head).count - 1, 0)
            rowsAfter = rowsBefore
            return
        }
        let head = CanonicalRows(head)
        let base = CanonicalRows(base ?? UnsafeBufferPointer(start: nil, count: 0))
        rowsBefore = max(base.count - 1, 0)
        rowsAfter = max(head.count - 1, 0)
        let comparison = RowComparison(table, base, head)
        let found = comparison.matches()
        // Rows that have none in common are told the shorter way.
        guard let matches = found, rowsBefore == 0 || matches.baseRows.contains(where: { $0 > 0 }) else {
            isWhole = true
            for row in 1..<max(head.count, 1) { writeRow(row, of: head, from: nil, comparison) }
            return
        }
        writeDeletes(matches, base)
        for row in 1..<max(head.count, 1) {
            let match = matches.baseRows[row - 1]
            if match == 0 || matches.isMoved[row - 1] {
                writeRow(row, of: head, from: match == 0 ? nil : (Int(match), base), comparison)
            } else {
                writeChange(row, of: head, from: Int(match), of: base, comparison)
            }
        }
    }

    private mutating func writeDeletes(_ matches: RowMatches, _ base: CanonicalRows) {
        for row in 1..<max(base.count, 1) where !matches.isKept[row] {
            lines.append(contentsOf: #"{"delete":{"#.utf8)
            let cells = base.cells(row)
            for index in 0..<table.keyCount {
                if index > 0 { lines.append(UInt8(ascii: ",")) }
                appendField(index, cells[index])
            }
            lines.append(contentsOf: "}}\n".utf8)
            deletes += 1
        }
    }

    /// A row that is new, or that stands elsewhere now.
    private mutating func writeRow(
        _ row: Int, of head: CanonicalRows, from base: (row: Int, rows: CanonicalRows)?, _ comparison: RowComparison
    ) {
        let cells = head.cells(row)
        let older = base.map { $0.rows.cells($0.row) }
        lines.append(contentsOf: #"{"upsert":{"#.utf8)
        var isFirst = true
        for index in cells.indices {
            if index >= table.keyCount {
                if let older {
                    if comparison.isSame(index, cells, older) { continue }
                } else if cells[index].isEmpty {
                    continue
                }
            }
            if !isFirst { lines.append(UInt8(ascii: ",")) }
            isFirst = false
            appendField(index, cells[index])
        }
        lines.append(contentsOf: #"},"at":\#(row)}"#.utf8)
        lines.append(UInt8(ascii: "\n"))
        upserts += 1
    }

    /// A row that stands where it stood, if it changed.
    private mutating func writeChange(
        _ row: Int, of head: CanonicalRows, from baseRow: Int, of base: CanonicalRows, _ comparison: RowComparison
    ) {
        if comparison.hasSameColumns, head.line(row).hasSameBytes(as: base.line(baseRow)) { return }
        let cells = head.cells(row)
        let older = base.cells(baseRow)
        let changed = cells.indices.filter { !comparison.isSame($0, cells, older) }
        guard !changed.isEmpty else { return }
        lines.append(contentsOf: #"{"upsert":{"#.utf8)
        for (place, index) in (Array(0..<table.keyCount) + changed).enumerated() {
            if place > 0 { lines.append(UInt8(ascii: ",")) }
            appendField(index, cells[index])
        }
        lines.append(contentsOf: "}}\n".utf8)
        upserts += 1
    }

    private mutating func appendField(_ index: Int, _ cell: CanonicalRows.Cell) {
        lines.append(UInt8(ascii: "\""))
        lines.append(contentsOf: table.columns[index].name.utf8)
        lines.append(contentsOf: "\":".utf8)
        lines.appendValue(cell, of: table.columns[index], isKey: index < table.keyCount)
    }
}

/// Which row of BASE each row of HEAD is.
struct RowMatches {
    /// By row of HEAD, from 0: the row of BASE, of which 0 is the header; 0 for a new row.
    var baseRows: [Int32]
    /// By row of HEAD, from 0: whether it stands elsewhere among the rows that both have.
    var isMoved: [Bool]
    /// By row of BASE: whether HEAD has it.
    var isKept: [Bool]
}

/// Two tables to be compared.
struct RowComparison {
    let table: TableShape
    let base: CanonicalRows
    let head: CanonicalRows
    /// By column of HEAD: the column of BASE.
    let baseColumns: [Int?]
    let hasSameColumns: Bool

    init(_ table: TableShape, _ base: CanonicalRows, _ head: CanonicalRows) {
        self.table = table
        self.base = base
        self.head = head
        let names = base.count > 0 ? base.cells(0).map { String(decoding: $0, as: UTF8.self) } : []
        baseColumns = table.columns.map { column in names.firstIndex(of: column.name) }
        hasSameColumns = names == table.columns.map(\.name)
    }

    /// Whether a cell has the value that it had; a column that BASE had not was empty.
    func isSame(_ column: Int, _ cells: [CanonicalRows.Cell], _ older: [CanonicalRows.Cell]) -> Bool {
        guard let index = baseColumns[column], index < older.count else { return cells[column].isEmpty }
        return cells[column].hasSameBytes(as: older[index])
    }

    /// - Returns: `nil` where rows cannot be told by a key: there is none, it is another than it was, or rows share it.
    func matches() -> RowMatches? {
        let count = table.keyCount
        guard count > 0, base.count == 0 || (0..<count).allSatisfy({ baseColumns[$0] == $0 }) else { return nil }
        let older = (1..<max(base.count, 1)).map { base.prefix($0, cells: count) }
        let newer = (1..<max(head.count, 1)).map { head.prefix($0, cells: count) }
        let inOrder = isAscending(older) && isAscending(newer)
        guard let baseRows = inOrder ? merged(older, newer) : lookedUp(older, newer) else { return nil }
        var isKept = [Bool](repeating: false, count: older.count + 1)
        for row in baseRows { isKept[Int(row)] = true }
        let isMoved = inOrder ? [Bool](repeating: false, count: newer.count) : moved(baseRows)
        return RowMatches(baseRows: baseRows, isMoved: isMoved, isKept: isKept)
    }

    private func isAscending(_ keys: [RowKey]) -> Bool {
        for index in keys.indices.dropFirst() where RowKey.order(keys[index - 1], keys[index]) >= 0 { return false }
        return true
    }

    private func merged(_ older: [RowKey], _ newer: [RowKey]) -> [Int32] {
        var position = 0
        return newer.map { key in
            while position < older.count {
                let order = RowKey.order(older[position], key)
                if order > 0 { return 0 }
                position += 1
                if order == 0 { return Int32(position) }
            }
            return 0
        }
    }

    /// - Returns: `nil` where rows of one side share a key.
    private func lookedUp(_ older: [RowKey], _ newer: [RowKey]) -> [Int32]? {
        var rows: [RowKey: Int32] = [:]
        rows.reserveCapacity(older.count)
        for (index, key) in older.enumerated() {
            guard rows.updateValue(Int32(index + 1), forKey: key) == nil else { return nil }
        }
        guard Set(newer).count == newer.count else { return nil }
        return newer.map { rows[$0] ?? 0 }
    }

    /// Which rows stand elsewhere among those that both sides have: all but the longest run of them that is in the order
    /// of BASE.
    private func moved(_ baseRows: [Int32]) -> [Bool] {
        // By length: the place of the smallest row at which a run of that length can end (patience sorting).
        var ends: [Int] = []
        var before = [Int](repeating: -1, count: baseRows.count)
        for (place, row) in baseRows.enumerated() where row > 0 {
            var low = 0
            var high = ends.count
            while low < high {
                let middle = (low + high) / 2
                if baseRows[ends[middle]] < row { low = middle + 1 } else { high = middle }
            }
            if low > 0 { before[place] = ends[low - 1] }
            if low == ends.count { ends.append(place) } else { ends[low] = place }
        }
        var isMoved = baseRows.map { $0 > 0 }
        var place = ends.last ?? -1
        while place >= 0 {
            isMoved[place] = false
            place = before[place]
        }
        return isMoved
    }
}

extension [UInt8] {
    /// Appends a cell as JSON: numbers and truth values bare, with the digits that they have; `null` for an empty one that
    /// is no key.
    fileprivate mutating func appendValue(_ cell: CanonicalRows.Cell, of column: TableShape.Column, isKey: Bool) {
        if cell.isEmpty {
            append(contentsOf: isKey ? "\"\"".utf8 : "null".utf8)
            return
        }
        let isBare =
            switch column.type {
            case .integer, .decimal: cell.isJSONNumber
            case .boolean: cell.elementsEqual("true".utf8) || cell.elementsEqual("false".utf8)
            case .string, .list, .date: false
            }
        if isBare {
            append(contentsOf: cell)
        } else if cell.first == UInt8(ascii: "\"") {
            cell.unquoted.withUnsafeBufferPointer { appendJSON(text: $0) }
        } else {
            appendJSON(text: UnsafeBufferPointer(rebasing: cell))
        }
    }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
    /// Whether the bytes are a number as JSON writes it, without an exponent. All others are written as text.
    fileprivate var isJSONNumber: Bool {
        let digits = first == UInt8(ascii: "-") ? dropFirst() : self[...]
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } })
        else { return false }
        return whole.count == 1 || whole.first != UInt8(ascii: "0")
    }
}
