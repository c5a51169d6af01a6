import Model
import TestSupport
import Testing

@Suite("What is said of values that do not fit")
struct MessageTests {
    @Test("The messages of typical defects are the recorded ones")
    func messages() {
        func release(_ forms: [SourceForm] = [.csv], _ change: (inout ReleaseFiles) -> Void) -> Findings? {
            var release = ReleaseFiles(forms: forms)
            change(&release)
            return release.refusal
        }
        let defects: [(String, Findings?)] = [
            (
                "a value changed by hand",
                release {
                    $0.edit(.pprrvu) {
                        $0.replacing("99213,,withheld text,A,,1.30", with: "99213,,withheld text,A,,1.40")
                    }
                }
            ),
            (
                "a digit lost in one row",
                release { $0.edit(.pprrvu) { $0.replacing("\r\n71046,TC", with: "\r\n7106,TC") } }
            ),
            (
                "a status that does not exist",
                release { $0.edit(.pprrvu) { $0.replacing("99213,,withheld text,A", with: "99213,,withheld text,Q") } }
            ),
            (
                "a number of a spreadsheet",
                release { $0.edit(.pprrvu) { $0.replacing(",6.40,", with: ",6.4000000000000004,") } }
            ),
            (
                "CSV and TXT of different postings",
                release([.csv, .txt]) {
                    $0.edit(.pprrvu, .txt) {
                        $0.replacing("  1.35", with: "  1.36").replacing("  2.75", with: "  2.76")
                    }
                }
            ),
            (
                "a locality too few",
                release {
                    $0.remove(.oppscap)
                    $0.edit(.anes) { $0.replacing("03602 ,21 ,WYOMING**,20.15 \r\n", with: "") }
                }
            ),
            (
                "OPPSCAP of another release",
                release { $0.edit(.oppscap) { $0.replacing("71046,TC,A,10112", with: "71048,TC,A,10112") } }
            ),
            (
                "a HCPCS file that is cut",
                release { $0.edit(.hcpcs, .txt) { String($0.unicodeScalars.prefix(322 * 20)) } }
            ),
            ("no PPRRVU", release { $0.remove(.pprrvu) }),
        ]
        let all = defects.map { "# \($0)\n\($1?.description ?? "(accepted)")\n" }.joined(separator: "\n")
        #expect(difference(of: all, fromGolden: "messages.txt") == nil)
    }
}
