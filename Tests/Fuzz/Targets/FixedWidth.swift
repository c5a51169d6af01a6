import Model
import Parse

/// Fixed-width records are read or refused, and a field is what stands at its bytes in its line.
func checkFixedWidth(_ bytes: [UInt8]) throws(BrokenPromise) { try TableInput(bytes).check(.txt) }

/// Holds fields of plain ASCII against the bytes that the layout names.
func promiseSlices(_ raw: RawTable, of bytes: [UInt8]) throws(BrokenPromise) {
    // A file with a byte order mark is put back into CMS's encoding first.
    guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return }
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    for row in 0..<raw.rowCount {
        let line = lines[Int(raw.lines[row]) - 1]
        for (column, field) in raw.columns.enumerated() {
            guard let position = field.position else { continue }
            let slice = line.dropFirst(position.lowerBound - 1).prefix(position.count)
            guard slice.allSatisfy({ (0x20..<0x7F).contains($0) }) else { continue }
            var expected = Array(slice)
            while expected.last == 0x20 { expected.removeLast() }
            if field.kind != .list { while expected.first == 0x20 { expected.removeFirst() } }
            var found = Array(raw[row, column])
            if field.impliedPlaces > 0, expected.count > field.impliedPlaces {
                expected.insert(UInt8(ascii: "."), at: expected.count - field.impliedPlaces)
            }
            if found.count < expected.count { found += repeatElement(0x20, count: expected.count - found.count) }
            try promise(
                found == expected,
                "\(field.name) at \(raw.place(row: row, column: column)) is \(String(decoding: found, as: UTF8.self)), "
                    + "not \(String(decoding: expected, as: UTF8.self))")
        }
    }
}
