import CSV
import TestSupport
import Testing

@Suite("Tables of our own")
struct CanonicalCSVTests {
    private func rows(_ table: CanonicalCSV) -> [[String]] { (0..<table.count).map { table.strings(of: $0) } }

    @Test("Cells are found 64 bytes at a time as byte by byte", arguments: 1...40 as ClosedRange<UInt64>)
    func agreesWithTheTokeniser(seed: UInt64) throws {
        var random = SeededRandom(seed)
        for _ in 0..<500 {
            let width = Int.random(in: 2...4, using: &random)
            let texts = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                (0..<width).map { _ in
                    String(
                        decoding: random.bytes(
                            of: Array("ab 019.-,\"\n\r".utf8),
                            count: 0...(Int.random(in: 0...9, using: &random) == 0 ? 150 : 12)), as: UTF8.self)
                }
            }
            let text = texts.map { $0.map(quoted).joined(separator: ",") + "\n" }.joined()
            let whole = try CanonicalCSV(text)
            #expect(rows(whole) == texts, "\(text.debugDescription)")
            let tokens = try tokeniseCSV(Array(text.utf8))
            #expect((0..<tokens.count).map { tokens.strings(of: $0) } == texts)
            // The last line end may be missing.
            #expect(try rows(CanonicalCSV(text.dropLast())) == texts, "\(text.debugDescription)")
            for row in 0..<whole.count {
                for column in 0..<width {
                    #expect(whole.isEmpty(row, column) == texts[row][column].isEmpty)
                    let other = texts.count - 1 - row
                    let order = whole.compare(row, column, to: whole, other, width - 1)
                    let (left, right) = (texts[row][column].utf8, texts[other][width - 1].utf8)
                    #expect((order < 0) == left.lexicographicallyPrecedes(right))
                    #expect((order == 0) == left.elementsEqual(right))
                    #expect(whole.isEqual(row: row, to: whole, row: other) == (texts[row] == texts[other]))
                }
            }
        }
    }

    @Test(
        "What no table of ours is, is refused at its row",
        arguments: [
            ("a,b\n1\n", 2), ("a,b\n1,2\n1,2,3\n", 3), ("a,b\n1,2\n\n", 3), ("a\"b,c\n", 1), ("a,b\n\"1,2\n", 2),
            ("a,b\n\"1\"2,3\n", 2), ("\"", 1), ("a,b\n1,\"\n", 2),
        ])
    func refusals(text: String, row: Int) {
        #expect(throws: CSVError.self) { try CanonicalCSV(text) }
        do { _ = try CanonicalCSV(text) } catch { #expect(error.line == row, "\(error)") }
    }

    @Test("Nothing breaks the reader", arguments: 1...20 as ClosedRange<UInt64>)
    func anyBytes(seed: UInt64) {
        var random = SeededRandom(seed)
        for _ in 0..<2000 {
            let bytes = random.bytes(of: Array("a,,\"\"\n\n.\u{0}".utf8), count: 0...200)
            guard let table = try? CanonicalCSV(MappedFile(bytes)) else { continue }
            #expect(rows(table).allSatisfy { $0.count == table.width })
        }
    }

    @Test("An empty table has no rows")
    func empty() throws {
        #expect(CanonicalCSV().count == 0)
        #expect(try CanonicalCSV("").count == 0)
    }

    private func quoted(_ cell: String) -> String {
        cell.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0A, 0x0D].contains($0) }
            ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell
    }
}
