import Model
import Schemas
import TestSupport
import Testing

@Suite("What the tables of Schemas/ say")
struct SchemasTests {
    /// The days since an arbitrary day, for neighbouring dates.
    private func number(_ date: CalendarDate) -> Int {
        var number = date.day
        for year in 2000..<date.year { number += CalendarDate(year: year, month: 2, day: 29) == nil ? 365 : 366 }
        for month in 1..<date.month {
            number += (28...31).last { CalendarDate(year: date.year, month: month, day: $0) != nil } ?? 0
        }
        return number
    }

    @Test("Release windows follow each other without gap or overlap")
    func windows() {
        let releases = schemas.catalogue.entries.map(\.release)
        #expect(releases.count > 20)
        for (left, right) in zip(releases, releases.dropFirst()) {
            #expect(number(left.effectiveTo) + 1 == number(right.effectiveFrom), "\(left.label) \(right.label)")
        }
    }

    @Test("A release has its label's year, a month of a quarter, and a factor for each track")
    func catalogue() {
        for entry in schemas.catalogue.entries {
            #expect(entry.release.year == entry.release.effectiveFrom.year)
            #expect(["January", "April", "July", "October"].contains(entry.release.titleMonth))
            #expect((entry.conversionFactors?.qp != nil) == (entry.release.year >= 2026))
            #expect((entry.anesthesia?.qp != nil) == (entry.release.year >= 2026))
        }
    }

    @Test(
        "A release that is not listed is a quarter of its year",
        arguments: [
            ("RVU27A", "2027-01-01", "2027-03-31", "January"), ("rvu28c", "2028-07-01", "2028-09-30", "July"),
            ("RVU30BR", "2030-04-01", "2030-06-30", "April"), ("RVU19D", "2019-10-01", "2019-12-31", "October"),
        ])
    func unlisted(label: String, from: String, to: String, month: String) throws {
        let entry = try schemas.catalogue.entry(label)
        #expect(entry.release.label == label.uppercased())
        #expect(entry.release.effectiveFrom.description == from)
        #expect(entry.release.effectiveTo.description == to)
        #expect(entry.release.titleMonth == month)
        #expect(entry.conversionFactors == nil && entry.rows == nil)
    }

    @Test(
        "What is no label is refused",
        arguments: ["", "RVU", "RVU26", "RVU26E", "26A", "RVU2026A", "RVUXXA", "RVU26AX", "RVU26ARR", "RVU-1A"])
    func labels(label: String) {
        let refused = refusal { try schemas.catalogue.entry(label) }
        #expect(refused?.ids == ["release_label"])
        #expect(refused?.kind == .usage)
    }

    @Test("The sizes known nearest before and after a release are its neighbours")
    func neighbours() throws {
        let entry = try schemas.catalogue.entry("RVU25B")
        #expect(schemas.catalogue.neighbours(of: entry.release).map(\.release.label) == ["RVU25A", "RVU25D"])
    }

    @Test("dataset/tables.csv lists the columns of every table in the order in which they are written")
    func columns() {
        let rows: [any TableRow.Type] = [
            CodeEntry.Row.self, RelativeValue.self, ModifierRow.self, Locality.self, OPPSCap.self,
            ConversionFactorRow.self, DescriptorDigestRow.self, EditorialRow.self, EditorialItemRow.self,
            QuestionRow.self, CategoryTextRow.self, ProvenanceRow.self, DrugPaymentLimit.self, DrugProduct.self,
            ValueMeaning.self,
        ]
        // Payments are streamed; no row of theirs is a value.
        #expect(Set(schemas.tables.map(\.name)) == Set(rows.map { $0.table } + ["payments"]))
        for row in rows { #expect(schemas.tables.first { $0.name == row.table }?.columns.map(\.name) == row.columns) }
    }

    @Test("Every emitted column has a meaning, keys have values, and references lead to columns")
    func columnFacts() {
        for table in schemas.tables {
            for column in table.columns {
                #expect(!column.meaning.isEmpty, "\(table.name).\(column.name)")
                #expect(column.places == nil || column.type == .decimal, "\(table.name).\(column.name)")
                for reference in column.reference.split(separator: "|") {
                    let parts = reference.split(separator: ".").map(String.init)
                    let target = schemas.tables.first { $0.name == parts.first }
                    #expect(target?.columns.contains { $0.name == parts.last && $0.isKey } == true, "\(reference)")
                }
            }
        }
    }

    @Test(
        "Every status has a meaning; A and T pay, R pays where there are values, no other does",
        arguments: [
            ("A", true, nil), ("A", false, "no_relative_values"), ("T", true, nil), ("R", true, nil),
            ("R", false, "carrier_priced"),
            ("B", true, "bundled"), ("C", false, "carrier_priced"), ("E", false, "excluded_from_fee_schedule"),
            ("I", true, "not_valid_for_medicare"), ("J", false, "anesthesia"), ("M", false, "measurement_only"),
            ("N", true, "non_covered"),
            ("P", false, "bundled_or_excluded"), ("X", true, "statutory_exclusion"), ("Z", true, "unknown_status"),
        ] as [(String, Bool, String?)])
    func statuses(status: String, isValued: Bool, reason: String?) throws {
        let status = try #require(Indicator(status))
        #expect(schemas.statuses.unpricedReason(status: status, isValued: isValued)?.text == reason)
    }

    @Test(
        "A code's section and category follow from its characters",
        arguments: [
            ("00100", "anesthesia", "anesthesia_services"), ("99213", "evaluation_management", "office_visits"),
            ("0075T", "category_3", "emerging_technology"), ("0001F", "category_2", "performance_measures"),
            ("0016U", "laboratory", "laboratory_proprietary"), ("0019T", "category_3", "emerging_technology"),
            ("71046", "radiology", "diagnostic_imaging"),
            ("J7308", "J", "J"), ("GXXX1", nil, nil), ("00001", nil, nil),
        ] as [(String, String?, String?)])
    func classification(code: String, section: String?, category: String?) throws {
        let code = try #require(Code(code))
        #expect(schemas.classification.section(of: code)?.id == section)
        #expect(schemas.classification.category(of: code, betos: .blank)?.id == category)
    }

    @Test("A Level II code's category is its BETOS class")
    func betos() throws {
        let code = try #require(Code("J7308"))
        let betos = try #require(Indicator("O1E"))
        #expect(schemas.classification.category(of: code, betos: betos)?.id == "O1E")
    }

    @Test(
        "A drug's route is what its descriptor states, the narrower word first",
        arguments: [
            ("Injection, made-up drug, 1 mg", "injection"),
            ("Made-up gel for topical administration, 1 gram", "topical"),
            ("Made-up implant, for injection, 1 mg", "implant"), ("Injectable ophthalmic thing", "ophthalmic"),
            ("Made-up oral, 5 mg", "oral"), ("INHALATION SOLUTION, made-up", "inhalation"), ("Made-up thing", nil),
            ("An oraloid gelatin that is proinjected", nil), ("", nil),
        ] as [(String, String?)])
    func routes(descriptor: String, route: String?) {
        #expect(schemas.classification.route(descriptor: descriptor) == route)
    }

    @Test("The layout of 2026 has one column more than those before")
    func layoutYears() {
        #expect(schemas.layout(.pprrvu, year: 2025).fields.count == 31)
        #expect(schemas.layout(.pprrvu, year: 2026).fields.count == 32)
        #expect(
            schemas.layout(.pprrvuQPP, year: 2026).fields.map(\.name)
                == schemas.layout(.pprrvu, year: 2026).fields.map(\.name))
    }
}
