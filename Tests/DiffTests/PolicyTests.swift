import Diff
import JSON
import Model
import Schemas
import TestSupport
import Testing

@Suite("The gate")
struct PolicyTests {
    private func verdict(_ policy: String, removed: Int = 3, head day: String = "2026-01-01") throws -> Verdict {
        let schemas = try Schemas()
        var old = TestRevision()
        old.rows = (0..<10).map { ("1000\($0)", ["work": "1.00"]) }
        var new = TestRevision(label: "RVU26A", effectiveFrom: day)
        new.rows = Array(old.rows.dropFirst(removed))
        if !new.rows.isEmpty { new.rows[0].cells = ["work": "400.00"] }
        let difference = try difference(old, new)
        return try Policy(policy, file: "policy.yaml", schemas: schemas).judge(difference, schemas: schemas)
    }

    private func waiver(_ key: String, expires: String) -> String {
        """
        waivers:
          - key: \(key)
            reason: CMS said so.
            owner: data@example.org
            expires: \(expires)
        """
    }

    @Test("A count at its limit passes and one above it fails")
    func limits() throws {
        #expect(try verdict("limits:\n  rows_removed: 3\n").outcome == .pass)
        let failed = try verdict("limits:\n  rows_removed: 2\n")
        #expect(failed.outcome == .fail)
        #expect(failed.exitCode == 1)
        #expect(failed.findings.map(\.message) == ["rows_removed is 3; the policy allows 2"])
    }

    @Test("A waiver lets its finding pass until the release takes effect after its last day")
    func waivers() throws {
        let limits = "limits:\n  rows_removed: 2\n"
        #expect(try verdict(limits + waiver("rows_removed", expires: "2026-01-01")).outcome == .waived)
        let expired = try verdict(limits + waiver("rows_removed", expires: "2025-12-31"))
        #expect(expired.outcome == .fail)
        #expect(expired.findings.map(\.state) == [.expired])
    }

    @Test("A waiver for nothing is named, and fails once it has expired")
    func uselessWaivers() throws {
        let unused = try verdict("limits:\n" + waiver("rows_added", expires: "2026-12-31"))
        #expect(unused.outcome == .pass)
        #expect(unused.unused == ["rows_added"])
        #expect(try verdict("limits:\n" + waiver("rows_added", expires: "2020-12-31")).outcome == .fail)
    }

    @Test("An unexplained payment fails beyond both its limits, each row for itself")
    func payments() throws {
        func policy(_ percent: Int, _ dollars: Int) -> String {
            "limits:\n  payment_unexplained:\n    percent: \(percent)\n    dollars: \(dollars)\n"
        }
        #expect(try verdict(policy(1000, 1000)).findings.map(\.key) == ["payment_unexplained/10003"])
        #expect(try verdict(policy(100_000, 1000)).outcome == .pass)
        #expect(try verdict(policy(1000, 100_000)).outcome == .pass)
        let waived = try verdict(policy(1000, 1000) + waiver("payment_unexplained/10003", expires: "2026-12-31"))
        #expect(waived.outcome == .waived)
    }

    @Test("Every name of a limit that the schema lists is one that the program knows, and none is missing")
    func schemaNames() throws {
        let schema = try JSONValue(try #require(Schemas.file("policy.schema.json")))
        let listed = schema["properties"]?["limits"]?["properties"]?.members.map(\.key) ?? []
        let schemas = try Schemas()
        let wanted =
            [
                "payment_unexplained", "verification_failures", "rows_common", "rows_changed",
                "descriptor_changed_codes",
                "codes_reinstated", "conversion_factor_percent",
                "gpci_percent",
                "overlays_stale", "overlays_reused_suspect", "overlays_orphaned", "overlays_unreviewed",
            ] + schemas.changeCategories.flatMap { [$0.id, "\($0.id)_unexplained"] }
        #expect(listed == wanted)
        for name in listed where name != "payment_unexplained" {
            _ = try Policy("limits:\n  \(name): 1\n", file: "policy.yaml", schemas: schemas)
        }
    }

    @Test(
        "What is wrong with a policy is said at its line and column",
        arguments: [
            ("limits:\n  rows_gone: 3\n", "policy.yaml:2:3", "policy_limit"),
            ("limits:\n  rows_removed: many\n", "policy.yaml:2:17", "policy_number"),
            ("limits:\n  rows_removed: -1\n", "policy.yaml:2:17", "policy_number"),
            ("limit:\n  rows_removed: 3\n", "policy.yaml:1:1", "policy_key"),
            (
                "limits:\nwaivers:\n  - key: a\n    reason: b\n    expires: 2026-01-01\n", "policy.yaml:3:5",
                "policy_waiver"
            ),
            (
                "limits:\nwaivers:\n  - key: a\n    reason: b\n    owner: c\n    expires: soon\n", "policy.yaml:6:14",
                "policy_date"
            ),
            ("limits: [1\n", "policy.yaml:2:1", "policy_yaml"),
        ])
    func mistakes(text: String, place: String, id: String) throws {
        let schemas = try Schemas()
        let error = #expect(throws: IngestError.self) { try Policy(text, file: "policy.yaml", schemas: schemas) }
        let first = error?.diagnostics.kinds.first
        #expect(first?.id == id)
        #expect(first?.first.first?.place?.description == place)
        #expect(error?.kind == .badData)
    }
}
