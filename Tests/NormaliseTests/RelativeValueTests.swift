import Model
import TestSupport
import Testing
import Verify

@Suite("Relative values")
struct RelativeValueTests {
    /// The release with one row of PPRRVU changed in CSV (and in TXT where there is one).
    private func release(forms: [SourceForm] = [.csv], _ change: (inout PPRRVU) -> Void) -> ReleaseFiles {
        var release = ReleaseFiles(forms: forms)
        var file = PPRRVU(year: 2019)
        change(&file)
        for form in forms { release.add(.pprrvu, form, file) }
        return release
    }

    /// Gives the row `99213` or `71046-26` other values.
    private func change(_ key: String, _ values: [String: String]) -> (inout PPRRVU) -> Void {
        { file in
            for index in file.rows.indices where key == file.rows[index].key {
                file.rows[index].values.merge(values) { _, new in new }
            }
        }
    }

    @Test(
        "The sample release passes every check, before and since 2026",
        arguments: [
            ("RVU19A", [.csv]), ("RVU19A", [.txt]), ("RVU19A", [.csv, .txt]), ("RVU27A", [.csv]),
        ] as [(String, [SourceForm])])
    func sample(label: String, forms: [SourceForm]) throws {
        let release = ReleaseFiles(label, forms: forms)
        #expect(release.refusal?.description == nil)
        let verification = try release.verification()
        for check in verification.checks { #expect(check.failed == 0 && check.matched > 0, "\(check.id)") }
        let expected =
            ["row_totals", "locality_keys"] + (forms.count > 1 ? ["csv_equals_txt"] : [])
            + (label == "RVU27A" ? ["qpp_subset"] : [])
        #expect(Set(expected).isSubset(of: verification.checks.map(\.id)))
    }

    @Test("Rows are keyed by code and modifier, sorted, and keep their values and places")
    func rows() throws {
        let codes = try release(forms: [.csv, .txt]) { $0.rows.reverse() }.canonical().codes
        #expect(codes.map(\.code.description) == codes.map(\.code.description).sorted())
        let entry = try #require(codes.first { $0.code.description == "71046" })
        #expect(entry.relativeValues.map(\.key.modifier.description) == ["", "26", "TC"])
        #expect(entry.relativeValues.map(\.work.description) == ["0.18", "0.18", "0.00"])
        #expect(entry.relativeValues.map(\.isFacilityNA) == [false, false, true])
        #expect(entry.relativeValues.first?.source == Source(file: "pprrvu.csv", line: 27))
    }

    @Test(
        "Totals that do not add up are an error at the total",
        arguments: [
            ("total_nonfacility", "2.76", 12), ("total_facility", "1.98", 13), ("work", "1.31", 12),
            ("pe_facility", "0.58", 13),
        ])
    func totals(field: String, value: String, column: Int) throws {
        let refused = try #require(release(change("99213", [field: value])).refusal)
        #expect(refused.ids == ["row_totals"])
        #expect(refused.kind == .gateFailed)
        #expect(refused.places == ["pprrvu.csv:18:\(column)"])
    }

    @Test("A row that stands twice is refused, and the first is named")
    func duplicates() {
        let refused = release { $0.rows.append($0.rows[7]) }.refusal
        #expect(refused?.ids == ["key_repeats"])
        #expect(refused?.description.contains("the row 99213 stands on line 18 already") == true)
    }

    @Test("A conversion factor that changes within the file is refused")
    func conversionFactor() {
        let refused = release(change("99213", ["conversion_factor": "36.0392"])).refusal
        #expect(refused?.ids == ["conversion_factor_changes"])
        #expect(refused?.places == ["pprrvu.csv:18:25"])
    }

    @Test("A conversion factor of another release is refused before anything else")
    func otherConversionFactor() throws {
        let label = "RVU26A"
        var release = ReleaseFiles("RVU27A")
        release.label = label
        release.files = release.files.filter { $0.table == .pprrvu }
        release.add(.pprrvu, .csv, PPRRVU(year: 2026, conversionFactor: "33.4010"))
        #expect(release.refusal?.ids == ["wrong_release"])
        release.add(.pprrvu, .csv, PPRRVU(year: 2026, conversionFactor: "33.4009"))
        #expect(release.refusal?.description == nil)
    }

    @Test("A file with fewer rows than the release is known to have is cut")
    func rowCount() {
        var release = ReleaseFiles()
        release.label = "RVU25A"
        release.files = []
        release.add(.pprrvu, .csv, PPRRVU(year: 2025, conversionFactor: "32.3465"))
        #expect(release.refusal?.ids == ["row_count"])
        #expect(release.refusal?.description.contains("21 rows; RVU25A has 18865") == true)
    }

    @Test("Values that cannot be read are listed together, each at its place")
    func unreadable() {
        let refused = release { file in
            change("99213", ["work": "1.3x", "status": "?", "pe_nonfacility_na": "N"])(&file)
            change("G0001", ["mp": "", "global_days": "", "bilateral": "7", "modifier": "99"])(&file)
        }.refusal
        #expect(refused?.kind == .badData)
        #expect(refused?.ids.sorted() == ["number_invalid", "value_missing", "value_unknown"])
        #expect(
            Set(refused?.places ?? []) == [
                "pprrvu.csv:18:6", "pprrvu.csv:18:4", "pprrvu.csv:18:8", "pprrvu.csv:23:11", "pprrvu.csv:23:15",
                "pprrvu.csv:23:20",
                "pprrvu.csv:23:2",
            ])
    }

    @Test("More decimals than CMS publishes are not rounded but refused")
    func binaryNoise() {
        #expect(release(change("99213", ["conversion_factor": "36.039099999"])).refusal?.ids == ["number_invalid"])
    }

    @Test("Values that no service has are refused, not a crash of the arithmetic")
    func absurdValues() async {
        await #expect(processExitsWith: .success) {
            var release = ReleaseFiles()
            var file = PPRRVU(year: 2019)
            for index in file.rows.indices where file.rows[index].key == "71046-TC" {
                for column in ["opps_pe_nonfacility", "opps_pe_facility", "opps_mp"] {
                    file.rows[index][column] = "999999999999.99"
                }
            }
            release.add(.pprrvu, .csv, file)
            precondition(release.refusal != nil)
        }
    }

    // MARK: Lost zeros

    /// The file as a spreadsheet would save it: digits-only values of these columns without leading zeros.
    private func withoutZeros(_ columns: [String], except: Set<String> = []) -> (inout PPRRVU) -> Void {
        { file in
            for index in file.rows.indices where !except.contains(file.rows[index]["code"]) {
                for column in columns {
                    if let number = Int(file.rows[index][column]) { file.rows[index][column] = String(number) }
                }
            }
        }
    }

    @Test("Zeros that a whole column has lost are restored and reported")
    func restored() throws {
        let damaged = release(withoutZeros(["code", "global_days", "supervision"]))
        #expect(damaged.refusal?.description == nil)
        let canonical = try damaged.canonical()
        let whole = try ReleaseFiles().canonical()
        #expect(canonical.codes.map(\.code) == whole.codes.map(\.code))
        #expect(
            canonical.codes.flatMap(\.relativeValues).map(\.cells) == whole.codes.flatMap(\.relativeValues).map(\.cells)
        )
        #expect(canonical.findings.of("zeros_restored").count == 3)
    }

    @Test("A short value in a column that keeps its zeros is a damaged value")
    func lostInOneRow() {
        let refused = release(change("43235", ["code": "4323"])).refusal
        #expect(refused?.ids == ["value_short"])
        #expect(refused?.places == ["pprrvu.csv:13:1"])
        #expect(release(change("99213", ["supervision": "9"])).refusal?.ids.first == "value_short")
    }

    @Test("A code that lost another digit than a zero is not restored to another code")
    func lostDigit() {
        let damaged = release { file in
            withoutZeros(["code"])(&file)
            change("99213", ["code": "9213"])(&file)
        }
        #expect(damaged.refusal?.ids == ["value_short"])
    }

    @Test("A code of four characters with a letter is short, whatever the column has lost")
    func shortLevelII() { #expect(release(change("G0001", ["code": "G001"])).refusal?.ids == ["value_short"]) }

    // MARK: Payability

    @Test(
        "A row is priced where its status pays and it has values; else it says why not",
        arguments: [
            ("99213", nil), ("G0117", nil), ("G0004", nil), ("G0005", "carrier_priced"), ("00100", "anesthesia"),
            ("9991T", "carrier_priced"), ("G0002", "non_covered"), ("G0003", "bundled"),
            ("J0001", "excluded_from_fee_schedule"),
            ("S0001", "not_valid_for_medicare"), ("9991F", "measurement_only"), ("P0001", "bundled_or_excluded"),
            ("A0001", "statutory_exclusion"),
        ] as [(String, String?)])
    func payability(code: String, reason: String?) throws {
        let row = try #require(try ReleaseFiles().canonical().entry(code)?.relativeValues.first)
        #expect(row.unpricedReason == reason)
        #expect(row.isPriced == (reason == nil))
    }

    // MARK: CSV against TXT

    @Test("The TXT must agree with the CSV on every field of every row", arguments: 1...15 as ClosedRange<UInt64>)
    func everyFieldIsCompared(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let others: [String: [String]] = [
            "modifier": ["53"], "status": ["A", "N"], "not_used_flag": ["", "+"], "pe_nonfacility_na": ["", "NA"],
            "pe_facility_na": ["", "NA"], "pctc": ["0", "5"], "global_days": ["XXX", "ZZZ"],
            "multiple_procedure": ["0", "2"],
            "bilateral": ["0", "1"], "assistant_surgeon": ["0", "1"], "co_surgeon": ["0", "1"],
            "team_surgeon": ["0", "1"],
            "endoscopic_base": ["", "43235"], "supervision": ["09", "01"], "imaging_family": ["99", "88"],
            "descriptor": ["", "Other words"], "code": ["G9999"],
        ]
        for column in PPRRVU.columns(year: 2019) where column.name != "calculation_flag" {
            var file = PPRRVU(year: 2019)
            let index = Int.random(in: file.rows.indices, using: &random)
            let old = file.value(column, file.rows[index])
            if let choices = others[column.name] {
                file.rows[index][column.name] = choices.first { $0 != old } ?? ""
            } else {
                file.rows[index][column.name] = changed(old)
            }
            var release = ReleaseFiles(forms: [.csv, .txt])
            release.add(.pprrvu, .txt, file)
            #expect(release.refusal != nil, "\(column.name) of row \(index)")
        }
    }

    /// The number with another last digit.
    private func changed(_ number: String) -> String {
        String(number.dropLast()) + (number.last == "7" ? "8" : "7")
    }

    @Test("A file that stands alone lists its codes in order, as CMS does: exchanged digits of a code seldom fit in")
    func order() throws {
        let exchanged = change("43239", ["code": "42339"])
        let refused = try #require(release(exchanged).refusal)
        #expect(refused.ids.contains("code_order"))
        #expect(refused.kind == .gateFailed)
        #expect(refused.description.contains("42339 stands behind 43235"))
        #expect(release(forms: [.csv, .txt], exchanged).refusal?.ids.contains("code_order") != true)
    }

    @Test("The order of CMS's mainframe, letters before digits, is an order too")
    func mainframeOrder() {
        func isLettered(_ row: PPRRVU.Row) -> Bool { row["code"].first?.isLetter == true }
        let lettersFirst = release {
            $0.rows = $0.rows.filter(isLettered) + $0.rows.filter { !isLettered($0) && $0["code"] != "99213" }
        }
        #expect(lettersFirst.refusal?.ids.contains("code_order") != true)
    }

    @Test("A value that differs between CSV and TXT is shown with both places")
    func differenceIsNamed() throws {
        var release = ReleaseFiles(forms: [.csv, .txt])
        var file = PPRRVU(year: 2019)
        change("99213", ["opps_mp": "0.07"])(&file)
        release.add(.pprrvu, .txt, file)
        let refused = try #require(release.refusal)
        #expect(refused.ids == ["csv_equals_txt"])
        #expect(refused.kind == .gateFailed)
        #expect(refused.places == ["pprrvu.csv:18:31"])
        #expect(refused.description.contains("99213 opps_mp is 0.00 in the CSV and 0.07 in the TXT (pprrvu.txt:15)"))
    }

    @Test("A descriptor that differs is named without being shown")
    func descriptorsAreNotShown() throws {
        var release = ReleaseFiles(forms: [.csv, .txt])
        release.edit(.pprrvu, .txt) { $0.replacing("withheld text", with: "withheld TEXT") }
        let refused = try #require(release.refusal)
        #expect(refused.ids == ["csv_equals_txt"])
        #expect(!refused.description.lowercased().contains("withheld"))
    }

    @Test("A row in one form only is refused", arguments: [SourceForm.csv, .txt])
    func missingRow(form: SourceForm) {
        var release = ReleaseFiles(forms: [.csv, .txt])
        release.add(.pprrvu, form, PPRRVU(year: 2019, rows: PPRRVU.sample.filter { $0["code"] != "G0117" }))
        #expect(release.refusal?.ids == ["csv_equals_txt"])
        #expect(release.refusal?.description.contains("G0117 stands in the") == true)
    }

    // MARK: QPP

    /// RVU27A with another QPP file.
    private func qpp(_ change: (inout PPRRVU) -> Void) -> ReleaseFiles {
        var release = ReleaseFiles("RVU27A")
        var file = PPRRVU(year: 2027, conversionFactor: "36.2091", pricing: "1")
        change(&file)
        release.add(.pprrvuQPP, .csv, file)
        return release
    }

    @Test("Rows know whether the QPP file lists them, and the release has both factors")
    func qppRows() throws {
        let canonical = try ReleaseFiles("RVU27A").canonical()
        #expect(canonical.entry("99213")?.relativeValues.first?.isInQPPFile == true)
        #expect(canonical.entry("A0001")?.relativeValues.first?.isInQPPFile == false)
        #expect(canonical.conversionFactors.nonQP.description == "36.0391")
        #expect(canonical.conversionFactors.qp?.description == "36.2091")
        #expect(try ReleaseFiles().canonical().entry("99213")?.relativeValues.first?.isInQPPFile == nil)
    }

    @Test("A row of the QPP file that the nonQPP file lacks is refused")
    func qppNotSubset() {
        let refused = qpp { $0.rows.append(PPRRVU.Row("G9999", work: 10, nonfacility: 10, facility: 10, mp: 1)) }
            .refusal
        #expect(refused?.ids == ["qpp_subset"])
        #expect(refused?.description.contains("G9999 is in the QPP file and not in the nonQPP file") == true)
    }

    @Test("A value of the QPP file that differs is refused", arguments: ["opps_mp", "bilateral", "descriptor"])
    func qppUnequal(field: String) {
        let refused = qpp(
            change("71046", ["opps_mp": "0.03", "bilateral": "3", "descriptor": "withheld"].filter { $0.key == field })
        ).refusal
        #expect(refused?.ids == ["qpp_subset"])
        #expect(refused?.description.contains("71046 \(field) is") == true)
        #expect(refused?.description.contains("withheld") == false)
    }

    // MARK: Rules between columns

    /// Rows of which each breaks the rule that the operation has the largest share of its package: a rule for
    /// which a few exceptions are only reported.
    private func breaking(_ count: Int) -> ReleaseFiles {
        release { file in
            for index in 0..<count {
                file.rows.append(
                    PPRRVU.Row(
                        "S80\(10 + index)", work: 10, nonfacility: 30, facility: 20, mp: 1,
                        ["global_days": "010", "pre_op": "0.60", "intra_op": "0.30", "post_op": "0.10"]))
            }
        }
    }

    @Test("A rule between columns that few rows break is reported")
    func rareException() throws {
        let release = breaking(5)
        #expect(release.refusal?.description == nil)
        let verification = try release.verification()
        #expect(verification.diagnostics.count(.warning) == 5)
        #expect(Findings(verification.diagnostics).ids == ["package_order"])
    }

    @Test("A rule between columns that many rows break is refused")
    func frequentExceptions() { #expect(breaking(6).refusal?.ids == ["package_order"]) }

    @Test(
        "An exception from a rule that every release keeps is refused",
        arguments: [
            ("endoscopic_base", "99213", ["multiple_procedure": "3"]),
            ("endoscopic_base_exists", "43239", ["endoscopic_base": "43200"]),
            ("not_used_flag", "99213", ["not_used_flag": "+"]),
            ("nonfacility_na", "99213", ["pe_nonfacility_na": "NA"]),
            ("facility_na", "99213", ["pe_facility_na": "NA"]),
            ("global_package", "10060", ["post_op": "0.11"]), ("global_package", "99213", ["pre_op": "0.10"]),
            ("modifier_53", "99213", ["modifier": "53"]), ("status_a_valued", "G0005", ["status": "A"]),
            ("status_j", "G0005", ["status": "J"]), ("component_rows", "99213", ["pctc": "1"]),
        ] as [(String, String, [String: String])])
    func rules(id: String, code: String, values: [String: String]) {
        #expect(release(change(code, values)).refusal?.ids == [id])
    }

    @Test("An exception from the rule that CMS has broken now and then is reported")
    func imagingFamily() throws {
        let release = release(change("99213", ["imaging_family": "88"]))
        #expect(release.refusal?.description == nil)
        #expect(Findings(try release.verification().diagnostics).ids == ["imaging_family"])
    }

    @Test("Components that do not add up to the whole are refused")
    func components() throws {
        let release = release(
            change("71046-26", ["work": "0.17", "total_nonfacility": "0.25", "total_facility": "0.25"]))
        #expect(release.refusal?.ids == ["component_sum"])
    }

    @Test("A pricing indicator that changes within the file is refused")
    func pricingIndicator() {
        var release = ReleaseFiles("RVU27A")
        var file = PPRRVU(year: 2027)
        change("99213", ["pricing_indicator": "1"])(&file)
        release.add(.pprrvu, .csv, file)
        #expect(release.refusal?.ids.contains("pricing_indicator") == true)
    }

    @Test("An allowed check fails as a warning, and no other is allowed with it")
    func allowance() throws {
        let release = release(change("99213", ["work": "1.31"]))
        let allowed = try release.verification([.init(check: "row_totals", reason: "for a test")])
        #expect(allowed.mayPublish)
        #expect(try !release.verification([.init(check: "csv_equals_txt", reason: "for a test")]).mayPublish)
    }
}
