import Model
import Parse
import TestSupport
import Testing

@Suite("Reading GPCI, ANES, LOCCO, OPPSCAP and HCPCS")
struct OtherTablesTests {
    private let localities = Localities(year: 2019)

    @Test(
        "GPCI has six, seven or eight columns",
        arguments: [
            (Localities.GPCIColumns.six, "RVU19A"), (.seven, "RVU19A"), (.seven, "RVU27A"), (.eight, "RVU27A"),
        ])
    func gpciColumns(columns: Localities.GPCIColumns, label: String) throws {
        var file = Localities(year: label == "RVU19A" ? 2019 : 2027)
        file.gpciColumns = columns
        let raw = try read(file.gpciCSV, .gpci, release: label)
        for (row, locality) in file.rows.enumerated() {
            #expect(raw.text(row, "mac") == locality.mac)
            #expect(raw.text(row, "state") == (columns == .six ? nil : locality.state))
            #expect(raw.text(row, "name") == locality.name)
            #expect(raw.text(row, "gpci_work") == locality.work)
            #expect(raw.text(row, "gpci_work_unfloored") == (columns == .eight ? locality.unfloored : nil))
            #expect(raw.text(row, "gpci_mp") == locality.mp)
        }
    }

    @Test("Titles and footnotes stand around the rows and are kept as notes")
    func notes() throws {
        let raw = try read(localities.gpciCSV, .gpci)
        #expect(raw.title?.hasPrefix("ADDENDUM E") == true)
        #expect(raw.rowCount == localities.rows.count)
        #expect(raw.notes.map(\.text) == ["Note: the floor of 1.0, with a comma."])
        #expect(raw.notes.map(\.line) == [9])
        let text = try read(localities.gpciText, .gpci, .txt)
        #expect(text.rowCount == localities.rows.count)
        #expect(
            text.title == raw.title?.replacing("GEOGRAPHIC PRACTICE COST INDICES (GPCIs) BY STATE", with: "INDICES"))
    }

    @Test("A row behind the footnotes is an error")
    func rowAfterNotes() {
        let row = "10112,AL,00,ALABAMA,1.000,0.875,0.566\r\n"
        #expect(refusal { try read(localities.gpciCSV + row, .gpci) }?.ids == ["row_after_notes"])
        let text = localities.loccoText
        let record = text.split(separator: "\r\n").first { $0.hasPrefix("    10112") } ?? ""
        #expect(refusal { try read(text + record + "\r\n", .locco, .txt) }?.ids == ["row_after_notes"])
    }

    @Test("Blanks around keys are trimmed, and CSV and TXT give the same fields")
    func forms() throws {
        let pairs: [(SourceTable, String, String)] = [
            (.gpci, localities.gpciCSV, localities.gpciText), (.locco, localities.loccoCSV, localities.loccoText),
        ]
        for (table, csv, text) in pairs {
            #expect(try read(csv, table).dictionaries == read(text, table, .txt).dictionaries)
        }
        let anes = try read(localities.anesCSV, .anes)
        #expect(anes.text(0, "mac") == "10112")
        #expect(anes.text(0, "locality") == "00")
    }

    @Test("ANES's TXT leaves out the point of its factors")
    func impliedDecimals() throws {
        let text = try read(localities.anesText, .anes, .txt)
        #expect((0..<text.rowCount).map { text.text($0, "anesthesia_cf") } == localities.rows.map(\.factor))
    }

    @Test("ANES's header carries one national factor, since 2026 two")
    func headerFactors() throws {
        #expect(try read(localities.anesCSV, .anes).headerFactors == ["anesthesia_cf": "22.2730"])
        let raw = try read(Localities(year: 2027).anesCSV, .anes, release: "RVU27A")
        #expect(raw.headerFactors == ["anesthesia_cf": "20.49754", "anesthesia_cf_qp": "20.599835"])
        #expect(raw.text(0, "anesthesia_cf") == "19.53")
        #expect(raw.text(0, "anesthesia_cf_qp") == "19.63")
    }

    @Test("A header of ANES without its factor is not the column")
    func headerWithoutFactor() {
        let refused = refusal { try read(localities.anesCSV.replacing("22.2730", with: "22,2730"), .anes) }
        #expect(refused?.ids == ["columns_unknown"])
    }

    @Test("GPCI of another year is refused by its title")
    func gpciOfAnotherYear() {
        #expect(refusal { try read(Localities(year: 2018).gpciCSV, .gpci) }?.ids == ["wrong_release"])
        #expect(refusal { try read(Localities(year: 2018).gpciText, .gpci, .txt) }?.ids == ["wrong_release"])
        #expect(refusal { try read(Localities(year: 2018).loccoCSV, .locco) }?.ids == ["wrong_release"])
    }

    @Test("OPPSCAP's CSV and TXT give the same fields, and its empty last row none")
    func oppscap() throws {
        let caps = OPPSCaps(of: PPRRVU(year: 2019), in: localities.rows)
        let csv = try read(caps.csv, .oppscap)
        #expect(csv.rowCount == 8)
        #expect(try csv.dictionaries == read(caps.text, .oppscap, .txt).dictionaries)
    }

    @Test("HCPCS records are told from the notices around them")
    func hcpcs() throws {
        var file = HCPCS()
        file.preamble = ["A notice of several lines", "", "   with\ttabs", "0123456789"]
        let raw = try read(file.text, .hcpcs, .txt)
        #expect(raw.rowCount == HCPCS.sample.count + 1)
        #expect(raw.notes.count == 3)
        #expect(raw.text(0, "code") == "A1")
        #expect(raw.text(2, "code") == "A0001")
        #expect(raw.text(2, "short_descriptor") == "Made up ride")
    }

    @Test(
        "HCPCS records may lack their blank tail, but not end inside a field that is no text",
        arguments: [
            (12, true), (40, true), (91, true), (91 + 28, true), (293, true), (9, false), (280, false), (272, false),
        ])
    func hcpcsTail(length: Int, isAccepted: Bool) throws {
        let record = HCPCS.records(HCPCS.Entry("A0001", "Made-up", [:]))[0]
        let refused = refusal { try read(String(record.prefix(length)) + "\r\n", .hcpcs, .txt) }
        #expect((refused == nil) == isAccepted)
    }

    @Test("Lists keep the places of their values")
    func lists() throws {
        let text = HCPCS([HCPCS.Entry("A0001", "Made-up", [122: "51"])]).text
        let raw = try read(text, .hcpcs, .txt)
        #expect(raw.text(0, "pricing") == "  51")
    }
}
