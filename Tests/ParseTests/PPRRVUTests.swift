import Model
import Parse
import Schemas
import TestSupport
import Testing

@Suite("Reading PPRRVU")
struct PPRRVUTests {
    private let file = PPRRVU(year: 2019)

    @Test(
        "Every field of every row is read, from CSV and from TXT, before and since 2026",
        arguments: ["RVU19A", "RVU27A"])
    func everyField(label: String) throws {
        let file = PPRRVU(year: label == "RVU19A" ? 2019 : 2027)
        let csv = try read(file.csv, .pprrvu, release: label).dictionaries
        let text = try read(file.text, .pprrvu, .txt, release: label).dictionaries
        #expect(csv.count == file.rows.count)
        for (index, row) in file.rows.enumerated() {
            for column in PPRRVU.columns(year: file.year) {
                let value = file.value(column, row)
                #expect(csv[index][column.name] == value)
                // The TXT has no room for the zero of a share.
                #expect(text[index][column.name] == value || text[index][column.name].map { "0" + $0 } == value)
            }
        }
    }

    @Test("Title, posting date and lines are kept")
    func surroundings() throws {
        let raw = try read(file.csv, .pprrvu)
        #expect(raw.title == "2019 National Physician Fee Schedule Relative Value File January Release")
        #expect(raw.released?.description == "2018-12-23")
        #expect(raw.lines.first == 11)
        #expect(raw.place(row: 0, column: 0).description == "FILE.csv:11:1")
    }

    @Test("The header is found at any row", arguments: 0...30)
    func headerRow(count: Int) throws {
        var file = file
        file.preamble = Array(repeating: ",,A notice", count: count)
        let raw = try read(file.csv, .pprrvu)
        #expect(raw.rowCount == file.rows.count)
        #expect(raw.columns.count == 31)
    }

    @Test("A header in one row reads like one that is stacked over five")
    func flatHeader() throws {
        let text = file.csv
        let stacked = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let columns = schemas.layout(.pprrvu, year: 2019).fields.compactMap(\.labels.first)
        let flat = ([columns.joined(separator: ",")] + stacked.dropFirst(10).map(String.init)).joined(separator: "\r\n")
        #expect(try read(flat, .pprrvu).dictionaries == read(text, .pprrvu).dictionaries)
    }

    @Test("Columns are bound by their labels, in whatever order they stand")
    func shuffledColumns() throws {
        let file = PPRRVU(year: 2019, rows: PPRRVU.sample.filter { !$0["descriptor"].contains(",") })
        let rows = file.csv.split(separator: "\r\n").dropFirst(5).map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        // The key stays first, for that is how the header is told; the rest is turned round.
        let turned = rows.map { ($0.prefix(3) + $0.dropFirst(3).reversed()).joined(separator: ",") }
        let raw = try read(turned.joined(separator: "\n") + "\n", .pprrvu)
        #expect(raw.columns.last?.name == "status")
        #expect(try raw.dictionaries == read(file.csv, .pprrvu).dictionaries)
    }

    @Test("Line ends, a byte order mark, an end-of-file mark and empty rows make no difference")
    func harmless() throws {
        let plain = try read(file.csv, .pprrvu).dictionaries
        let unix = file.csv.replacing("\r\n", with: "\n")
        let commas = String(repeating: ",", count: 30)
        #expect(try read(unix, .pprrvu).dictionaries == plain)
        #expect(try read("\u{FEFF}" + file.csv, .pprrvu).dictionaries == plain)
        #expect(try read(file.csv + "\u{1A}", .pprrvu).dictionaries == plain)
        #expect(try read(file.csv + "\u{1A}\r\n", .pprrvu).dictionaries == plain)
        #expect(try read(file.csv + "\u{1A},,,\r\n", .pprrvu).dictionaries == plain)
        #expect(try read(file.csv + "\(commas)\r\n\r\n\(commas)\r\n", .pprrvu).dictionaries == plain)
        let text = try read(file.text, .pprrvu, .txt).dictionaries
        #expect(try read(file.text.replacing("\r\n", with: "\n"), .pprrvu, .txt).dictionaries == text)
        #expect(try read(file.text + "\r\n\u{1A}", .pprrvu, .txt).dictionaries == text)
    }

    @Test("Windows-1252 becomes UTF-8, a no-break space a space")
    func encoding() throws {
        let bytes = Array(file.csv.utf8).replacing("Made up exam", with: [0x4D, 0xA0, 0x92, 0x73, 0x20, 0xE9, 0xA0])
        #expect(try read(bytes, .pprrvu).dictionaries.contains { $0["descriptor"] == "M ’s é" })
        // With a byte order mark the same file is UTF-8.
        let utf8 = Array("\u{FEFF}\(file.csv.replacing("Made up exam", with: "M\u{A0}é"))".utf8)
        #expect(try read(utf8, .pprrvu).dictionaries.contains { $0["descriptor"] == "M é" })
    }

    @Test(
        "A byte without meaning in the file's encoding is an error at its field",
        arguments: [0x81, 0x8D, 0x90, 0x07] as [UInt8])
    func badBytes(byte: UInt8) {
        let bytes = Array(file.csv.utf8).replacing("Made up exam", with: [byte])
        let refused = refusal { try read(bytes, .pprrvu) }
        #expect(refused?.ids == ["character_invalid"])
        #expect(refused?.places == ["FILE.csv:23:3"])
    }

    @Test("A column that is not known and one that is missing are both named")
    func unknownColumn() throws {
        let refused = try #require(refusal { try read(file.csv.replacing(",WORK,", with: ",WORX,"), .pprrvu) })
        #expect(refused.ids == ["columns_unknown"])
        #expect(refused.description.contains("unknown column 6 'WORX RVU'"))
        #expect(refused.description.contains("missing 'WORK RVU'"))
        #expect(refused.places == ["FILE.csv:10"])
    }

    @Test("A column that stands twice is refused")
    func repeatedColumn() {
        let refused = refusal {
            try read(
                file.csv.replacing(",BILAT,", with: ",MULT,").replacing(
                    "SURG,SURG,SURG,SURG", with: "PROC,SURG,SURG,SURG"), .pprrvu)
        }
        #expect(refused?.ids == ["columns_unknown"])
    }

    @Test("A header of other years says which")
    func otherYears() {
        var untitled = PPRRVU(year: 2027)
        untitled.preamble = []
        #expect(
            refusal { try read(untitled.csv, .pprrvu) }?.description.contains("unknown column 24 'PRIC IND'") == true)
        untitled.year = 2019
        let refused = refusal { try read(untitled.csv, .pprrvu, release: "RVU27A") }
        #expect(refused?.description.contains("It is laid out as in 2015 to 2025") == true)
    }

    @Test("A release before the oldest layout is refused, not a crash", arguments: ["RVU14A", "RVU13A", "RVU09A"])
    func ancientRelease(label: String) async {
        await #expect(processExitsWith: .success) { [label] in
            var file = PPRRVU(year: 2019)
            file.preamble = []
            precondition(refusal { try read(file.csv, .pprrvu, release: label) } != nil)
            precondition(refusal { try read(file.text, .pprrvu, .txt, release: label) } != nil)
        }
    }

    @Test(
        "A title of another year or quarter is refused",
        arguments: [
            ("2019", "2018", "2018"), ("January", "April", "April 2019"), ("January", "OCTOBER", "October 2019"),
        ])
    func wrongRelease(old: String, new: String, said: String) {
        let refused = refusal { try read(file.csv.replacing(old, with: new), .pprrvu) }
        #expect(refused?.ids == ["wrong_release"])
        #expect(refused?.description.contains("its title says \(said)") == true)
        #expect(refused?.places == ["FILE.csv:1"])
    }

    @Test("A file without a header says what was expected")
    func noHeader() {
        let refused = refusal { try read("a,b,c\n1,2,3\n", .pprrvu) }
        #expect(refused?.ids == ["header_missing"])
        #expect(refused?.description.contains("HCPCS, MOD, DESCRIPTION") == true)
    }

    @Test("A header without rows is no release")
    func noRows() {
        #expect(refusal { try read(PPRRVU(year: 2019, rows: []).csv, .pprrvu) }?.ids == ["no_rows"])
        #expect(refusal { try read(PPRRVU(year: 2019, rows: []).text, .pprrvu, .txt) }?.ids == ["no_rows"])
    }

    @Test("A row with a comma too many or too few is an error on its line, and all such rows are listed")
    func rowWidth() {
        let text = file.csv.replacing("99213,", with: "99213,,").replacing("\r\n43235,,", with: "\r\n43235,")
        let refused = refusal { try read(text, .pprrvu) }
        #expect(refused?.ids == ["row_width"])
        #expect(refused?.places == ["FILE.csv:13", "FILE.csv:18"])
    }

    @Test("A value under no label is an error")
    func unlabelled() {
        let text =
            file.csv.split(separator: "\r\n").map { line in
                line + (line.hasPrefix("99213") ? ",stray" : ",")
            }.joined(separator: "\n") + "\n"
        let refused = refusal { try read(text, .pprrvu) }
        #expect(refused?.ids == ["column_unlabelled"])
        #expect(refused?.places.first?.hasSuffix(":32") == true)
    }

    @Test("A stray quote is an error on its line")
    func quotes() {
        let refused = refusal { try read(file.csv.replacing("99213,,", with: "99213,,\""), .pprrvu) }
        #expect(refused?.ids == ["csv_syntax"])
        #expect(refused?.places == ["FILE.csv:18"])
    }

    @Test("A file that breaks off inside its last line is refused wherever it is cut")
    func cutLastLine() {
        let bytes = Array(file.csv.utf8)
        for count in 1...40 { #expect(refusal { try read(Array(bytes.dropLast(count)), .pprrvu) } != nil, "\(count)") }
        #expect(refusal { try read(Array(file.text.utf8.dropLast(2)), .pprrvu, .txt) }?.ids == ["last_line_cut"])
    }

    @Test(
        "Pages, binary data and data behind the end are refused",
        arguments: [
            ("<html>", "html_instead_of_data"), ("HCPCS\u{0}\n", "binary_data"), ("a\n\u{1A}b\n", "data_after_end"),
        ])
    func otherContent(text: String, id: String) {
        #expect(refusal { try read(text, .pprrvu) }?.ids == [id])
        #expect(refusal { try read(text, .pprrvu, .txt) }?.ids == [id])
    }

    @Test("A record that is too long or too short is an error")
    func recordLength() {
        let long = file.text.replacing("99213  ", with: "99213    ")
        let short = file.text.replacing("99213  ", with: "99213")
        for text in [long, short] {
            let refused = refusal { try read(text, .pprrvu, .txt) }
            #expect(refused?.ids.contains("record_length") == true)
            #expect(refused?.places.allSatisfy { $0.hasPrefix("FILE.csv:15:") } == true)
        }
    }

    @Test(
        "A character between the fields is an error at its position", arguments: [66, 75, 84, 90, 122, 141, 148, 165])
    func filler(position: Int) {
        var bytes = Array(file.text.utf8)
        let start = 7 * 52 + 2 * 173
        bytes[start + position - 1] = UInt8(ascii: "7")
        let refused = refusal { try read(bytes, .pprrvu, .txt) }
        #expect(refused?.ids == ["filler_not_blank"])
        #expect(refused?.places == ["FILE.csv:10:\(position)"])
    }

    @Test("The HCPCS file is not read as CSV")
    func hcpcsCSV() { #expect(refusal { try read("a,b\n", .hcpcs, .csv) }?.ids == ["layout_unknown"]) }
}
