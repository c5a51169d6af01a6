/// Splits regular CSV 64 bytes at a time: rows that end with LF or CRLF, quotation marks around whole fields and
/// doubled within them. Where anything else stands it gives up, and libcsv decides.
struct RegularScanner {
    struct Unquoted {
        let start: Int
        let bytes: [UInt8]
    }

    private let text: UnsafeBufferPointer<UInt8>
    /// Where each field begins, and where it ends.
    private let starts: UnsafeMutableBufferPointer<UInt32>
    private let ends: UnsafeMutableBufferPointer<UInt32>
    private(set) var fieldCount = 0
    /// Fields that hold doubled quotation marks: what is to be written over them, with these once.
    private(set) var unquoted: [Unquoted] = []
    private(set) var rowEnds: [UInt32] = []
    private(set) var lines: [UInt32] = []

    private var line = 1
    private var rowLine = 1
    /// The first field of the row being read.
    private var rowStart = 0

    /// - Parameters:
    ///   - starts: has room for a field for each byte of the text, as `ends` has.
    init(
        _ text: UnsafeBufferPointer<UInt8>, starts: UnsafeMutableBufferPointer<UInt32>,
        ends: UnsafeMutableBufferPointer<UInt32>
    ) {
        self.text = text
        self.starts = starts
        self.ends = ends
    }

    /// - Returns: whether the text is regular to its end; what was found is of no use where it is not.
    mutating func scan() -> Bool {
        var start = 0
        var position = 0
        blocks: while position < text.count {
            var marks = text.csvMarks(at: position)
            while marks != 0 {
                let found = position &+ marks.trailingZeroBitCount
                marks &= marks &- 1
                switch text[found] {
                case UInt8(ascii: ","):
                    add(start, found)
                    start = found &+ 1
                    continue
                case 0x0A:
                    endRow(start, found)
                    start = found &+ 1
                    continue
                case 0x0D:
                    guard found &+ 1 < text.count, text[found &+ 1] == 0x0A else { return false }
                    endRow(start, found)
                    start = found &+ 2
                case UInt8(ascii: "\""):
                    guard found == start, let end = quoted(from: found) else { return false }
                    start = end.next
                    if end.isRowEnd { endRow() }
                default: continue
                }
                // What has been read already may have marks here: the LF behind a CR, all within quotation marks.
                guard start &- position < 64 else {
                    position = start
                    continue blocks
                }
                marks &= .max &<< UInt64(start &- position)
            }
            position &+= 64
        }
        if start < text.count || fieldCount > rowStart {
            add(start, text.count)
            endRow()
        }
        return true
    }

    @inline(__always)
    private mutating func add(_ start: Int, _ end: Int) {
        starts[fieldCount] = UInt32(truncatingIfNeeded: start)
        ends[fieldCount] = UInt32(truncatingIfNeeded: end)
        fieldCount &+= 1
    }

    /// Ends the row with the field from `start`; a line without a byte is none.
    @inline(__always)
    private mutating func endRow(_ start: Int, _ end: Int) {
        if start == end, fieldCount == rowStart {
            line &+= 1
            rowLine = line
        } else {
            add(start, end)
            endRow()
        }
    }

    private mutating func endRow() {
        rowEnds.append(UInt32(truncatingIfNeeded: fieldCount))
        lines.append(UInt32(truncatingIfNeeded: rowLine))
        rowStart = fieldCount
        line &+= 1
        rowLine = line
    }

    /// Adds the field within the quotation marks that begin at `opening`.
    /// - Returns: where the text goes on, and whether the row ends with the field; `nil` for what is not regular.
    private mutating func quoted(from opening: Int) -> (next: Int, isRowEnd: Bool)? {
        var position = opening + 1
        var copied: [UInt8]?
        while position < text.count {
            let byte = text[position]
            if byte != UInt8(ascii: "\"") {
                if byte == 0x0A { line += 1 }
                copied?.append(byte)
                position += 1
            } else if position + 1 < text.count, text[position + 1] == UInt8(ascii: "\"") {
                copied = (copied ?? Array(text[(opening + 1)..<position])) + [byte]
                position += 2
            } else {
                break
            }
        }
        guard position < text.count else { return nil }
        if let copied { unquoted.append(Unquoted(start: opening + 1, bytes: copied)) }
        add(opening + 1, opening + 1 + (copied?.count ?? position - opening - 1))
        let next = position + 1
        switch next < text.count ? text[next] : 0 {
        case UInt8(ascii: ","): return (next + 1, false)
        case 0x0A: return (next + 1, true)
        case 0x0D where next + 1 < text.count && text[next + 1] == 0x0A: return (next + 2, true)
        default: return nil
        }
    }
}
