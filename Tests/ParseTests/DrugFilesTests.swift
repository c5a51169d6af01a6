import Model
import Parse
import TestSupport
import Testing

@Suite("Reading the ASP files")
struct DrugFilesTests {
    @Test("Any number of empty columns stands behind the last one with a label", arguments: [0, 1, 2, 126, 242])
    func trailingColumns(padding: Int) throws {
        var file = DrugFiles()
        file.limitPadding = padding
        file.productPadding = padding
        let limits = try read(file.limitsCSV, .aspPaymentLimits)
        let products = try read(file.productsCSV, .aspCrosswalk)
        #expect(limits.rowCount == file.limits.count && limits.columns.count == 11)
        #expect(products.rowCount == file.products.count && products.columns.count == 10)
        for (row, cells) in file.limits.enumerated() {
            #expect(limits.text(row, "code") == cells[0])
            #expect(limits.text(row, "payment_limit") == cells[3])
        }
    }

    @Test("A row may have fewer or more empty columns than the header, and no fewer labelled ones")
    func unevenRows() throws {
        let text = DrugFiles().productsCSV
        let last = try #require(text.split(separator: "\r\n").last.map(String.init))
        let short = last.replacing(String(repeating: ",", count: 126), with: "")
        #expect(try read(text.replacing(last, with: short), .aspCrosswalk).rowCount == 4)
        #expect(try read(text.replacing(last, with: last + ",,,"), .aspCrosswalk).rowCount == 4)
        let cut = short.split(separator: ",").dropLast().joined(separator: ",")
        #expect(refusal { try read(text.replacing(last, with: cut), .aspCrosswalk) }?.ids == ["row_width"])
    }

    @Test("A line break, a tab or a run of blanks in a text is one blank")
    func whitespace() throws {
        let limits = try read(DrugFiles().limitsCSV, .aspPaymentLimits)
        #expect(limits.text(1, "notes") == "AWP = $1 WAC = $2")
        let products = try read(DrugFiles().productsCSV, .aspCrosswalk)
        #expect(products.text(2, "dosage") == "1 MG")
        #expect(products.text(3, "drug_name") == "Gelol")
        let bytes = Array(DrugFiles().productsCSV.utf8).replacing(
            "Fancyol", with: [0x46, 0xA0, 0xA0, 0x09, 0x99, 0xAE])
        #expect(try read(bytes, .aspCrosswalk).text(2, "drug_name") == "F ™®")
    }

    @Test("A line is that on which a row begins, also behind line breaks in quotes")
    func lines() throws {
        let raw = try read(DrugFiles().limitsCSV, .aspPaymentLimits)
        #expect(raw.lines == [10, 11, 13, 14, 15])
    }

    @Test("The quarter is that of the file's own line, in whatever words of CMS's")
    func quarter() throws {
        let raw = try read(DrugFiles().limitsCSV, .aspPaymentLimits)
        #expect(raw.quarter?.description == "2019Q1")
        #expect(raw.quarter?.from.description == "2019-01-01" && raw.quarter?.to.description == "2019-03-31")
        var file = DrugFiles()
        file.quarter = "EFFECTIVE Oct 1, 2024  through Dec. 31, 2024"
        #expect(try read(file.productsCSV, .aspCrosswalk).quarter?.description == "2024Q4")
    }

    @Test(
        "A quarter that is none is refused at its line",
        arguments: [
            "Effective January 1, 2019", "Effective January 1, 2019 through February 28, 2019",
            "Effective January 2, 2019 through March 31, 2019", "Effective January 1, 2019 through March 30, 2019",
            "Effective January 1, 2019 through March 31, 2020", "Effective Janvier 1, 2019 through March 31, 2019",
        ])
    func noQuarter(line: String) {
        var file = DrugFiles()
        file.quarter = line
        let refused = refusal { try read(file.limitsCSV, .aspPaymentLimits) }
        #expect(refused?.ids == ["quarter_invalid"] && refused?.places == ["FILE.csv:3"])
    }

    @Test("A file that names no quarter is refused")
    func missingQuarter() {
        var file = DrugFiles()
        file.quarter = "Prices"
        #expect(refusal { try read(file.limitsCSV, .aspPaymentLimits) }?.ids == ["quarter_missing"])
        #expect(refusal { try read(file.productsCSV, .aspCrosswalk) }?.ids == ["quarter_missing"])
    }

    @Test("The crosswalk's first label has any year", arguments: ["_2018_CODE", "_2019_CODE", "_2026_CODE"])
    func firstLabel(label: String) throws {
        var file = DrugFiles()
        file.productLabels[0] = label
        #expect(try read(file.productsCSV, .aspCrosswalk).rowCount == 4)
    }

    @Test("A label that CMS does not use is named, with the one that is missing")
    func renamedLabel() {
        var file = DrugFiles()
        file.limitLabels[3] = "Price"
        let refused = refusal { try read(file.limitsCSV, .aspPaymentLimits) }
        #expect(refused?.ids == ["columns_unknown"])
        #expect(refused?.description.contains("unknown column 4 'PRICE'; missing 'PAYMENT LIMIT'") == true)
    }

    @Test("Labels in another order are refused: a withheld text must not pass for a dosage")
    func swappedLabels() {
        var file = DrugFiles()
        file.productLabels.swapAt(4, 5)
        let refused = refusal { try read(file.productsCSV, .aspCrosswalk) }
        #expect(refused?.ids == ["columns_reordered"] && refused?.places == ["FILE.csv:9:5"])
        file.limitLabels.swapAt(1, 2)
        // Without its labels in their places it is not even recognised.
        #expect(refusal { try read(file.limitsCSV, .aspPaymentLimits) }?.ids == ["header_missing"])
    }

    @Test("A value behind the last label is refused")
    func unlabelled() {
        var file = DrugFiles()
        file.limits[2].append("?")
        #expect(refusal { try read(file.limitsCSV, .aspPaymentLimits) }?.ids == ["column_unlabelled"])
    }

    @Test("Both are told by their labels, and from crosswalks of other price lists by their names")
    func recognised() throws {
        func found(_ name: String, _ text: String) throws(IngestError) -> String {
            let bytes = Array(text.utf8)
            let document = SourceDocument(path: "a.zip/\(name)", size: bytes.count, isNamedByUser: false) {
                () throws(IngestError) in bytes
            }
            switch try recognise(bytes, of: document, schemas: schemas) {
            case .table(let table, let form): return "\(table.rawValue) \(form.rawValue)"
            case .other(let reason): return reason
            }
        }
        let file = DrugFiles()
        for name in ["x.csv", "section 508 verision of Jan 2019 ASP Pricing File 121924.csv"] {
            #expect(try found(name, file.limitsCSV) == "asp_payment_limits CSV")
        }
        for name in ["x.csv", "section 508 version of APR 2019 ASP NDC-HCPCS Crosswalk updated 030725.csv"] {
            #expect(try found(name, file.productsCSV) == "asp_crosswalk CSV")
        }
        #expect(
            try found("section 508 version of Jan 2019 AWP NDC-HCPCS Crosswalk.csv", file.productsCSV).contains(
                "another price list"))
        #expect(try found("Jan 2019 NOC Pricing File.csv", file.limitsCSV).contains("not otherwise classified"))
        #expect(
            refusal { try found("Jan 2019 ASP NDC-HCPCS Crosswalk.csv", file.limitsCSV) }?.ids == [
                "name_and_content_disagree"
            ])
    }
}
