private import CLibcsv

/// Rows of CSV fields: field `i` is `bytes[starts[i]..<ends[i]]`, row `r` holds the fields before `rowEnds[r]` and began
/// on line `lines[r]`. Between fields may lie what parted them.
public struct CSVRows: Sendable {
    @usableFromInline var buffer: [UInt8] = []
    @usableFromInline var starts: [UInt32] = []
    @usableFromInline var ends: [UInt32] = []
    public fileprivate(set) var rowEnds: [UInt32] = []
    public fileprivate(set) var lines: [UInt32] = []

    public init() {}

    @inlinable
    public var bytes: [UInt8] { buffer }

    /// Where each field begins and ends in ``bytes``, for one who keeps them: here no field is left.
    public mutating func takePlaces() -> (starts: [UInt32], ends: [UInt32]) {
        defer { (starts, ends) = ([], []) }
        return (starts, ends)
    }

    /// Makes room for so many fields, of so many bytes together.
    public mutating func reserve(fields: Int, bytes: Int) {
        starts.reserveCapacity(fields)
        ends.reserveCapacity(fields)
        buffer.reserveCapacity(bytes)
    }

    /// Adds a field to the row being built.
    @inlinable
    public mutating func append(field: some Collection<UInt8>) {
        starts.append(UInt32(buffer.count))
        buffer.append(contentsOf: field)
        ends.append(UInt32(buffer.count))
    }

    /// Ends the row being built.
    public mutating func endRow(line: Int) {
        rowEnds.append(UInt32(ends.count))
        lines.append(UInt32(line))
    }

    public var count: Int { lines.count }

    /// The fields of a row, as indices for ``subscript(field:)``.
    @inlinable
    public func fields(of row: Int) -> Range<Int> {
        (row == 0 ? 0 : Int(rowEnds[row - 1]))..<Int(rowEnds[row])
    }

    @inlinable
    public subscript(field field: Int) -> ArraySlice<UInt8> { buffer[Int(starts[field])..<Int(ends[field])] }

    /// A row as strings, for small tables of our own.
    public func strings(of row: Int) -> [String] {
        fields(of: row).map { String(decoding: self[field: $0], as: UTF8.self) }
    }
}

/// The input is not CSV.
public struct CSVError: Error {
    public let line: Int
    public let message: String
}

/// Splits `text`, or what stands before `end` in it, by RFC 4180, strictly: a quote inside an unquoted field or one that
/// is never closed is an error. Blanks are kept, blank lines are skipped but counted. What is not regular is for libcsv
/// to decide.
/// - Throws: ``CSVError`` with the line where the rule was broken.
public func tokeniseCSV(_ text: consuming [UInt8], upTo end: Int? = nil) throws(CSVError) -> CSVRows {
    let count = min(end ?? text.count, text.count)
    // An array made without room is the one empty array of all threads, and its count is written all the same.
    if count == 0 { return CSVRows() }
    guard let regular = regularRows(text, count: count) else { return try rowsByLibcsv(text[..<count]) }
    var rows = regular.rows
    rows.buffer = consume text
    for field in regular.unquoted {
        rows.buffer.replaceSubrange(field.start..<(field.start + field.bytes.count), with: field.bytes)
    }
    return rows
}

/// Where the rows of a text lie that is regular, and what is still to be written over it; `nil` for any other.
private func regularRows(
    _ text: borrowing [UInt8], count: Int
) -> (rows: CSVRows, unquoted: [RegularScanner.Unquoted])? {
    var rows = CSVRows()
    var isRegular = false
    var unquoted: [RegularScanner.Unquoted] = []
    // One byte at least parts each field from the next. Room that nothing is written to costs nothing.
    rows.starts = Array(unsafeUninitializedCapacity: count + 1) { starts, startCount in
        rows.ends = Array(unsafeUninitializedCapacity: count + 1) { ends, endCount in
            text.withUnsafeBufferPointer { text in
                var scanner = RegularScanner(
                    UnsafeBufferPointer(rebasing: text[..<count]), starts: starts, ends: ends)
                isRegular = scanner.scan()
                (startCount, endCount) = (scanner.fieldCount, scanner.fieldCount)
                (rows.rowEnds, rows.lines) = (scanner.rowEnds, scanner.lines)
                unquoted = scanner.unquoted
            }
        }
    }
    return isRegular ? (rows, unquoted) : nil
}

private func rowsByLibcsv(_ text: ArraySlice<UInt8>) throws(CSVError) -> CSVRows {
    var parser = csv_parser()
    guard csv_init(&parser, UInt8(CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL)) == 0 else {
        throw CSVError(line: 0, message: "libcsv could not be initialised")
    }
    defer { csv_free(&parser) }
    // By default libcsv trims spaces around unquoted fields; whether to trim is not the tokeniser's business.
    csv_set_space_func(&parser) { _ in 0 }

    let atField: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> Void = {
        start, count, context in
        guard let context else { return }
        let scanner = context.assumingMemoryBound(to: Scanner.self)
        scanner.pointee.field(UnsafeRawBufferPointer(start: start, count: count))
    }
    let atRowEnd: @convention(c) (Int32, UnsafeMutableRawPointer?) -> Void = { terminator, context in
        guard let context else { return }
        context.assumingMemoryBound(to: Scanner.self).pointee.endRow(terminator)
    }

    var rows = CSVRows()
    var line = 1
    var failed = false
    withUnsafeMutablePointer(to: &rows) { rows in
        var scanner = Scanner(rows: rows)
        failed = text.withUnsafeBytes { text in
            withUnsafeMutablePointer(to: &scanner) { scanner in
                csv_parse(&parser, text.baseAddress, text.count, atField, atRowEnd, scanner) != text.count
                    || csv_fini(&parser, atField, atRowEnd, scanner) != 0
            }
        }
        line = scanner.line
    }
    guard !failed else {
        let reason =
            csv_error(&parser) == CSV_EPARSE
            ? "a quotation mark stands where RFC 4180 allows none, or is never closed"
            : String(cString: csv_strerror(csv_error(&parser)))
        throw CSVError(line: line, message: reason)
    }
    return rows
}

/// Collects what libcsv reports and counts lines, which libcsv does not.
private struct Scanner {
    let rows: UnsafeMutablePointer<CSVRows>
    var line = 1
    private var rowLine: Int?

    init(rows: UnsafeMutablePointer<CSVRows>) { self.rows = rows }

    mutating func field(_ field: UnsafeRawBufferPointer) {
        if rowLine == nil { rowLine = line }
        line += field.count { $0 == 0x0A }
        rows.pointee.append(field: field)
    }

    /// Called at every CR and LF outside quotes, and with -1 at the end of a file without a last line end.
    mutating func endRow(_ terminator: Int32) {
        if let rowLine { rows.pointee.endRow(line: rowLine) }
        rowLine = nil
        if terminator == 0x0A { line += 1 }
    }
}
