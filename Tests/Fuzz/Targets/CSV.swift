import CLibcsv
import CSV
import Model
import Parse

/// The tokeniser finds the rows that libcsv finds, and what it found is read again when it is written as CSV; any table
/// is read from it or refused with a place.
func checkCSV(_ bytes: [UInt8]) throws(BrokenPromise) {
    let input = TableInput(bytes)
    try checkTokens(Array(input.contents))
    try input.check(.csv)
}

private func checkTokens(_ bytes: [UInt8]) throws(BrokenPromise) {
    let reference = ReferenceRows(bytes)
    let rows: CSVRows
    do throws(CSVError) { rows = try tokeniseCSV(bytes) } catch {
        try promise(reference.isRefused, "refused at line \(error.line), where libcsv accepts: \(error.message)")
        return try promise(error.line >= 1 && !error.message.isEmpty, "no place or no reason")
    }
    try promise(!reference.isRefused, "accepted, where libcsv refuses")
    let found = fields(rows)
    try promise(found == reference.rows, "not the rows of libcsv")

    let lineCount = bytes.count { $0 == 0x0A } + 1
    let lines = rows.lines.map(Int.init)
    try promise(
        zip(lines, lines.dropFirst()).allSatisfy { $0 <= $1 } && lines.allSatisfy { (1...lineCount).contains($0) },
        "rows on lines \(lines) of \(lineCount)")

    var written: [UInt8] = []
    for row in found {
        for (index, field) in row.enumerated() {
            if index > 0 { written.append(UInt8(ascii: ",")) }
            written.append(UInt8(ascii: "\""))
            for byte in field { written += byte == UInt8(ascii: "\"") ? [byte, byte] : [byte] }
            written.append(UInt8(ascii: "\""))
        }
        written.append(0x0A)
    }
    let again: CSVRows
    do throws(CSVError) { again = try tokeniseCSV(written) } catch {
        throw BrokenPromise("written again it is refused: \(error.message)")
    }
    try promise(fields(again) == found, "written and read again it differs")
}

private func fields(_ rows: CSVRows) -> [[[UInt8]]] {
    (0..<rows.count).map { row in rows.fields(of: row).map { Array(rows[field: $0]) } }
}

/// What libcsv reports, kept in the plainest way.
private struct ReferenceRows {
    var rows: [[[UInt8]]] = []
    var isRefused = false
    private var row: [[UInt8]] = []

    init(_ bytes: [UInt8]) {
        var parser = csv_parser()
        guard csv_init(&parser, UInt8(CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL)) == 0 else {
            fatalError("libcsv could not be initialised")
        }
        defer { csv_free(&parser) }
        csv_set_space_func(&parser) { _ in 0 }
        let atField: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> Void = {
            $2?.assumingMemoryBound(to: ReferenceRows.self).pointee.row
                .append(Array(UnsafeRawBufferPointer(start: $0, count: $1)))
        }
        let atRowEnd: @convention(c) (Int32, UnsafeMutableRawPointer?) -> Void = {
            $1?.assumingMemoryBound(to: ReferenceRows.self).pointee.endRow()
        }
        var collected = self
        let isRead = bytes.withUnsafeBytes { buffer in
            withUnsafeMutablePointer(to: &collected) { rows in
                csv_parse(&parser, buffer.baseAddress, buffer.count, atField, atRowEnd, rows) == buffer.count
                    && csv_fini(&parser, atField, atRowEnd, rows) == 0
            }
        }
        self = collected
        isRefused = !isRead
    }

    private mutating func endRow() {
        if !row.isEmpty { rows.append(row) }
        row = []
    }
}
