import CSV
import Diff
import JSON
import Model
import Schemas
import TestSupport
import Testing

/// A text that would become markup, end the script or the attribute around it, or run, were it not escaped.
private let hostile = #"</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>"'&]]>"#

@Suite("The page of a difference")
struct PageTests {
    private let schemas: Schemas

    init() throws { schemas = try Schemas() }

    /// A revision with three rows, one text of the editors and one descriptor.
    private func snapshot(
        _ label: String, work: String = "1.00", descriptor: String = "Old words of it", summary: String = "Old text",
        tier: String = "public"
    ) throws -> Snapshot {
        let year = "20\(label.dropFirst(3).prefix(2))"
        let manifest = """
            {"schema_version": "1.1.0", "tier": "\(tier)", "content_hash": "sha256:\(label)",
             "release": {"label": "\(label)", "revision": 1, "effective": {"from": "\(year)-01-01", "to": ""}},
             "conversion_factors": {"non_qp": 32.3465, "qp": null}, "missing_inputs": [],
             "verification": {"checks": [
               {"id": "row_totals", "checked": 3, "matched": 3, "explained": 0, "failed": 0, "allowed": null}]}}
            """
        func quoted(_ text: String) -> String { "\"\(text.replacing("\"", with: "\"\""))\"" }
        let tables = [
            "codes": "code,system,short_descriptor\nG0001,HCPCS,\(quoted(descriptor))\n",
            "relative_values":
                "code,modifier,status,priced,work,pe_nonfacility,pe_nonfacility_na,pe_facility,pe_facility_na,mp\n"
                + "G0001,,A,true,\(work),2.00,false,1.00,false,0.10\n"
                + "G0001,26,A,true,\(work),0.50,false,0.50,false,0.05\n"
                + "G0002,,C,false,0.00,0.00,false,0.00,false,0.00\n",
            "editorial": "code,summary,review_state\nG0001,\(quoted(summary)),stale\n",
        ]
        return Snapshot(
            manifest: try JSONValue(Array(manifest.utf8)),
            tables: try tables.mapValues { try CanonicalCSV($0) }, schemas: schemas)
    }

    private func page(_ base: Snapshot?, _ head: Snapshot) throws -> String {
        let difference = compare(base: base, head: head, schemas: schemas)
        let verdict = try Policy.standard(schemas).judge(difference, schemas: schemas)
        return String(decoding: diffPage(difference, verdict), as: UTF8.self)
    }

    @Test("No text of CMS's, of an editor's or of a manifest becomes markup")
    func escaping() throws {
        let text = try page(
            snapshot("RVU25A", tier: hostile.replacing("\"", with: "\\\"")),
            snapshot("RVU26A", descriptor: hostile, summary: hostile))
        #expect(!text.contains("<script>alert"))
        #expect(!text.contains("<img"))
        #expect(!text.contains("<!--"))
        #expect(text.contains("&lt;/script&gt;&lt;script&gt;alert(1)"))
        #expect(text.contains(#"\u003c/script>\u003cscript>alert(1)"#))
        // As many scripts end as begin: none was ended by a text.
        #expect(text.ranges(of: "<script").count == text.ranges(of: "</script>").count)
    }

    @Test("The same two revisions give the same bytes")
    func determinism() throws {
        let first = try page(snapshot("RVU25A"), snapshot("RVU26A", work: "1.50", descriptor: "New words of it"))
        let second = try page(snapshot("RVU25A"), snapshot("RVU26A", work: "1.50", descriptor: "New words of it"))
        #expect(first == second)
    }

    @Test("A payment that moves stands with its exact amounts and its parts")
    func movers() throws {
        let text = try page(snapshot("RVU25A"), snapshot("RVU26A", work: "1.50"))
        // 3.10 and 3.60 RVUs × 32.3465.
        #expect(text.contains("<td class=\"n\">$100.27</td><td class=\"n\">$116.45</td><td class=\"n\">+$16.18</td>"))
        #expect(text.contains("<td class=\"n\">+16.1 %</td>"))
        #expect(text.contains("\"values\":[6793,10027,"))
    }

    @Test("Words that came and went are marked")
    func words() throws {
        let text = try page(snapshot("RVU25A"), snapshot("RVU26A", descriptor: "New words of it"))
        #expect(text.contains("<del>Old</del> <ins>New</ins> words of it"))
    }

    @Test("A first release says that it has no base, and shows no comparison")
    func firstRelease() throws {
        let text = try page(nil, snapshot("RVU25A"))
        #expect(text.contains("It has no base"))
        #expect(!text.contains("<h2 id=\"payment-title\">"))
        #expect(text.contains("Row totals") || text.contains("Work + practice expense + malpractice = total"))
        #expect(text.contains("stale"))
    }

    @Test("Two equal revisions say in every part that nothing changed")
    func nothingChanged() throws {
        let text = try page(snapshot("RVU25A"), snapshot("RVU26A"))
        for sentence in [
            "Nothing changed.", "No national payment changed.", "No row came or went.", "No descriptor changed.",
        ] { #expect(text.contains(sentence), "\(sentence)") }
    }

    @Test("The page loads nothing: no address but those inside it")
    func selfContained() throws {
        let text = try page(snapshot("RVU25A"), snapshot("RVU26A", work: "1.50"))
        for mark in ["http:", "https:", "src=", "@import", "url(", "<link", " style=", " onclick="] {
            #expect(!text.contains(mark), "\(mark)")
        }
        #expect(text.contains("default-src &#39;none&#39;"))
        #expect(!text.contains("unsafe-inline"))
    }
}
