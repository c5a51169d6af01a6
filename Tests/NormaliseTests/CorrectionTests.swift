import Model
import TestSupport
import Testing

@Suite("HCPCS corrections")
struct CorrectionTests {
    private func canonical(_ lines: String...) throws(IngestError) -> Canonical {
        var release = ReleaseFiles()
        let header = "HCPCS/MOD Code,Action,Short Description,Long Description,Pricing,Coverage,TOS,Effective Date"
        release.add(.hcpcsCorrections, .csv, ([header] + lines).map { $0 + "\r\n" }.joined())
        return try release.canonical()
    }

    @Test("Values that a line gives replace the file's, and nothing else does")
    func revise() throws {
        let before = try ReleaseFiles().canonical().entry("G0001")?.hcpcs
        let corrected = try canonical("G0001,Revise coverage,,,,M,\"1, 9\",20250115")
        let after = try #require(corrected.entry("G0001")?.hcpcs)
        #expect(after.coverage == Indicator("M") && after.typesOfService == ["1", "9"])
        #expect(after.actionEffective == CalendarDate(year: 2025, month: 1, day: 15))
        #expect(after.longDescriptor == before?.longDescriptor && after.betos == before?.betos)
        #expect(corrected.corrections.map(\.outcome) == [.applied])
        #expect(corrected.corrections.first?.place.description == "hcpcs_corrections.csv:2")
    }

    @Test("An added code takes its place in the order, and a removed one is gone")
    func addAndRemove() throws {
        let corrected = try canonical(
            "E0002,Add,Made up,Made-up bench,32,C,P,01/01/2025", "K0001,Remove,,,,,,", "zz,Delete code,,,,,,")
        let codes = corrected.codes.map(\.code)
        #expect(codes == codes.sorted() && corrected.entry("K0001") == nil)
        #expect(corrected.entry("E0002")?.hcpcs?.pricing == ["32"])
        #expect(corrected.entry("E0002")?.hcpcs?.added == CalendarDate(year: 2025, month: 1, day: 1))
        #expect(corrected.modifiers.map(\.code.description) == ["A1"])
        #expect(corrected.corrections.map(\.outcome) == [.applied, .applied, .applied])
    }

    @Test("A later line sees what an earlier one did")
    func order() throws {
        let corrected = try canonical(
            "E0002,Add,Made up,Made-up bench,32,C,P,", "E0002,Revise,,,33,,,", "E0002,Remove,,,,,,",
            "E0002,Revise,,,34,,,")
        #expect(corrected.corrections.map(\.outcome) == [.applied, .applied, .applied, .notApplied])
        #expect(corrected.corrections[1].detail == "pricing 32 → 33")
        #expect(corrected.entry("E0002") == nil)
    }

    @Test(
        "Codes of the AMA and the ADA are never taken from a correction", arguments: ["99213", "D0120", "0001T", "26"])
    func foreign(code: String) throws {
        let corrected = try canonical("\(code),Add,Words of others,Words of others,,,,")
        #expect(corrected.corrections.map(\.outcome) == [.notApplied])
        #expect(!corrected.corrections.contains { $0.detail.contains("Words") })
        #expect(corrected.findings.of("correction_not_applied").count == 1)
    }
}
