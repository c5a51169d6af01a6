private import CLibcsv

/// Rows of CSV fields in one flat buffer: field `i` ends at `ends[i]`, row `r` holds the fields before
/// `rowEnds[r]` and began on line `lines[r]`.
public struct CSVRows: Sendable {
    @usableFromInline var bytes: [UInt8] = []
    @usableFromInline var ends: [UInt32] = []
    public fileprivate(set) var rowEnds: [UInt32] = []
    public fileprivate(set) var lines: [UInt32] = []

    public init() {}

    /// Adds a field to the row being built.
    @inlinable
    public mutating func append(field: some Collection<UInt8>) {
        bytes.append(contentsOf: field)
        ends.append(UInt32(bytes.count))
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
    public subscript(field field: Int) -> ArraySlice<UInt8> {
        bytes[(field == 0 ? 0 : Int(ends[field - 1]))..<Int(ends[field])]
    }

    /// What `body` makes of a field's bytes, read where they lie.
    @inlinable
    public func read<Result>(field: Int, _ body: (Slice<UnsafeBufferPointer<UInt8>>) -> Result) -> Result {
        let range = (field == 0 ? 0 : Int(ends[field - 1]))..<Int(ends[field])
        return bytes.withUnsafeBufferPointer { body($0[range]) }
    }

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

/// Splits `bytes` by RFC 4180 with libcsv, strictly: a quote inside an unquoted field or one that is never
/// closed is an error. Blanks are kept, blank lines are skipped but counted.
/// - Throws: ``CSVError`` with the line where the rule was broken.
public func tokeniseCSV(_ bytes: some Collection<UInt8>) throws(CSVError) -> CSVRows {
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

    let text = ContiguousArray(bytes)
    var rows = CSVRows()
    // An array made without room is the one empty array of all threads, and its count is written all the same.
    if text.isEmpty { return rows }
    var line = 1
    var failed = false
    // Fields have no more bytes than the text, and one byte at least parts each from the next. Room that nothing is
    // written to costs nothing.
    rows.ends = Array(unsafeUninitializedCapacity: text.count + 1) { ends, endCount in
        rows.bytes = Array(unsafeUninitializedCapacity: text.count) { bytes, byteCount in
            var scanner = Scanner(bytes: bytes, ends: ends)
            failed = text.withUnsafeBytes { text in
                withUnsafeMutablePointer(to: &scanner) { scanner in
                    csv_parse(&parser, text.baseAddress, text.count, atField, atRowEnd, scanner) != text.count
                        || csv_fini(&parser, atField, atRowEnd, scanner) != 0
                }
            }
            byteCount = scanner.byteCount
            endCount = scanner.endCount
            rows.rowEnds = scanner.rowEnds
            rows.lines = scanner.lines
            line = scanner.line
        }
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
    let bytes: UnsafeMutableBufferPointer<UInt8>
    let ends: UnsafeMutableBufferPointer<UInt32>
    var byteCount = 0
    var endCount = 0
    var rowEnds: [UInt32] = []
    var lines: [UInt32] = []
    var line = 1
    private var rowLine: UInt32?

    init(bytes: UnsafeMutableBufferPointer<UInt8>, ends: UnsafeMutableBufferPointer<UInt32>) {
        self.bytes = bytes
        self.ends = ends
    }

    mutating func field(_ field: UnsafeRawBufferPointer) {
        if rowLine == nil { rowLine = UInt32(line) }
        for byte in field {
            if byte == UInt8(ascii: "\n") { line += 1 }
            bytes[byteCount] = byte
            byteCount += 1
        }
        ends[endCount] = UInt32(byteCount)
        endCount += 1
    }

    /// Called at every CR and LF outside quotes, and with -1 at the end of a file without a last line end.
    mutating func endRow(_ terminator: Int32) {
        if let rowLine {
            rowEnds.append(UInt32(endCount))
            lines.append(rowLine)
            self.rowLine = nil
        }
        if terminator == 0x0A { line += 1 }
    }
}
