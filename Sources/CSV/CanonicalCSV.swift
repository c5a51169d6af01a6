/// A table of the dataset as this program writes it: LF behind every row, quotation marks where they are needed, as
/// many cells in every row. The bytes stay where they lie, and only where each cell ends is noted.
///
/// CMS's files, which people save again with other programs, are for ``tokeniseCSV(_:)``.
public struct CanonicalCSV: Sendable {
    /// The bytes that its cells lie in.
    public let source: MappedFile
    /// By row, then column: the comma or line end behind each cell.
    @usableFromInline let ends: [UInt32]
    /// How many cells each row has.
    public let width: Int
    /// How many rows there are, the header among them.
    public let count: Int

    /// A table without rows.
    public init() {
        source = MappedFile([])
        ends = []
        width = 0
        count = 0
    }

    /// Finds the cells of a file.
    /// - Throws: ``CSVError`` where a quotation mark stands in the wrong place, or a row is not as wide as the first.
    public init(_ source: MappedFile) throws(CSVError) {
        guard source.bytes.count < UInt32.max else {
            throw CSVError(line: 0, message: "it has more than four gigabytes")
        }
        self.source = source
        var scanner = CellScanner(bytes: source.bytes)
        // Room for cells costs nothing until it is written to.
        ends = Array(unsafeUninitializedCapacity: source.bytes.count + 1) { buffer, count in
            scanner.scan(into: buffer)
            count = scanner.cells
        }
        if let error = scanner.error { throw error }
        width = scanner.width
        count = scanner.rows
    }

    /// Finds the cells of a text.
    /// - Throws: as ``init(_:)``.
    public init(_ text: some StringProtocol) throws(CSVError) { try self.init(MappedFile(Array(text.utf8))) }

    // MARK: Cells

    /// Gives `body` the bytes of a cell, without quotation marks around them. They are gone when it returns.
    @inlinable
    public func withBytes<Value>(
        _ row: Int, _ column: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Value
    ) rethrows -> Value {
        let (raw, isQuoted) = raw(row, column)
        if isQuoted { return try unquoted(raw).withUnsafeBufferPointer(body) }
        return try withExtendedLifetime(self) { try body(raw) }
    }

    /// A cell as text.
    public func text(_ row: Int, _ column: Int) -> String {
        withBytes(row, column) { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a cell is empty.
    @inlinable
    public func isEmpty(_ row: Int, _ column: Int) -> Bool {
        let (raw, isQuoted) = raw(row, column)
        return raw.isEmpty || isQuoted && raw.count == 2
    }

    /// Whether a cell has the same bytes as one of another table.
    @inlinable
    public func isEqual(_ row: Int, _ column: Int, to other: CanonicalCSV, _ otherRow: Int, _ otherColumn: Int) -> Bool
    {
        let (left, isQuoted) = raw(row, column)
        let (right, isOtherQuoted) = other.raw(otherRow, otherColumn)
        guard isQuoted == isOtherQuoted else { return compare(row, column, to: other, otherRow, otherColumn) == 0 }
        return withExtendedLifetime((self, other)) { haveSameBytes(left, right) }
    }

    /// Below zero where a cell's bytes come before those of another, zero where they are the same.
    @inlinable
    public func compare(_ row: Int, _ column: Int, to other: CanonicalCSV, _ otherRow: Int, _ otherColumn: Int) -> Int {
        let (left, isQuoted) = raw(row, column)
        let (right, isOtherQuoted) = other.raw(otherRow, otherColumn)
        if isQuoted || isOtherQuoted {
            return withBytes(row, column) { left in
                other.withBytes(otherRow, otherColumn) { right in compareBytes(left, right) }
            }
        }
        return withExtendedLifetime((self, other)) { compareBytes(left, right) }
    }

    /// Whether a row has the same bytes as one of another table, which has the same columns.
    public func isEqual(row: Int, to other: CanonicalCSV, row otherRow: Int) -> Bool {
        let (left, right) = (line(row), other.line(otherRow))
        return withExtendedLifetime((self, other)) { haveSameBytes(left, right) }
    }

    /// A row as strings.
    public func strings(of row: Int) -> [String] { (0..<width).map { text(row, $0) } }

    // MARK: Bytes as they lie

    @inlinable
    func raw(_ row: Int, _ column: Int) -> (bytes: UnsafeBufferPointer<UInt8>, isQuoted: Bool) {
        let cell = row &* width &+ column
        let end = Int(ends[cell])
        let start = cell == 0 ? 0 : Int(ends[cell &- 1]) &+ 1
        let bytes = UnsafeBufferPointer(start: source.bytes.baseAddress?.advanced(by: start), count: end &- start)
        return (bytes, end > start && bytes[0] == UInt8(ascii: "\""))
    }

    /// What stands between the quotation marks of a cell, those within it once.
    @usableFromInline
    func unquoted(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var isSecond = false
        for byte in raw.dropFirst().dropLast() {
            isSecond = byte == UInt8(ascii: "\"") && !isSecond
            if !isSecond { bytes.append(byte) }
        }
        return bytes
    }

    private func line(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        let start = row == 0 ? 0 : Int(ends[row * width - 1]) + 1
        return UnsafeBufferPointer(rebasing: source.bytes[start..<Int(ends[(row + 1) * width - 1])])
    }
}

@inlinable
func compareBytes(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    for index in 0..<min(left.count, right.count) where left[index] != right[index] {
        return left[index] < right[index] ? -1 : 1
    }
    return left.count - right.count
}

/// Finds where cells end, 64 bytes at a time.
private struct CellScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    var cells = 0
    var rows = 0
    var width = 0
    var error: CSVError?

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func scan(into ends: UnsafeMutableBufferPointer<UInt32>) {
        // What is counted for each cell stays out of memory: in variables of this function's own.
        var cells = 0
        var start = 0
        defer { self.cells = cells }
        var position = 0
        blocks: while position < bytes.count {
            var marks = bytes.csvMarks(at: position)
            while marks != 0 {
                let found = position &+ marks.trailingZeroBitCount
                marks &= marks &- 1
                let byte = bytes[found]
                if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") {
                    ends[cells] = UInt32(truncatingIfNeeded: found)
                    cells &+= 1
                    start = found &+ 1
                    if byte == UInt8(ascii: "\n"), !endRow(cells) { return }
                } else if byte == UInt8(ascii: "\"") {
                    guard found == start, let end = endOfQuoted(from: found) else {
                        error = CSVError(
                            line: rows + 1,
                            message: "a quotation mark stands where RFC 4180 allows none, or is never closed")
                        return
                    }
                    guard end &- position < 64 else {
                        position = end
                        continue blocks
                    }
                    marks &= .max &<< UInt64(end &- position)
                }
            }
            position += 64
        }
        guard start < bytes.count || cells > rows * width else { return }
        // The last row has no line end.
        ends[cells] = UInt32(truncatingIfNeeded: bytes.count)
        cells += 1
        _ = endRow(cells)
    }

    /// - Returns: whether the row is as wide as the first.
    private mutating func endRow(_ cells: Int) -> Bool {
        if rows == 0 { width = cells }
        rows += 1
        if cells == rows * width { return true }
        error = CSVError(line: rows, message: "the row has not as many columns as the first")
        return false
    }

    /// Where the comma or line end behind a quoted cell stands; `nil` where none does.
    private func endOfQuoted(from opening: Int) -> Int? {
        var position = opening + 1
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "\"") else {
                position += 1
                continue
            }
            let next = position + 1 < bytes.count ? bytes[position + 1] : UInt8(ascii: "\n")
            if next == UInt8(ascii: ",") || next == UInt8(ascii: "\n") { return position + 1 }
            guard next == UInt8(ascii: "\"") else { return nil }
            position += 2
        }
        return nil
    }
}
