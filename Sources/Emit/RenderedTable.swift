import Model

/// A table's rows as text, rendered once: the CSV file, the database and the documents all take their cells from here.
struct RenderedTable: Sendable {
    /// What a cell's text stands for, where the text alone does not say it.
    enum Kind: UInt8, Sendable {
        case null, text, number, flag, list
    }

    struct CellEnd: Sendable {
        let end: UInt32
        let kind: Kind
    }

    let name: String
    let columns: [String]
    private var text: [UInt8] = []
    private var ends: [CellEnd] = []

    /// - Parameter rowCount: how many rows `fill` appends, roughly.
    init<Row: TableRow>(_ row: Row.Type, rowCount: Int, fill: (_ append: (_ cells: [Cell]) -> Void) -> Void) {
        name = Row.table
        columns = Row.columns
        var text: [UInt8] = []
        var ends: [CellEnd] = []
        ends.reserveCapacity(rowCount * columns.count)
        text.reserveCapacity(rowCount * columns.count * 7)
        fill { cells in
            for cell in cells {
                cell.append(to: &text)
                ends.append(CellEnd(end: UInt32(text.count), kind: Kind(cell)))
            }
        }
        self.text = text
        self.ends = ends
    }

    init<Row: TableRow>(_ rows: [Row]) {
        self.init(Row.self, rowCount: rows.count) { append in for row in rows { append(row.cells) } }
    }

    var rowCount: Int { ends.count / columns.count }

    /// Gives `body` the cells to read; they are gone when it returns.
    func read<Result>(_ body: (RenderedCells) -> Result) -> Result {
        text.withUnsafeBufferPointer { text in
            ends.withUnsafeBufferPointer { ends in
                body(RenderedCells(columnCount: columns.count, text: text, ends: ends))
            }
        }
    }
}

/// The cells of a table that is being read.
struct RenderedCells {
    let columnCount: Int
    fileprivate let text: UnsafeBufferPointer<UInt8>
    fileprivate let ends: UnsafeBufferPointer<RenderedTable.CellEnd>

    var rowCount: Int { ends.count / columnCount }

    subscript(row: Int, column: Int) -> (kind: RenderedTable.Kind, text: UnsafeBufferPointer<UInt8>) {
        let index = row * columnCount + column
        let start = index == 0 ? 0 : Int(ends[index - 1].end)
        return (ends[index].kind, UnsafeBufferPointer(rebasing: text[start..<Int(ends[index].end)]))
    }
}

extension RenderedTable.Kind {
    fileprivate init(_ cell: Cell) {
        switch cell {
        case .null: self = .null
        case .text, .short: self = .text
        case .integer, .decimal: self = .number
        case .flag: self = .flag
        case .list: self = .list
        }
    }
}
