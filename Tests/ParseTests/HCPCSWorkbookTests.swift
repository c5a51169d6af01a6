import Model
import Parse
import Schemas
import TestSupport
import Testing

@Suite("HCPCS from a worksheet")
struct HCPCSWorkbookTests {
    private static func numbered(_ label: String, _ count: Int) -> [String] { (1...count).map { "\(label)\($0)" } }

    private static let labels =
        ["HCPC", "SEQNUM", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION"] + numbered("PRICE", 4) + ["MULT_PI"]
        + numbered("CIM", 3) + numbered("MCM", 3) + ["STATUTE"] + numbered("LABCERT", 8) + numbered("XREF", 5)
        + ["COV", "ASC_GRP", "ASC_DT", "OPPS", "OPPS_PI", "OPPS_DT", "PROCNOTE", "BETOS"] + numbered("TOS", 5)
        + ["ANEST_BU", "ADD DT", "ACT EFF DT", "TERM DT", "ACTION CD"]

    private func cell(_ value: String, isNumber: Bool, at reference: String) -> String {
        isNumber
            ? "<c r=\"\(reference)\"><v>\(value)</v></c>"
            : "<c r=\"\(reference)\" t=\"inlineStr\"><is><t>\(value)</t></is></c>"
    }

    /// A sheet of the header and one row, in which `values` stand and those of `numbers` are numbers.
    private func read(
        _ values: [String: String], numbers: [String: String] = [:], labels: [String] = Self.labels
    ) throws(IngestError) -> [String: String] {
        func reference(_ index: Int, _ row: Int) -> String {
            let letters = index < 26 ? "" : String(Unicode.Scalar(UInt8(64 + index / 26)))
            return letters + String(Unicode.Scalar(UInt8(65 + index % 26))) + "\(row)"
        }
        var sheet = "<sheetData><row r=\"1\">"
        for (index, label) in labels.enumerated() { sheet += cell(label, isNumber: false, at: reference(index, 1)) }
        sheet += "</row><row r=\"2\">"
        for (index, label) in labels.enumerated() {
            if let value = values[label] { sheet += cell(value, isNumber: false, at: reference(index, 2)) }
            if let number = numbers[label] { sheet += cell(number, isNumber: true, at: reference(index, 2)) }
        }
        sheet += "</row></sheetData>"
        var workbook = Workbook()
        workbook.readSheet(Array(sheet.utf8))
        let raw = try parse(
            workbook, table: .hcpcs, path: "HCPC2019.xlsx", release: try schemas.catalogue.entry("RVU19A").release,
            schemas: schemas)
        return raw.dictionaries[0]
    }

    private let plain = ["HCPC": "A0001", "SEQNUM": "0010", "RECID": "3"]

    @Test("Values side by side stand where the text has them")
    func lists() throws {
        let row = try read(
            plain.merging([
                "PRICE1": "51", "PRICE3": "57", "CIM2": "60-9", "XREF1": "QM", "XREF2": "G0001", "TOS2": "9",
            ]) {
                $1
            })
        #expect(row["pricing"] == "51  57")
        #expect(row["coverage_issues_manual"] == "      60-9")
        #expect(row["cross_references"] == "QM   G0001")
        #expect(row["types_of_service"] == " 9")
        #expect(row["carriers_manual"] == "")
    }

    @Test("Numbers in lists have their zeros, days of a spreadsheet their date")
    func numbers() throws {
        let row = try read(
            plain,
            numbers: [
                "PRICE1": "0", "LABCERT1": "10", "CIM1": "2150", "TOS1": "2", "ADD DT": "20251001", "TERM DT": "45292",
            ])
        #expect(row["pricing"] == "00" && row["lab_certifications"] == "010")
        #expect(row["coverage_issues_manual"] == "2150" && row["types_of_service"] == "2")
        #expect(row["added"] == "20251001" && row["terminated"] == "20240101")
    }

    @Test("A modifier stands without its blanks, a row may end early")
    func shortRows() throws {
        let row = try read(["HCPC": "   A1", "SEQNUM": "0010", "RECID": "7"])
        #expect(row["code"] == "A1" && row["record"] == "7" && row["action"] == "")
    }

    @Test("A value that is too long for its place is refused at its cell")
    func tooLong() {
        let refused = refusal { try read(plain.merging(["PRICE2": "513"]) { $1 }) }
        #expect(refused?.ids == ["value_invalid"])
        #expect(refused?.places == ["HCPC2019.xlsx:2:7"])
    }

    @Test("A column too few, too many or out of order is named", arguments: ["PRICE3", "COV", "XREF5", "TOS1"])
    func columns(label: String) {
        let without = refusal { try read(plain, labels: Self.labels.filter { $0 != label }) }
        #expect(without?.ids == ["columns_unknown"])
        let twice = refusal { try read(plain, labels: Self.labels + [label]) }
        #expect(twice?.ids == ["columns_unknown"])
        #expect(twice?.description.contains("column 49 '\(label)'") == true)
        let odd = refusal { try read(plain, labels: Self.labels + ["PRICE5"]) }
        #expect(odd?.description.contains("PRICE5") == true)
    }
}
