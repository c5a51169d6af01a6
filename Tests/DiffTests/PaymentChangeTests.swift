import Diff
import JSON
import Model
import TestSupport
import Testing

@Suite("What a release does to payment")
struct PaymentChangeTests {
    private func payments(_ old: [String: String], _ new: [String: String]) throws -> [JSONValue] {
        var base = TestRevision()
        base.rows = [("10000", old)]
        var head = TestRevision(label: "RVU26A", effectiveFrom: "2026-01-01", conversionFactor: "33.4009")
        head.rows = [("10000", new)]
        return try json(try difference(base, head))["payment"]?["changes"]?.elements ?? []
    }

    @Test("Work, PE, MP, conversion factor and rounding add up to the change, to the millionth of a dollar")
    func decomposition() throws {
        var random = SeededRandom(3)
        for _ in 0..<200 {
            func cells() -> [String: String] {
                Dictionary(
                    uniqueKeysWithValues: ["work", "pe_nonfacility", "pe_facility", "mp"].map { column in
                        let value = Int.random(in: 0...9999, using: &random)
                        return (column, "\(value / 100).\(String(100 + value % 100).dropFirst())")
                    })
            }
            for payment in try payments(cells(), cells()) {
                let parts = ["work", "pe", "mp", "conversion_factor", "rounding"].map {
                    millionths(payment[$0]?.text ?? "")
                }
                #expect(
                    parts.reduce(0, +) == 10_000 * (hundredths(payment["to"]?.text ?? "") ?? 0)
                        - 10_000 * (hundredths(payment["from"]?.text ?? "") ?? 0))
            }
        }
    }

    @Test("The screen begins with the largest of the payments that no rule explains, and counts them all")
    func largest() throws {
        var random = SeededRandom(5)
        for count in 0..<15 {
            var head = TestRevision(label: "RVU26A", effectiveFrom: "2026-01-01")
            // Few values, so that many payments change alike.
            head.rows = (0..<count).map { row in
                let values = ["0.50", "1.00", "1.50", "2.00"]
                let cells = ["work", "pe_nonfacility", "pe_facility", "mp"].map { column in
                    (column, values[Int.random(in: 0..<4, using: &random)])
                }
                return ("\(10000 + row)", Dictionary(uniqueKeysWithValues: cells))
            }
            var base = TestRevision()
            base.rows = head.rows.map { ($0.code, [:]) }
            let difference = try difference(base, head)
            let changes = try json(difference)["payment"]?["changes"]?.elements ?? []
            let open = changes.filter { millionths($0["unexplained"]?.text ?? "") != 0 }.sorted { left, right in
                let sizes = [left, right].map { abs(millionths($0["unexplained"]?.text ?? "")) }
                let names = [left, right].map { "\($0["code"]?.text ?? "") \($0["setting"]?.text ?? "")" }
                return (sizes[1], names[0]) < (sizes[0], names[1])
            }
            let lines = diffText(difference, try verdict(difference)).split(separator: "\n").map(String.init)
            let heading = lines.firstIndex { $0.hasSuffix("payments that no rule explains in full") }
            #expect((heading == nil) == open.isEmpty)
            guard let heading else { continue }
            #expect(lines[heading].hasPrefix("\(open.count) "))
            let shown = lines[(heading + 1)...].prefix { $0.contains(" → $") }.map { line in
                line.replacing("-", with: "").split(separator: ":")[0].drop { $0 == " " }
            }
            #expect(
                shown.map(String.init)
                    == open.prefix(5).map { "\($0["code"]?.text ?? "") \($0["setting"]?.text ?? "")" })
        }
    }

    private func millionths(_ text: String) -> Int {
        (text.hasPrefix("-") ? -1 : 1) * (Int(text.filter(\.isNumber)) ?? 0)
    }

    @Test("A setting that becomes NA, or is it no more, is no revaluation")
    func notApplicable() throws {
        let flipped = try payments(["pe_facility_na": "true", "pe_facility": "6.45"], ["pe_facility": "272.48"])
        #expect(flipped.map { $0["event"]?.string } == ["revalued", "applicable"])
        #expect(flipped.last?["from"] == .null)
        #expect(flipped.last?["work"] == nil)
        #expect(
            try payments([:], ["pe_nonfacility_na": "true"]).map { $0["event"]?.string } == [
                "not_applicable", "revalued",
            ])
    }

    @Test("A price that comes with the status is no revaluation")
    func priced() throws {
        let unpriced = ["status": "E", "priced": "false", "unpriced_reason": "excluded_from_fee_schedule"]
        #expect(try payments(unpriced, [:]).map { $0["event"]?.string } == ["priced", "priced"])
        #expect(try payments([:], unpriced).map { $0["event"]?.string } == ["unpriced", "unpriced"])
        #expect(try payments(unpriced, unpriced).isEmpty)
    }
}
