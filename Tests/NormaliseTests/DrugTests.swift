import Model
import TestSupport
import Testing
import Verify

@Suite("Drug payment limits and products")
struct DrugTests {
    private func release(_ change: (inout DrugFiles) -> Void = { _ in }) -> ReleaseFiles {
        var release = ReleaseFiles()
        var file = DrugFiles()
        change(&file)
        release.add(file)
        return release
    }

    @Test("Prices, shares and packages are exact, and what is blank or N/A is null")
    func values() throws {
        let canonical = try release().canonical()
        let limits = canonical.drugPaymentLimits
        #expect(limits.map { $0.limit?.description } == ["98.160", nil, "0.144", "1931.812", "10.615"])
        #expect(limits.map { $0.coinsurance?.description } == ["0.000", "20.000", "19.275", "20.000", "20.000"])
        #expect(limits.map { $0.vaccineAWPPercent?.description } == ["95", nil, nil, nil, nil])
        #expect(limits.map(\.isClottingFactor) == [false, false, false, true, false])
        #expect(limits.map(\.notes) == ["See a page", "AWP = $1 WAC = $2", "Lowered", nil, nil])
        let products = canonical.drugProducts
        #expect(products.map(\.ndc) == ["00001-0002-03", "00001-0002-04", "GG100", "00001-0005-06"])
        #expect(products.map(\.packageSize.description) == ["1", "0.5", "0.5", "1"])
        #expect(products.map(\.billingUnits.description) == ["0.25", "0.5", "1.5", "1"])
    }

    @Test("A code has its limit and its products, and names once whatever their letter case")
    func joined() throws {
        let drug = try #require(try release().canonical().entry("J0001")?.drug)
        #expect(drug.quarter?.description == "2019Q1")
        #expect(drug.dosage == "1 MG")
        #expect(drug.brandNames == ["Fancyol", "Inventol"])
        #expect(drug.labelers == ["Maker, Inc.", "Other maker"])
        #expect(drug.products.count == 3)
        #expect(try release().canonical().entry("J0003")?.drug == nil)
    }

    @Test("Without ASP files no code has drug facts, and both files are said to be missing")
    func absent() throws {
        let canonical = try ReleaseFiles().canonical()
        #expect(canonical.codes.allSatisfy { $0.drug == nil })
        #expect(canonical.missing.suffix(2) == [.aspPaymentLimits, .aspCrosswalk])
        var half = release()
        half.remove(.aspPaymentLimits)
        let drug = try #require(try half.canonical().entry("J0001")?.drug)
        #expect(drug.paymentLimit == nil && drug.dosage == "1 MG" && drug.quarter?.description == "2019Q1")
        #expect(try half.canonical().missing.last == .aspPaymentLimits)
    }

    @Test("A code that no list has keeps its facts in the tables, and a warning says so")
    func unknownCode() throws {
        let canonical = try release().canonical()
        #expect(canonical.findings.of("asp_code_unknown").map(\.place?.line) == [10, 11])
        #expect(canonical.drugPaymentLimits.first?.code.description == "90001")
        #expect(canonical.entry("90001") == nil)
    }

    @Test("A value that cannot be read is refused at its cell")
    func unreadable() {
        let cases: [(String, String, (inout DrugFiles) -> Void)] = [
            ("number_invalid", "asp_payment_limits.csv:13:4", { $0.limits[2][3] = "0.1444" }),
            ("number_invalid", "asp_payment_limits.csv:13:4", { $0.limits[2][3] = "$0.14" }),
            ("number_invalid", "asp_payment_limits.csv:13:5", { $0.limits[2][4] = "-1.000" }),
            ("value_unknown", "asp_payment_limits.csv:14:10", { $0.limits[3][9] = "Y" }),
            ("value_short", "asp_payment_limits.csv:13:1", { $0.limits[2][0] = "J001" }),
            ("value_missing", "asp_crosswalk.csv:10:3", { $0.products[0][2] = "" }),
            ("value_invalid", "asp_crosswalk.csv:10:4", { $0.products[0][3] = "00001 0002 03" }),
            ("number_invalid", "asp_crosswalk.csv:10:8", { $0.products[0][7] = "1E3" }),
        ]
        for (id, place, change) in cases {
            let refused = release(change).refusal
            #expect(refused?.ids == [id] && refused?.places == [place], "\(id) \(place)")
        }
    }

    @Test("A row whose cells have moved by one is refused")
    func shifted() {
        let limits = release { $0.limits[2] = Array(([""] + $0.limits[2]).prefix(11)) }.refusal
        #expect(limits?.kind == .badData)
        let products = release { $0.products[1] = Array(([""] + $0.products[1]).prefix(10)) }.refusal
        #expect(products?.kind == .badData)
        let left = release { $0.products[1] = $0.products[1].dropFirst() + [""] }.refusal
        #expect(left?.kind == .badData)
    }

    @Test("A code twice is refused; a product twice is, too, unless it is the same")
    func repeated() throws {
        #expect(release { $0.limits.append($0.limits[2]) }.refusal?.ids == ["key_repeats"])
        let twice = release { $0.products.append($0.products[0]) }
        #expect(try twice.canonical().drugProducts.count == 4)
        #expect(try twice.canonical().findings.ids.contains("product_repeats"))
        let other = release {
            $0.products.append($0.products[0])
            $0.products[4][9] = "3"
        }
        #expect(other.refusal?.ids == ["key_repeats"])
    }

    @Test("An NDC without a zero or its hyphens is reported; identifiers of other kinds are not")
    func ndc() throws {
        func check(_ ndc: String) throws -> Check {
            let release = release { $0.products[0][3] = ndc }
            return try #require(try release.verification().checks.first { $0.id == "ndc_shape" })
        }
        #expect(try check("00001-0002-03").failed == 0)
        for ndc in ["0001-0002-03", "00001-002-03", "00001-0002-3", "00001000203", "100000203", "100000020"] {
            let failed = try check(ndc)
            #expect(failed.failed == 1, "\(ndc)")
            #expect(Findings(failed.failures).places == ["asp_crosswalk.csv:10"])
        }
        for ndc in ["888867413689", "100TSXS", "51120-61052", "XCELL-0006", "880-304-0404-404"] {
            #expect(try check(ndc).failed == 0, "\(ndc)")
        }
    }

    @Test("The units of a package are quantity × units, or that rounded up")
    func units() throws {
        let check = try #require(try release().verification().checks.first { $0.id == "asp_units" })
        #expect(check.checked == 4 && check.matched == 4)
        func failed(_ cells: [String]) throws -> Int {
            let release = release { $0.products[0].replaceSubrange(6...9, with: cells) }
            return try #require(try release.verification().checks.first { $0.id == "asp_units" }).failed
        }
        #expect(try failed(["1", "10", "8.33", "84"]) == 0)
        #expect(try failed(["1", "10", "8.33", "83"]) == 1)
        #expect(try failed(["1", "10", "8.33", "85"]) == 1)
    }

    @Test("The two files are held against each other")
    func together() throws {
        func failed(_ id: String, _ change: (inout DrugFiles) -> Void) throws -> Int? {
            try release(change).verification().checks.first { $0.id == id }?.failed
        }
        #expect(try failed("asp_dosage") { _ in } == 0)
        #expect(try failed("asp_dosage") { $0.products[3][5] = "2 G" } == 1)
        #expect(try failed("asp_products_priced") { _ in } == 0)
        #expect(try failed("asp_products_priced") { $0.limits.remove(at: 3) } == 1)
        #expect(try failed("asp_limits_sold") { _ in } == 1)
        #expect(try failed("asp_special_limit") { $0.limits[0][6] = "98.161" } == 1)
        #expect(try failed("asp_coinsurance") { $0.limits[2][4] = "20.001" } == 1)
    }
}
