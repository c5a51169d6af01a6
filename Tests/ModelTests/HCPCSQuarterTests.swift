import Model
import Testing

@Suite("The quarter of a HCPCS file")
struct HCPCSQuarterTests {
    @Test(
        "The names of CMS's files tell it",
        arguments: [
            ("HCPC2025_OCT_ANWEB_v3.xlsx", "Oct 2025"), ("a.zip/HCPC2026_JUL_ANWEB_06172026.xlsx", "Jul 2026"),
            ("HCPC17_CONTR_ANWEB.txt", "2017"), ("hcpc2020_anweb_w_disclaimer.txt", "2020"),
            ("january-2026-alpha-numeric-hcpcs-file.zip/HCPC2026_JAN_ANWEB.txt", "Jan 2026"),
            ("2018-Alpha-Numeric-Corrections.xlsx", "2018"), ("april-2024-corrections.csv", "Apr 2024"),
        ])
    func names(name: String, expected: String) { #expect(HCPCSQuarter(fileNamed: name)?.description == expected) }

    @Test("A name without a year tells nothing", arguments: ["ANWEB.txt", "corrections.csv", "HCPC123_ANWEB.txt", ""])
    func unnamed(name: String) { #expect(HCPCSQuarter(fileNamed: name) == nil) }

    @Test("A file of a whole year is that of its January, and takes the corrections of all its quarters")
    func year() throws {
        let year = try #require(HCPCSQuarter(fileNamed: "HCPC2018_CONTR_ANWEB.txt"))
        let january = try #require(HCPCSQuarter(fileNamed: "HCPC2018_JAN_ANWEB.txt"))
        let october = try #require(HCPCSQuarter(fileNamed: "HCPC2018_OCT_Corrections.xlsx"))
        #expect(year == january && january < october)
        #expect(year.mayHaveCorrections(of: october))
        #expect(!january.mayHaveCorrections(of: october) && october.mayHaveCorrections(of: october))
    }
}
