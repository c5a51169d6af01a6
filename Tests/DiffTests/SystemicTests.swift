import JSON
import Model
import TestSupport
import Testing

@Suite("What explains changes")
struct SystemicTests {
    /// Hundredths × thousandths, rounded half up, as CMS does.
    private func scaled(_ value: Int, by factor: Int) -> String { text((value * factor + 500) / 1000) }
    private func text(_ hundredths: Int) -> String {
        "\(hundredths / 100).\(String(100 + hundredths % 100).dropFirst())"
    }

    private func pair(
        _ values: [Int], to new: (Int, Int) -> String, from base: String = "2025-10-01",
        until head: String = "2026-01-01"
    ) -> (TestRevision, TestRevision) {
        var old = TestRevision()
        var changed = TestRevision(label: "RVU26A", effectiveFrom: head)
        old.effectiveFrom = base
        for (index, value) in values.enumerated() {
            let code = String(10_000 + index)
            old.rows.append((code, ["work": text(value)]))
            changed.rows.append((code, ["work": new(index, value)]))
        }
        return (old, changed)
    }

    @Test("A listed factor explains exactly the values that it makes with CMS's rounding")
    func listedFactor() throws {
        let (old, new) = pair([100, 134, 333, 480, 44, 1000]) { index, value in
            index == 5 ? "9.00" : self.scaled(value, by: 975)
        }
        let report = try json(try difference(old, new))
        let rule = try #require(report.rule("efficiency_adjustment_2026"))
        #expect(rule["explains"]?.integer == 5)
        #expect(rule["of"]?.integer == 6)
        #expect(report.changes("work_changed").filter { $0["rule"] == .null }.map { $0["code"]?.string } == ["10005"])
    }

    @Test("A rule that took effect on a day explains only releases on either side of it")
    func listedFactorDay() throws {
        let (old, new) = pair(
            [100, 134, 333], to: { self.scaled($1, by: 975) }, from: "2026-01-01", until: "2026-04-01")
        #expect(try json(try difference(old, new)).rule("efficiency_adjustment_2026") == nil)
    }

    @Test("One factor on one component is discovered, whatever it is", arguments: [500, 875, 1024, 1333])
    func discoveredFactor(factor: Int) throws {
        var random = SeededRandom(UInt64(factor))
        let values = (0..<60).map { _ in Int.random(in: 100...3000, using: &random) }
        let (old, new) = pair(values, to: { self.scaled($1, by: factor) }, from: "2024-01-01", until: "2024-04-01")
        let report = try json(try difference(old, new))
        let rule = try #require(report["systemic"]?.elements.first { $0["id"]?.text.hasPrefix("factor:work") == true })
        #expect(rule["explains"]?.integer == report.changes("work_changed").count)
    }

    @Test("Changes without a common factor stay for people to read")
    func noFactor() throws {
        var random = SeededRandom(7)
        let values = (0..<80).map { _ in Int.random(in: 100...3000, using: &random) }
        let others = (0..<80).map { _ in Int.random(in: 100...3000, using: &random) }
        let (old, new) = pair(values, to: { index, _ in self.text(others[index]) })
        let report = try json(try difference(old, new))
        #expect(report["categories"]?.elements.first { $0["id"]?.string == "work_changed" }?["explained"]?.integer == 0)
    }

    @Test("A status move that a family of codes shares is one rule, and strays are left")
    func moves() throws {
        var old = TestRevision()
        var new = TestRevision(label: "RVU26A", effectiveFrom: "2026-01-01")
        for index in 0..<30 {
            old.rows.append(("Q\(4100 + index)", ["status": "E", "priced": "false"]))
            new.rows.append(("Q\(4100 + index)", ["multiple_procedure": "9"]))
        }
        old.rows.append(("T1000", ["status": "E"]))
        new.rows.append(("T1000", [:]))
        let report = try json(try difference(old, new))
        let rule = try #require(report.rule("move:status_changed:E:A:Q4"))
        #expect(rule["explains"]?.integer == 30)
        #expect(rule["of"]?.integer == 31)
        #expect(rule["also"]?.elements.map(\.text) == ["multiple_procedure 0 → 9", "priced false → true"])
        #expect(report.changes("status_changed").filter { $0["rule"] == .null }.count == 1)
    }

    @Test("A total that moves with its components is explained; one that moves alone is not")
    func totals() throws {
        var old = TestRevision()
        var new = TestRevision(label: "RVU26A", effectiveFrom: "2026-01-01")
        old.rows = [("10000", [:]), ("10001", [:])]
        new.rows = [("10000", ["work": "2.00"]), ("10001", ["total_facility": "9.00"])]
        let report = try json(try difference(old, new))
        #expect(report.rule("total_facility_follows")?["explains"]?.integer == 1)
        #expect(
            report.changes("total_facility_changed").filter { $0["rule"] == .null }.map { $0["code"]?.string } == [
                "10001"
            ])
    }

    @Test("A column that only one side has is said once and counts no row as changed")
    func oneSided() throws {
        var old = TestRevision()
        var new = TestRevision(label: "RVU26A", effectiveFrom: "2026-01-01")
        old.rows = (0..<9).map { ("1000\($0)", ["multiple_procedure": ""]) }
        new.rows = (0..<9).map { ("1000\($0)", ["multiple_procedure": $0 == 4 ? "3" : "9"]) }
        // An absent value is no plain one.
        old.rows = old.rows.map { ($0.code, $0.cells) }
        let report = try json(try difference(old, new))
        #expect(report["counts"]?["rows_changed"]?.integer == 0)
        #expect(report["counts"]?["multiple_procedure_changed"]?.integer == 9)
        #expect(report["schema"]?["columns"]?.elements.first?["fill"]?.string == "9")
        #expect(report.changes("multiple_procedure_changed").map { $0["code"]?.string } == ["10004"])
    }

    @Test("What a side lacks is not what CMS took away")
    func missingInput() throws {
        var old = TestRevision()
        old.tables["opps_caps"] = """
            code,modifier,mac,locality,facility,nonfacility,status,gpci_mac
            10000,,01112,05,1.00,1.00,A,01112
            """
        old.rows = [("10000", [:])]
        var new = TestRevision(label: "RVU26A", effectiveFrom: "2026-01-01")
        new.rows = old.rows
        // A revision has every table of its shape, with or without rows.
        new.tables["opps_caps"] = "code,modifier,mac,locality,facility,nonfacility,status,gpci_mac\n"
        #expect(try json(try difference(old, new)).changes("opps_caps_removed").map { $0["rule"] } == [.null])
        new.missing = ["oppscap"]
        #expect(
            try json(try difference(old, new)).rule("input_missing:opps_caps_removed")?["title"]?.string
                == "HEAD was made without OPPSCAP")
    }
}

@Suite("Drugs in a difference")
struct DrugDifferenceTests {
    private static let header = "code,ndc,quarter,labeler,drug_name,billing_units\n"

    private func revision(_ rows: String?, missing: [String] = []) -> TestRevision {
        var revision = TestRevision(missing: missing)
        if let rows { revision.tables["drug_products"] = Self.header + rows }
        return revision
    }

    @Test("A quarter that moves on every row is one rule, and no news")
    func quarter() throws {
        let base = revision("J0001,a,2025Q4,M,N,1\nJ0001,b,2025Q4,M,N,1\nJ0002,c,2025Q4,M,N,1\n")
        let head = revision("J0001,a,2026Q1,M,N,1\nJ0001,b,2026Q1,M,N,2\nJ0003,d,2026Q1,M,N,1\n")
        let report = try json(try difference(base, head))
        #expect(report.rule("drug_products_of_a_quarter")?["explains"]?.integer == 2)
        #expect(report.changes("drug_product_changed").count == 1)
        #expect(report.changes("drug_products_added").count == 1 && report.changes("drug_products_removed").count == 1)
        let mixed = revision("J0001,a,2026Q1,M,N,1\nJ0001,b,2025Q3,M,N,2\n")
        #expect(try json(try difference(base, mixed)).rule("drug_products_of_a_quarter") == nil)
        let part = revision("J0001,a,2026Q1,M,N,1\nJ0001,b,2025Q4,M,N,2\n")
        #expect(try json(try difference(base, part)).rule("drug_products_of_a_quarter") == nil)
    }

    @Test("Products are no news when a side was made without the crosswalk, or before there was such a table")
    func absence() throws {
        let full = revision("J0001,a,2025Q4,M,N,1\nJ0002,b,2025Q4,M,N,1\n")
        for other in [revision("", missing: ["asp_crosswalk"]), revision(nil)] {
            let added = try json(try difference(other, full))
            #expect(added.rule("input_missing:drug_products_added")?["explains"]?.integer == 2)
            let removed = try json(try difference(full, other))
            #expect(removed.rule("input_missing:drug_products_removed")?["origin"]?.string == "absent")
        }
        #expect(try json(try difference(revision(""), full)).rule("input_missing:drug_products_added") == nil)
    }
}
