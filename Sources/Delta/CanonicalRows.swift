import Foundation

/// A table's CSV as this project writes it (LF behind every row, quotation marks only where they are needed), read row by
/// row where it lies: only what is looked at is taken apart.
///
/// The tables' own reader for the pipeline, with libcsv beside it, is not to be had in an app.
struct CanonicalRows {
    let bytes: UnsafeBufferPointer<UInt8>
    /// Where each row begins, the header first, and the end behind the last.
    private let starts: [Int]

    /// As many cells as most rows have.
    private static let commonWidth = 40

    /// A row's cell as it lies there, with its quotation marks if it has any.
    typealias Cell = Slice<UnsafeBufferPointer<UInt8>>

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        var starts = [0]
        if let base = bytes.baseAddress {
            func next(_ byte: UInt8, from position: Int) -> Int {
                guard position < bytes.count,
                    let found = memchr(base + position, Int32(byte), bytes.count - position)
                else { return bytes.count }
                return UnsafeRawPointer(found) - UnsafeRawPointer(base)
            }
            starts.reserveCapacity(bytes.count / 64 + 2)
            var position = 0
            var quote = next(UInt8(ascii: "\""), from: 0)
            while position < bytes.count {
                var end = next(UInt8(ascii: "\n"), from: position)
                // A line end between quotation marks belongs to a text.
                while quote < end {
                    let closing = next(UInt8(ascii: "\""), from: quote + 1)
                    if closing > end { end = next(UInt8(ascii: "\n"), from: closing) }
                    quote = next(UInt8(ascii: "\""), from: closing + 1)
                }
                position = min(end + 1, bytes.count)
                starts.append(position)
            }
        }
        self.starts = starts
    }

    /// How many rows there are, the header among them.
    var count: Int { starts.count - 1 }

    /// A row with its line end.
    func line(_ row: Int) -> Cell { bytes[starts[row]..<starts[row + 1]] }

    /// The first cells of a row, or all of them.
    func cells(_ row: Int, first count: Int = .max) -> [Cell] {
        var cells: [Cell] = []
        cells.reserveCapacity(min(count, Self.commonWidth))
        let end = starts[row + 1]
        var start = starts[row]
        while start < end, cells.count < count {
            let stop = endOfCell(from: start, end)
            cells.append(bytes[start..<stop])
            start = stop + 1
        }
        return cells
    }

    /// The first `count` cells of a row with the commas between them: as this form is the only one that a value has, equal
    /// bytes are equal values.
    func prefix(_ row: Int, cells count: Int) -> RowKey {
        let end = starts[row + 1]
        let start = starts[row]
        var stop = start - 1
        for _ in 0..<count { stop = endOfCell(from: stop + 1, end) }
        return RowKey(bytes: UnsafeBufferPointer(rebasing: bytes[start..<max(start, stop)]))
    }

    private func endOfCell(from start: Int, _ end: Int) -> Int {
        var position = start
        if position < end, bytes[position] == UInt8(ascii: "\"") {
            position += 1
            while position < end {
                if bytes[position] == UInt8(ascii: "\"") {
                    guard position + 1 < end, bytes[position + 1] == UInt8(ascii: "\"") else { break }
                    position += 1
                }
                position += 1
            }
        }
        while position < end, bytes[position] != UInt8(ascii: ","), bytes[position] != 0x0A { position += 1 }
        return position
    }

    /// Gives `body` the rows of bytes.
    static func read<Value>(
        _ bytes: borrowing [UInt8], _ body: (CanonicalRows) throws(DeltaProblem) -> Value
    ) throws(DeltaProblem) -> Value {
        try bytes.withUnsafeBufferPointer { bytes throws(DeltaProblem) in try body(CanonicalRows(bytes)) }
    }
}

/// The bytes of a row's key, valid for as long as the table's are.
struct RowKey: Hashable {
    let bytes: UnsafeBufferPointer<UInt8>

    static func == (left: RowKey, right: RowKey) -> Bool { order(left, right) == 0 }

    static func < (left: RowKey, right: RowKey) -> Bool { order(left, right) < 0 }

    func hash(into hasher: inout Hasher) { hasher.combine(bytes: UnsafeRawBufferPointer(bytes)) }

    /// Below zero where the left comes first, zero where they are the same.
    static func order(_ left: RowKey, _ right: RowKey) -> Int {
        haveOrder(UnsafeRawBufferPointer(left.bytes), UnsafeRawBufferPointer(right.bytes))
    }
}

/// How two pieces of memory compare byte by byte.
func haveOrder(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let count = min(left.count, right.count)
    if count > 0, let first = left.baseAddress, let second = right.baseAddress {
        let order = memcmp(first, second, count)
        if order != 0 { return Int(order) }
    }
    return left.count - right.count
}

extension Slice<UnsafeBufferPointer<UInt8>> {
    /// Whether both have the same bytes.
    func hasSameBytes(as other: Self) -> Bool {
        count == other.count
            && haveOrder(
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: self)),
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: other))) == 0
    }

    /// A cell's value: what stands between its quotation marks, those within it once.
    var unquoted: [UInt8] {
        guard first == UInt8(ascii: "\""), count >= 2 else { return Array(self) }
        var value: [UInt8] = []
        value.reserveCapacity(count)
        var isSecond = false
        for byte in dropFirst().dropLast() {
            isSecond = byte == UInt8(ascii: "\"") && !isSecond
            if !isSecond { value.append(byte) }
        }
        return value
    }
}

extension [UInt8] {
    /// Appends a value as a cell of RFC 4180: quotation marks only where they are needed.
    mutating func appendCell(_ value: some Collection<UInt8>) {
        guard value.contains(where: { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }) else {
            append(contentsOf: value)
            return
        }
        append(UInt8(ascii: "\""))
        for byte in value {
            if byte == UInt8(ascii: "\"") { append(byte) }
            append(byte)
        }
        append(UInt8(ascii: "\""))
    }
}
