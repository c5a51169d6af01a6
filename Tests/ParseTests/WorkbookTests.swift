import CSV
import Model
import Parse
import Testing

@Suite("Reading the parts of a workbook")
struct WorkbookTests {
    private func rows(sheet: String, strings: String = "", pieces: Int = 1) -> [[String]] {
        var workbook = Workbook()
        workbook.readStrings(Array("<sst>\(strings)</sst>".utf8))
        let bytes = Array("<worksheet><sheetData>\(sheet)</sheetData></worksheet>".utf8)
        let size = max(1, bytes.count / pieces)
        for start in stride(from: 0, to: bytes.count, by: size) {
            workbook.readSheet(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        return (0..<workbook.rows.count).map { workbook.rows.strings(of: $0) }
    }

    @Test("Cells stand in their own columns, and what is left out between them is empty")
    func gaps() {
        let sheet = #"<row r="3"><c r="B3"><v>1</v></c><c r="D3" s="2"/><c r="AB3"><v>2</v></c></row>"#
        let row = rows(sheet: sheet)[0]
        #expect(row.count == 28)
        #expect(row[1] == "1" && row[27] == "2" && row[0].isEmpty && row[3].isEmpty)
    }

    @Test("A row without a number is the one behind the last")
    func unnumberedRows() {
        var workbook = Workbook()
        let cell = "<c r=\"A1\"><v>1</v></c>"
        workbook.readSheet(Array("<row>\(cell)</row><row/><row>\(cell)</row><row r=\"8\">\(cell)</row>".utf8))
        #expect(workbook.rows.lines == [1, 3, 8])
    }

    @Test("Shared strings keep their references, runs and escapes")
    func sharedStrings() {
        let strings =
            "<si><t>A &amp; B</t></si><si><r><rPr><b/></rPr><t>one </t></r><r><t xml:space=\"preserve\">two</t></r></si>"
            + "<si><t/></si><si><t>_x001A_</t></si><si><t>&#233;&lt;&#x41;</t></si>"
        let sheet = (0..<5).map { #"<c r="\#(["A", "B", "C", "D", "E"][$0])1" t="s"><v>\#($0)</v></c>"# }.joined()
        #expect(
            rows(sheet: "<row r=\"1\">\(sheet)</row>", strings: strings)[0] == ["A & B", "one two", "", "", "é<A"])
    }

    @Test(
        "Numbers are what people wrote, not what the spreadsheet's binary fraction prints",
        arguments: [
            ("0.56000000000000005", "0.56"), ("33.400900000000001", "33.4009"), ("0.28999999999999998", "0.29"),
            ("1.4999999999999999E-2", "0.015"), ("1E2", "100"), ("99213", "99213"), ("0", "0"), ("0.10", "0.10"),
            ("9.9999999999999999", "10"), ("9.9999999999999995E-3", "0.01"), ("108.91", "108.91"),
        ])
    func numbers(raw: String, expected: String) {
        #expect(rows(sheet: "<row r=\"1\"><c r=\"A1\"><v>\(raw)</v></c></row>")[0] == [expected])
    }

    @Test(
        "What is no number stays as it is, to be refused where it is read",
        arguments: ["E5", ".E1", "1E", "1E-9223372036854775808", "1E9223372036854775808", "1E2.5", "1.2.3E4", "-1E2"])
    func noNumbers(raw: String) {
        #expect(rows(sheet: "<row r=\"1\"><c r=\"A1\"><v>\(raw)</v></c></row>")[0] == [raw])
    }

    @Test("However the sheet is cut into pieces, the rows are the same", arguments: [1, 2, 7, 50, 400])
    func pieces(count: Int) {
        let sheet = (1...20).map { "<row r=\"\($0)\"><c r=\"A\($0)\"><v>\($0)</v></c></row>" }.joined()
        #expect(rows(sheet: sheet, pieces: count) == (1...20).map { ["\($0)"] })
    }

    @Test("A line break within a cell is a blank, however it is written")
    func lineBreaks() {
        let strings = "<si><t>one,\ntwo</t></si><si><t>one_x000D_two</t></si><si><t>one&#10;two&amp;</t></si>"
        let sheet = (0..<3).map { #"<c r="\#(["A", "B", "C"][$0])1" t="s"><v>\#($0)</v></c>"# }.joined()
        #expect(
            rows(sheet: "<row r=\"1\">\(sheet)</row>", strings: strings)[0] == ["one, two", "one two", "one two&"])
    }

    @Test(
        "References and escapes are characters, and what only looks like one stays as it is",
        arguments: [
            ("&amp;amp; &quot;&apos;&gt;", "&amp; \"'>"), ("&#8805;&#x2265;_x2265_", "≥≥≥"), ("&#x000041;", "A"),
            ("a_b_c _x41_ _x004G_ __x0041_", "a_b_c _x41_ _x004G_ _A"), ("_xD800_ &#xD800;", "_xD800_ &#xD800;"),
            ("&nbsp; & &; &#; &#x; &#12A; &#+65; &amp", "&nbsp; & &; &#; &#x; &#12A; &#+65; &amp"),
            ("é & ≥_", "é & ≥_"),
        ])
    func escapes(text: String, expected: String) {
        let cells = #"<c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>\#(text)</t></is></c>"#
        let row = rows(sheet: "<row r=\"1\">\(cells)</row>", strings: "<si><t>\(text)</t></si>")[0]
        #expect(row == [expected, expected])
    }

    @Test("A value is the cell's own: neither a formula nor the next cell or row is taken for it")
    func values() {
        let cells = [
            #"<c r="A1"><f>B1</f><v>1</v></c>"#, #"<c r="B1"><v xml:space="preserve">2</v></c>"#,
            #"<c r="C1"><v/></c>"#, #"<c r="D1"></c>"#, #"<c r="E1"><v>5"#, #"<c r="F1"><v>6</v>"#,
            #"<c r="G1"><v>7</v></c>"#, #"<c r="H1" t="s">"#,
        ].joined()
        let next = #"<row r="2"><c r="A2"><v>9</v></c></row>"#
        #expect(
            rows(sheet: "<row r=\"1\">\(cells)</row>\(next)") == [["1", "2", "", "", "", "6", "7", ""], ["9"]])
    }

    @Test("A tag without its end does not reach into the next row")
    func openTags() {
        let next = #"<row r="2"><c r="A2"><v>9</v></c></row>"#
        #expect(rows(sheet: "<row><c </row><v>1</v>\(next)") == [["9"]])
        #expect(rows(sheet: "<row><c r=\"A1\"><v</row>\(next)") == [[""], ["9"]])
    }

    @Test("A sheet without its end is not whole")
    func whole() {
        for (sheet, isWhole) in [
            ("<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row></sheetData>", true), ("<sheetData/>", true),
            ("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>", false), ("", false),
        ] {
            var workbook = Workbook()
            workbook.readSheet(Array(sheet.utf8))
            #expect(workbook.isWhole == isWhole, "\(sheet)")
        }
    }

    @Test("A sheet that would fill the memory is too large, and nothing of it is kept beyond that")
    func tooLarge() {
        var workbook = Workbook()
        let row = Array(#"<row r="1"><c r="ZZZ1"><v>1</v></c></row>"#.utf8)
        let piece = Array(repeatElement(row, count: 1000).joined())
        var pieces = 0
        while !workbook.isTooLarge, pieces < 100 {
            workbook.readSheet(piece)
            pieces += 1
        }
        #expect(workbook.isTooLarge)
        #expect(workbook.rows.count <= 2_000)
    }

    @Test("Numbers of any length are no crash and no hang")
    func longNumbers() {
        let digits = String(repeating: "0", count: 200_000) + "9"
        #expect(rows(sheet: "<row r=\"9\(digits)\"><c r=\"A1\"><v>\(digits)</v></c></row>") == [[digits]])
    }

    @Test("Damaged parts give fewer rows, not a crash")
    func damaged() {
        #expect(rows(sheet: #"<row r="1"><c r="A1" t="s"><v>9</v></c></row>"#) == [[""]])
        #expect(rows(sheet: #"<row r="1"><c r="A1"><v>1</v>"#).isEmpty)
        #expect(rows(sheet: #"<row r="1"/><row r="2"><c r=""><v>1</v></c></row>"#).count <= 1)
    }
}
