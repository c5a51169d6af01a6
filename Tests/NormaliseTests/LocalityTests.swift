import Model
import TestSupport
import Testing

@Suite("Localities and OPPS caps")
struct LocalityTests {
    private let localities = Localities(year: 2019)
    private let caps = OPPSCaps(of: PPRRVU(year: 2019), in: Localities.sample)

    private func withCaps(_ change: (inout OPPSCaps) -> Void) -> ReleaseFiles {
        var release = ReleaseFiles()
        var caps = caps
        change(&caps)
        release.add(.oppscap, .csv, caps.csv)
        return release
    }

    @Test("GPCI, ANES and LOCCO are joined under one key")
    func join() throws {
        let canonical = try ReleaseFiles().canonical()
        #expect(canonical.localities.map(\.key.description) == ["01182-18", "02102-01", "03602-21", "10112-00"])
        let alaska = canonical.localities[1]
        #expect(alaska.name == "ALASKA" && alaska.state == "AK")
        #expect(alaska.gpciWork?.description == "1.500")
        #expect(alaska.anesthesiaCF?.description == "28.15" && alaska.anesthesiaCFQP == nil)
        #expect(alaska.feeScheduleArea == "STATEWIDE" && alaska.counties == "ALL COUNTIES")
        #expect(canonical.localities.map(\.hasAlaskaWorkFloor) == [false, true, false, false])
        #expect(canonical.localities.map(\.hasFrontierPEFloor) == [false, false, true, false])
        #expect(alaska.sources.map(\.file) == ["gpci.csv", "anes.csv", "locco.csv"])
        #expect(canonical.anesthesiaConversionFactors?.nonQP.description == "22.273000")
    }

    @Test("Since 2026 there are two work indices and two anesthesia factors")
    func join2026() throws {
        let alabama = try #require(try ReleaseFiles("RVU27A").canonical().localities.last)
        #expect(alabama.gpciWork?.description == "1.000")
        #expect(alabama.gpciWorkUnfloored?.description == "0.988")
        #expect(alabama.anesthesiaCF?.description == "19.53")
        #expect(alabama.anesthesiaCFQP?.description == "19.63")
    }

    @Test("A work index below its floor is reported")
    func floor() throws {
        var release = ReleaseFiles("RVU27A")
        release.edit(.gpci) { $0.replacing("0.988,1.000", with: "0.988,0.988") }
        #expect(try release.canonical().findings.of("gpci_floor").map(\.place?.description) == ["gpci.csv:4"])
    }

    @Test("Zeros lost by all keys of a table are restored")
    func zeros() throws {
        var release = ReleaseFiles()
        release.edit(.gpci) {
            $0.replacing("\r\n0", with: "\r\n").replacing(",01,", with: ",1,").replacing(",00,", with: ",0,")
        }
        let canonical = try release.canonical()
        #expect(canonical.localities.map(\.key.description) == ["01182-18", "02102-01", "03602-21", "10112-00"])
        #expect(canonical.findings.of("zeros_restored").count == 2)
    }

    @Test("A short key in a table that keeps its zeros is refused")
    func shortKey() {
        var release = ReleaseFiles()
        release.edit(.gpci) { $0.replacing("\r\n02102", with: "\r\n2102") }
        #expect(release.refusal?.ids == ["value_short"])
    }

    @Test(
        "A locality that a table lacks is refused with the tables that have it",
        arguments: [SourceTable.gpci, .anes, .locco])
    func keys(table: SourceTable) throws {
        var release = ReleaseFiles()
        release.remove(.oppscap)
        release.edit(table) { text in
            text.split(separator: "\r\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("02102") }.joined(
                separator: "\r\n")
        }
        let refused = try #require(release.refusal)
        #expect(refused.ids == ["locality_keys"])
        #expect(refused.description.contains("not in \(table.name)"))
    }

    @Test("A release that is known to have 109 localities is refused with four")
    func count() {
        var release = ReleaseFiles("RVU27A")
        release.label = "RVU26A"
        release.files = []
        release.add(.pprrvu, .csv, PPRRVU(year: 2026, conversionFactor: "33.4009"))
        release.add(.gpci, .csv, Localities(year: 2026).gpciCSV)
        #expect(release.refusal?.description.contains("it lists 4 localities where this release has 109") == true)
    }

    @Test("A locality that stands twice is refused; LOCCO may repeat one that two contractors serve")
    func duplicates() throws {
        var twice = localities
        twice.rows.append(twice.rows[0])
        var release = ReleaseFiles()
        release.add(.gpci, .csv, twice.gpciCSV)
        #expect(release.refusal?.ids == ["key_repeats"])
        release = ReleaseFiles()
        release.add(.locco, .csv, twice.loccoCSV)
        #expect(release.refusal?.description == nil)
        #expect(try release.canonical().localities.count == 4)
    }

    @Test(
        "CSV and TXT of each table must agree",
        arguments: [
            (SourceTable.gpci, "1.183", "1.184"), (.anes, "2126", "2127"), (.locco, "ONE/TWO", "ONE/TOW"),
            (.oppscap, "71046TC A 10112", "71046TC C 10112"),
        ])
    func forms(table: SourceTable, old: String, new: String) {
        var release = ReleaseFiles(forms: [.csv, .txt])
        #expect(release.refusal?.description == nil)
        release.edit(table, .txt) { $0.replacing(old, with: new) }
        #expect(release.refusal?.ids.first == "csv_equals_txt")
    }

    @Test("Text that the TXT cuts at its width is explained, a different text is not")
    func cutText() throws {
        var long = localities
        long.rows[0].counties = String(repeating: "COUNTY ", count: 20) + "LAST"
        var release = ReleaseFiles(forms: [.csv, .txt])
        release.add(.locco, .csv, long.loccoCSV)
        long.rows[0].counties = String(long.rows[0].counties.prefix(58))
        release.add(.locco, .txt, long.loccoText)
        #expect(release.refusal?.description == nil)
        let check = try release.canonical().checks.first { $0.detail.hasPrefix("LOCCO") }
        #expect(check?.explained == 1 && check?.failed == 0)
        #expect(try release.canonical().localities.last?.counties?.hasSuffix("LAST") == true)
        long.rows[0].counties = "X" + long.rows[0].counties.dropFirst()
        release.add(.locco, .txt, long.loccoText)
        #expect(release.refusal?.ids == ["csv_equals_txt"])
    }

    // MARK: OPPSCAP

    @Test("Caps are sorted by code, modifier and locality, and refer to GPCI's contractor")
    func sortedCaps() throws {
        let canonical = try ReleaseFiles().canonical()
        #expect(canonical.oppsCaps.count == 8)
        #expect(canonical.oppsCaps.map { "\($0.key) \($0.locality)" }.first == "71046 01182-18")
        #expect(
            canonical.oppsCaps.allSatisfy {
                $0.facility == $0.nonfacility && $0.gpciContractor == $0.locality.contractor
            })
    }

    @Test("A cap for a code that PPRRVU lacks, or of another status, is refused")
    func capCodes() {
        let unknown = withCaps {
            for index in $0.rows.indices where $0.rows[index].modifier == "TC" { $0.rows[index].code = "71047" }
        }
        #expect(unknown.refusal?.ids == ["oppscap_code"])
        let status = withCaps { $0.rows[0].status = "C" }
        #expect(status.refusal?.ids == ["oppscap_status"])
    }

    @Test("A cap in a locality that GPCI lacks is refused")
    func capLocalities() {
        let release = withCaps {
            for index in $0.rows.indices where $0.rows[index].mac == "10112" { $0.rows[index].mac = "10113" }
        }
        #expect(release.refusal?.ids.sorted() == ["oppscap_incomplete", "oppscap_locality"])
    }

    @Test("A code without a price in one locality is refused as cut")
    func capsIncomplete() throws {
        let refused = try #require(withCaps { $0.rows.removeLast() }.refusal)
        #expect(refused.ids == ["oppscap_incomplete"])
        #expect(
            refused.description.contains("71046-TC has prices in 3 of 4 localities; the first it lacks is 01182-18"))
    }

    @Test("A price that stands twice is refused")
    func capTwice() { #expect(withCaps { $0.rows.append($0.rows[0]) }.refusal?.ids == ["key_repeats"]) }

    @Test("A price under a contractor that CMS is known to confuse keeps its key and gets the right contractor")
    func contractors() throws {
        let release = withCaps { caps in
            caps.rows += caps.rows.filter { $0.mac == "01182" }.map { row in
                var copy = row
                copy.mac = "01112"
                return copy
            }
        }
        #expect(release.refusal?.description == nil)
        let canonical = try release.canonical()
        let moved = canonical.oppsCaps.filter { $0.locality.contractor.description == "01112" }
        #expect(moved.count == 2 && moved.allSatisfy { $0.gpciContractor.description == "01182" })
        #expect(canonical.findings.of("oppscap_contractor").count == 1)
    }

    @Test("A price that does not follow from PPRRVU and GPCI is refused")
    func capAmount() {
        let release = withCaps { $0.rows[0].price = "1.23" }
        #expect(release.refusal?.ids.contains("oppscap") == true)
    }

    @Test("Without its tables a release has no localities, and says what is missing")
    func missing() throws {
        var release = ReleaseFiles()
        release.files = release.files.filter { $0.table == .pprrvu }
        let canonical = try release.canonical()
        #expect(canonical.localities.isEmpty && canonical.oppsCaps.isEmpty && canonical.modifiers.isEmpty)
        #expect(canonical.missing == [.gpci, .anes, .locco, .oppscap, .hcpcs, .aspPaymentLimits, .aspCrosswalk])
    }

    @Test("Without PPRRVU there is no release")
    func noPPRRVU() {
        var release = ReleaseFiles()
        release.remove(.pprrvu)
        #expect(release.refusal?.ids == ["pprrvu_missing"])
    }
}
