import CSV
import TestSupport
import Testing

@Suite("The CSV tokeniser")
struct CSVTests {
    /// Rows with the lines on which they begin.
    private func rows(_ text: String) throws -> [(line: Int, cells: [String])] {
        let rows = try tokeniseCSV(Array(text.utf8))
        return (0..<rows.count).map { (Int(rows.lines[$0]), rows.strings(of: $0)) }
    }

    private func errorLine(_ text: String) -> Int? {
        do throws(CSVError) {
            _ = try tokeniseCSV(Array(text.utf8))
            return nil
        } catch { return error.line }
    }

    @Test(
        "Fields are split at commas outside quotes",
        arguments: [
            ("a,b\n", ["a", "b"]), ("\"a,b\",c\n", ["a,b", "c"]), ("\"a\"\"b\"\n", ["a\"b"]), (",,\n", ["", "", ""]),
            ("\"\"\n", [""]), ("a,\n", ["a", ""]), ("a", ["a"]), ("\"a\nb\",c\n", ["a\nb", "c"]),
            ("\"a\r\nb\"\r\n", ["a\r\nb"]),
        ])
    func fields(text: String, cells: [String]) throws {
        let found = try rows(text)
        #expect(found.map(\.cells) == [cells])
    }

    @Test("Blanks around fields are kept")
    func blanks() throws {
        let found = try rows(" a , b\t\n  \n")
        #expect(found.map(\.cells) == [[" a ", " b\t"], ["  "]])
    }

    @Test("CRLF and LF give the same rows on the same lines")
    func lineEnds() throws {
        let unix = "a,b\n\nc,\"d\ne\"\nf\n"
        let left = try rows(unix)
        let right = try rows(unix.replacing("\n", with: "\r\n"))
        #expect(left.map(\.line) == [1, 3, 5])
        #expect(left.map(\.line) == right.map(\.line))
        #expect(left.map(\.cells) == right.map { $0.cells.map { $0.replacing("\r\n", with: "\n") } })
    }

    @Test("Blank lines are left out and counted")
    func blankLines() throws {
        let found = try rows("\n\na\n\n\nb\n")
        #expect(found.map(\.line) == [3, 6])
    }

    @Test("A line break inside quotes moves the lines behind it")
    func embeddedLineBreaks() throws {
        let found = try rows("a\n\"1\n2\n3\"\nb\n")
        #expect(found.map(\.line) == [1, 2, 5])
    }

    @Test("A file without rows has none", arguments: ["", "\n", "\r\n\r\n"])
    func empty(text: String) throws { #expect(try rows(text).isEmpty) }

    @Test(
        "A quote that is never closed is an error where it opens",
        arguments: [("a\nb,\"c\nd\ne\n", 2), ("\"", 1), ("x\r\n\r\n\"y", 3)])
    func unterminated(text: String, line: Int) { #expect(errorLine(text) == line) }

    @Test(
        "A stray quote is an error on its line",
        arguments: [("a\nb\"c\n", 2), ("\"a\"b\n", 1), ("a\n\nb,\"c\" ,d\n", 3)])
    func stray(text: String, line: Int) { #expect(errorLine(text) == line) }

    @Test(
        "The tokeniser agrees with a plain reader of RFC 4180 on random input", arguments: 1...40 as ClosedRange<UInt64>
    )
    func againstReference(seed: UInt64) throws {
        var random = SeededRandom(seed)
        for _ in 0..<500 {
            let bytes = random.bytes(of: Array("ab,,\"\"\n\r ".utf8), count: 0...24)
            let expected = reference(bytes)
            do throws(CSVError) {
                let rows = try tokeniseCSV(bytes)
                let found = (0..<rows.count).map { rows.fields(of: $0).map { Array(rows[field: $0]) } }
                #expect(found == expected, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            } catch {
                #expect(expected == nil, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            }
        }
    }

    /// A lone CR behind the last line adds no row, and makes a text that libcsv has to split.
    @Test("Regular text is split as libcsv splits it, with the same lines", arguments: 1...40 as ClosedRange<UInt64>)
    func asLibcsv(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let pieces = [
            "a", "0.00", "99213", "a b", "\u{20AC}", ",", ",", ",,", "\"x\"", "\"a,\"\"b\n\"", "\"\"", "\n", "\r\n",
            "\"" + String(repeating: "a,\n", count: 30) + "\"",
        ]
        for _ in 0..<500 {
            let count = Int.random(in: 0...40, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined() + "\n"
            func rows(_ text: String) -> [String]? {
                (try? tokeniseCSV(Array(text.utf8))).map { rows in
                    (0..<rows.count).map { "\(rows.lines[$0]): \(rows.strings(of: $0))" }
                }
            }
            #expect(rows(text) == rows(text + "\r"), "\(text.debugDescription)")
        }
    }

    /// Rows of fields, `nil` where the text breaks a rule.
    private func reference(_ bytes: [UInt8]) -> [[[UInt8]]]? {
        var rows: [[[UInt8]]] = []
        var position = 0
        func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }
        let ends: Set<UInt8> = [0x0A, 0x0D]
        while let first = peek() {
            if ends.contains(first) {
                position += 1
                continue
            }
            var row: [[UInt8]] = []
            while true {
                var field: [UInt8] = []
                if peek() == UInt8(ascii: "\"") {
                    position += 1
                    while true {
                        guard let byte = peek() else { return nil }
                        position += 1
                        if byte == UInt8(ascii: "\"") {
                            guard peek() == byte else { break }
                            position += 1
                        }
                        field.append(byte)
                    }
                } else {
                    while let byte = peek(), byte != UInt8(ascii: ","), !ends.contains(byte) {
                        if byte == UInt8(ascii: "\"") { return nil }
                        field.append(byte)
                        position += 1
                    }
                }
                row.append(field)
                guard let next = peek(), !ends.contains(next) else { break }
                guard next == UInt8(ascii: ",") else { return nil }
                position += 1
            }
            rows.append(row)
        }
        return rows
    }
}
