import Model
import Parse
import TestSupport
import Testing

@Suite("What is said of typical mistakes")
struct MessageTests {
    @Test("The messages of typical mistakes are the recorded ones")
    func messages() {
        let csv = PPRRVU(year: 2019).csv
        let text = PPRRVU(year: 2019).text
        let localities = Localities(year: 2019)
        let mistakes: [(String, Findings?)] = [
            ("a page instead of a file", refusal { try read("<!DOCTYPE html>\n", .pprrvu, path: "PPRRVU19_JAN.csv") }),
            ("a file of another year", refusal { try read(csv, .pprrvu, release: "RVU27A", path: "PPRRVU19_JAN.csv") }),
            (
                "a file of another quarter",
                refusal { try read(csv, .pprrvu, release: "RVU19B", path: "PPRRVU19_JAN.csv") }
            ),
            (
                "a column that CMS renamed",
                refusal { try read(csv.replacing(",WORK,", with: ",LABOR,"), .pprrvu, path: "PPRRVU19_JAN.csv") }
            ),
            (
                "a comma lost in a row",
                refusal { try read(csv.replacing("99213,,", with: "99213,"), .pprrvu, path: "PPRRVU19_JAN.csv") }
            ),
            (
                "a download that broke off",
                refusal { try read(String(csv.dropLast(20)), .pprrvu, path: "PPRRVU19_JAN.csv") }
            ),
            (
                "a quotation mark that is never closed",
                refusal {
                    try read(csv.replacing("Made up exam", with: "\"Made up exam"), .pprrvu, path: "PPRRVU19_JAN.csv")
                }
            ),
            (
                "a record that is shifted by one",
                refusal {
                    try read(text.replacing("99213  ", with: "99213   "), .pprrvu, .txt, path: "PPRRVU19_JAN.txt")
                }
            ),
            ("a file without a header", refusal { try read("1,2,3\n", .gpci, path: "GPCI2019.csv") }),
            (
                "ANES without its national factor",
                refusal { try read(localities.anesCSV.replacing(" of 22.2730", with: ""), .anes, path: "ANES2019.csv") }
            ),
        ]
        let all = mistakes.map { "# \($0)\n\($1?.description ?? "(accepted)")\n" }.joined(separator: "\n")
        #expect(difference(of: all, fromGolden: "messages.txt") == nil)
    }
}
