import Digest
import JSON
import Model

// Provenance names the file and line of each row of the other tables. Lines move with every release, so nothing is gained
// by comparing: the whole of HEAD's is told, each table's in one line of NDJSON, with the numbers as differences and equal
// differences next to each other as [difference, count]. Twenty thousand rows in CMS's order take a few bytes.
//
//     {"table":"relative_values","files":["rvu26b.zip/PPRRVU…csv"],"rows":[[1,19277]],"file":[[0,19277]],"lines":[11,[1,19276]]}
//
// `rows` counts on from row to row of the table in HEAD (0 is the same row again), `file` is the number of the file, from 0,
// and `lines` counts on within each file. What has another shape is told cell by cell: {"row":["codes","99213",…]}.

/// The columns of provenance that name no row.
private enum Role: String, CaseIterable {
    case table, file, line
}

/// HEAD's provenance as lines of a delta.
public struct ProvenanceDelta: Sendable {
    static let file = "\(provenanceTable).ndjson"

    public let table: TableShape
    public private(set) var lines: [UInt8] = []
    public private(set) var rows = 0

    /// - Parameters:
    ///   - provenance: the CSV of HEAD's provenance.
    ///   - tables: the CSV of its other tables with their columns.
    public init(
        _ table: TableShape, _ provenance: UnsafeBufferPointer<UInt8>,
        of tables: [(table: TableShape, bytes: UnsafeBufferPointer<UInt8>)]
    ) {
        self.table = table
        let source = CanonicalRows(provenance)
        rows = max(source.count - 1, 0)
        let roles = Role.allCases.map { role in table.columns.firstIndex { $0.name == role.rawValue } ?? 0 }
        // The table's name is the first cell of each row.
        let isKnown = roles[0] == 0
        var first = 1
        while first < source.count {
            let name = source.prefix(first, cells: 1)
            var end = first + 1
            while end < source.count, source.prefix(end, cells: 1) == name { end += 1 }
            let block = ProvenanceBlock(first..<end, of: source, table, roles)
            let target = isKnown ? tables.first { $0.table.name.utf8.elementsEqual(name.bytes) } : nil
            if let target, let line = block.line(target.table, target.bytes) {
                lines.append(contentsOf: line)
            } else {
                for row in first..<end { writeRow(source.cells(row)) }
            }
            first = end
        }
    }

    private mutating func writeRow(_ cells: [CanonicalRows.Cell]) {
        var json = JSONWriter(indented: false)
        json.object { json in
            json.field("row", texts: cells.map { String(decoding: $0.unquoted, as: UTF8.self) })
        }
        json.endLine()
        lines.append(contentsOf: json.bytes)
    }
}

/// The rows of provenance that speak of one table.
private struct ProvenanceBlock {
    let range: Range<Int>
    let source: CanonicalRows
    let table: TableShape
    let roles: [Int]

    init(_ range: Range<Int>, of source: CanonicalRows, _ table: TableShape, _ roles: [Int]) {
        self.range = range
        self.source = source
        self.table = table
        self.roles = roles
    }

    /// - Returns: `nil` where the rows are not those of the table, in its order.
    func line(_ target: TableShape, _ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let rows = CanonicalRows(bytes)
        let keys = table.keys(of: target, roles)
        let width = (keys.compactMap(\.target).max() ?? -1) + 1
        var steps = Runs()
        var fileNumbers = Runs()
        var lineSteps = Runs()
        var files: [(text: [UInt8], line: Int)] = []
        var row = 0
        var values: [CanonicalRows.Cell] = []
        var last: Int?
        for index in range {
            let cells = source.cells(index, first: table.columns.count)
            // The row spoken of: the same as before, or one behind it.
            var found = row
            while found < rows.count {
                let isIt =
                    found > 0
                    && keys.allSatisfy { key in
                        key.target.map { cells[key.column].hasSameBytes(as: values[$0]) } ?? cells[key.column].isEmpty
                    }
                if isIt { break }
                found += 1
                if found < rows.count { values = rows.cells(found, first: width) }
            }
            guard found < rows.count, let number = cells[roles[2]].number else { return nil }
            steps.append(found - row)
            row = found
            let text = cells[roles[1]]
            var file = last.flatMap { files[$0].text.elementsEqual(text) ? $0 : nil }
            file = file ?? files.firstIndex { $0.text.elementsEqual(text) }
            if file == nil { files.append((Array(text), 0)) }
            let place = file ?? files.count - 1
            fileNumbers.append(place)
            lineSteps.append(number - files[place].line)
            files[place].line = number
            last = place
        }
        var json = JSONWriter(indented: false)
        json.object { json in
            json.field("table", target.name)
            json.field(
                "files",
                texts: files.map { file in
                    file.text.withUnsafeBufferPointer { String(decoding: $0[...].unquoted, as: UTF8.self) }
                })
            json.field("rows", steps)
            json.field("file", fileNumbers)
            json.field("lines", lineSteps)
        }
        json.endLine()
        return json.bytes
    }
}

extension TableShape {
    /// Provenance's columns that name a row, with the column of `target` that has the value; `nil` where none has.
    fileprivate func keys(of target: TableShape, _ roles: [Int]) -> [(column: Int, target: Int?)] {
        columns.indices.filter { !roles.contains($0) }.map { column in
            (column, target.columns.firstIndex { $0.name == columns[column].name })
        }
    }
}

/// Numbers of which equal ones often stand next to each other.
private struct Runs {
    private(set) var runs: [(number: Int, count: Int)] = []

    mutating func append(_ number: Int) {
        if let last = runs.last, last.number == number {
            runs[runs.count - 1].count += 1
        } else {
            runs.append((number, 1))
        }
    }
}

extension JSONWriter {
    fileprivate mutating func field(_ name: StaticString, _ runs: Runs) {
        array(name) { json in
            for run in runs.runs {
                if run.count == 1 {
                    json.value(.integer(run.number))
                } else {
                    json.array { json in
                        json.value(.integer(run.number))
                        json.value(.integer(run.count))
                    }
                }
            }
        }
    }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
    /// The whole number that the digits are.
    fileprivate var number: Int? {
        guard !isEmpty, count <= 15 else { return nil }
        var number = 0
        for byte in self {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}

/// HEAD's provenance as a delta tells it.
struct DeltaProvenance: Sendable {
    /// What a line says.
    private enum Line: Sendable {
        case block(table: String, files: [[UInt8]], rows: [Int], file: [Int], lines: [Int])
        case row([[UInt8]])
    }

    let shape: TableShape
    let rowCount: Int
    let sha256: String
    private var lines: [Line] = []

    /// - Parameters:
    ///   - entry: `provenance` of the delta's manifest.
    ///   - file: its lines.
    /// - Returns: `nil` when they are not what the format says.
    init?(_ entry: JSONValue, _ file: [UInt8]) {
        guard let shape = TableShape(name: provenanceTable, columns: entry["columns"]?.elements ?? []),
            Role.allCases.allSatisfy({ role in shape.columns.contains { $0.name == role.rawValue } }),
            let rows = entry["rows"]?.integer, rows >= 0, let sha256 = entry["sha256"]?.string
        else { return nil }
        self.shape = shape
        self.rowCount = rows
        self.sha256 = sha256
        var count = 0
        for line in file.split(separator: 0x0A) {
            guard let json = try? JSONValue(Array(line)) else { return nil }
            if let cells = json["row"]?.elements, cells.count == shape.columns.count {
                lines.append(.row(cells.map { Array($0.text.utf8) }))
                count += 1
            } else {
                guard let table = json["table"]?.string, let files = json["files"]?.elements,
                    let rows = json["rows"]?.numbers(atMost: rowCount),
                    let file = json["file"]?.numbers(atMost: rowCount),
                    let numbers = json["lines"]?.numbers(atMost: rowCount), rows.count == file.count,
                    rows.count == numbers.count, file.allSatisfy({ files.indices.contains($0) })
                else { return nil }
                lines.append(
                    .block(
                        table: table, files: files.map { Array($0.text.utf8) }, rows: rows, file: file, lines: numbers))
                count += rows.count
            }
        }
        guard count == rowCount else { return nil }
    }

    /// The CSV of provenance.
    /// - Parameter tables: the CSV of HEAD's other tables, with their columns.
    fileprivate func csv(over tables: [(table: TableShape, bytes: [UInt8])]) throws(DeltaProblem) -> [UInt8] {
        var csv = Array((shape.columns.map(\.name).joined(separator: ",") + "\n").utf8)
        let roles = Role.allCases.map { role in shape.columns.firstIndex { $0.name == role.rawValue } ?? 0 }
        for line in lines {
            switch line {
            case .row(let cells):
                for (index, cell) in cells.enumerated() {
                    if index > 0 { csv.append(UInt8(ascii: ",")) }
                    csv.appendCell(cell)
                }
                csv.append(0x0A)
            case .block(let name, let files, let steps, let fileNumbers, let lineSteps):
                guard let target = tables.first(where: { $0.table.name == name }) else {
                    throw DeltaProblem("delta_result", "its provenance speaks of a table that is not there: \(name)")
                }
                let keys = shape.keys(of: target.table, roles)
                let width = (keys.compactMap(\.target).max() ?? -1) + 1
                csv += try CanonicalRows.read(target.bytes) { rows throws(DeltaProblem) in
                    var block: [UInt8] = []
                    var reached = [Int](repeating: 0, count: files.count)
                    var row = 0
                    for index in steps.indices {
                        row += steps[index]
                        let file = fileNumbers[index]
                        reached[file] += lineSteps[index]
                        guard row > 0, row < rows.count else {
                            throw DeltaProblem("delta_result", "its provenance speaks of a row that is not there")
                        }
                        let values = rows.cells(row, first: width)
                        for column in shape.columns.indices {
                            if column > 0 { block.append(UInt8(ascii: ",")) }
                            switch column {
                            case roles[0]: block.append(contentsOf: name.utf8)
                            case roles[1]: block.appendCell(files[file])
                            case roles[2]: block.append(contentsOf: String(reached[file]).utf8)
                            default:
                                let key = keys.first { $0.column == column }
                                if let place = key?.target, place < values.count {
                                    block.append(contentsOf: values[place])
                                }
                            }
                        }
                        block.append(0x0A)
                    }
                    return block
                }
            }
        }
        return csv
    }
}

extension JSONValue {
    /// Numbers, of which equal ones may be given as [number, count]; `nil` when there are more than `most`.
    fileprivate func numbers(atMost most: Int) -> [Int]? {
        var numbers: [Int] = []
        for element in elements {
            let pair = element.elements
            let count = pair.isEmpty ? 1 : pair.count == 2 ? pair[1].integer : nil
            guard let number = pair.isEmpty ? element.integer : pair[0].integer, let count, count > 0,
                count <= most - numbers.count, abs(number) < 1 << 40
            else { return nil }
            numbers.append(contentsOf: repeatElement(number, count: count))
        }
        return numbers
    }
}

extension Delta {
    /// The CSV of HEAD's provenance, proven by its hash.
    /// - Parameter tables: the CSV of HEAD's other tables.
    func head(
        of provenance: DeltaProvenance, over tables: [(name: String, bytes: [UInt8])]
    ) throws(IngestError) -> [UInt8] {
        let shapes = Dictionary(uniqueKeysWithValues: self.tables.map { ($0.shape.name, $0.shape) })
        do throws(DeltaProblem) {
            let csv = try provenance.csv(
                over: tables.compactMap { table in shapes[table.name].map { ($0, table.bytes) } })
            guard Digest.hex(csv) == provenance.sha256 else {
                throw DeltaProblem("delta_result", "the provenance that comes out is not that of \(head.name)")
            }
            return csv
        } catch {
            throw error.error(
                at: Place(ProvenanceDelta.file), hint: "Take the whole of \(head.name). Nothing was changed.")
        }
    }
}
