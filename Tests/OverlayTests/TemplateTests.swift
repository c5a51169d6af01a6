import Foundation
import Model
import Overlay
import Schemas
import TestSupport
import Testing

@Suite("Templates of editors")
struct TemplateTests {
    @Test(
        "What is no template is refused at its place, with the tag and what to write",
        arguments: [
            ("{{#route}}open", "overlay_template", "{{#route}} is never closed with {{/route}}"),
            ("{{^route}}open", "overlay_template", "{{^route}} is never closed"),
            ("{{/route}}", "overlay_template", "{{/route}} closes no section"),
            ("{{#route}}{{#title}}{{/route}}{{/title}}", "overlay_template", "{{/title}} is expected"),
            ("What is {{code", "overlay_template", "'{{code' is never closed with }}"),
            ("{{>partial}}", "overlay_template", "{{>partial}}"), ("{{<parent}}", "overlay_template", "{{<parent}}"),
            ("{{$block}}", "overlay_template", "{{$block}}"), ("{{=<% %>=}}", "overlay_template", "{{=<% %>=}}"),
            ("{{%CONTENT_TYPE:HTML}}", "overlay_template", "{{%CONTENT_TYPE:HTML}}"),
            ("{{{code}}}", "overlay_template", "{{{code}}"), ("{{&code}}", "overlay_template", "{{&code}}"),
            ("{{uppercased(code)}}", "overlay_variable", "'{{uppercased(code)}}' is no variable"),
            ("{{.}}", "overlay_variable", "'{{.}}' is no variable"),
            ("{{}}", "overlay_variable", "'{{}}' is no variable"),
            ("{{#tilte}}x{{/tilte}}", "overlay_variable", "'{{tilte}}' is no variable"),
            ("{{Code}}", "overlay_variable", "known are {{code}} {{title}}"),
        ])
    func mistakes(text: String, id: String, said: String) {
        for yaml in [
            "section: J\nbilling: '\(text)'\n", "section: J\nrvu_notes:\n  bundled: '\(text)'\n",
            "section: J\nbilling_by_route:\n  topical: '\(text)'\n",
            "section: J\nquestions:\n  - question: a\n    answer: '\(text)'\n",
            "code: J0001\nquestions:\n  - question: a\n    answer: '\(text)'\n",
        ] {
            let found = refused(yaml)
            #expect(found?.ids.contains(id) == true, "\(yaml)")
            #expect(found?.description.contains(said) == true, "\(found?.description ?? "accepted")")
            let line = yaml.split(separator: "\n").count
            #expect(found?.places.first?.hasPrefix("a.yaml:\(line):") == true)
        }
    }

    @Test("Every mistake of a text is reported")
    func together() {
        let found = refused("section: J\nbilling: '{{a}} {{#b}} {{>c}}'\n")
        for said in ["'{{a}}'", "'{{b}}'", "{{>c}}", "never closed with {{/b}}"] {
            #expect(found?.description.contains(said) == true, "\(said)")
        }
    }

    @Test(
        "A variable without a value leaves the text out, unless a section asks for it",
        arguments: [
            ("{{dosage}}", nil), ("{{#route}}{{dosage}}{{/route}}", nil), ("{{^route}}{{dosage}}{{/route}}.", "."),
            ("{{#dosage}}{{dosage}}{{payment_limit}}{{/dosage}}.", "."),
            ("{{#route}}{{#dosage}}{{dosage}}{{/dosage}}{{^dosage}}none{{/dosage}}{{/route}}", "none"),
            ("{{^dosage}}{{dosage}}{{/dosage}}", nil), ("{{#dosage}}in units{{/dosage}}", nil),
        ] as [(String, String?)])
    func missing(text: String, filled: String?) throws {
        #expect(try overlaid("section: J\nbilling: '\(text)'\n").editorial("J0001")?.billing?.text == filled)
    }

    @Test("A text for a route goes before the text for all, and is not shown to other routes")
    func routes() throws {
        let merged = try overlaid(
            """
            section: J
            billing: all
            billing_by_route: {topical: rubbed in, injection: 'with a needle, {{dosage}}'}
            documentation_by_route: {injection: where}
            """)
        #expect(merged.editorial("J0002")?.billing == .init("rubbed in", .category))
        #expect(merged.editorial("J0003")?.billing == .init("all", .category))
        #expect(
            merged.editorial("J0001")?.billing == .init("all", .category), "the text for injections cannot be filled")
        #expect(merged.editorial("J0001")?.documentation == .init("where", .category))
        #expect(merged.editorial("J0002")?.documentation == nil)
        #expect(refused("section: J\nbilling_by_route: {rubbed: x}\n")?.ids == ["overlay_key"])
        #expect(refused("section: J\nbilling_by_route: x\n")?.ids == ["overlay_type"])
    }

    @Test("The texts of routes are kept once, each with its route")
    func rows() throws {
        let rows = try overlaid("section: J\nbilling: all\nbilling_by_route: {topical: x, oral: y}\n").categoryTexts
        #expect(
            rows.map(\.cells) == [
                [.text("J"), .text("billing"), .text(""), .text("all"), .null],
                [.text("J"), .text("billing"), .text("oral"), .text("y"), .list(["oral"])],
                [.text("J"), .text("billing"), .text("topical"), .text("x"), .list(["topical"])],
            ])
    }

    @Test("A drug's facts fill variables")
    func drug() throws {
        var canonical = try ReleaseFiles().canonical()
        let index = try #require(canonical.codes.firstIndex { $0.code.description == "J0001" })
        let source = Source(file: "asp.csv", line: 9)
        let day = try #require(CalendarDate(iso: "2019-01-01"))
        let last = try #require(CalendarDate(iso: "2019-03-31"))
        let code = canonical.codes[index].code
        let quarter = try #require(DrugQuarter(from: day, to: last))
        var limit = DrugPaymentLimit(code: code, quarter: quarter, dosage: "1 MG", source: source)
        limit.limit = PaymentLimit(units: 137_828)
        let one = try #require(WrittenDecimal("1"))
        let products = ["Madeupin", "Inventa", "madeupin"].map { name in
            DrugProduct(
                code: code, quarter: quarter, ndc: "00000-0000-01", labeler: "Nobody", drugName: name, dosage: "1 MG",
                packageSize: one, packageQuantity: one, billingUnits: one, billingUnitsPerPackage: one, source: source)
        }
        canonical.codes[index].drug = DrugFacts(paymentLimit: limit, products: products)
        let text =
            "section: J\nbilling: '${{payment_limit}} per {{dosage}} in {{quarter}}{{#brand_names}} ({{brand_names}}){{/brand_names}}'\n"
        let merged = try overlay(
            canonical, files: [OverlayFile(path: "a.yaml", text: text)], tier: .public, schemas: schemas)
        #expect(merged.editorial("J0001")?.billing?.text == "$137.828 per 1 MG in 2019Q1 (Inventa, Madeupin)")
        #expect(merged.editorial("J0002")?.billing == nil)
    }

    @Test("The schemas and the guide for contributors name every variable, and no other")
    func documented() throws {
        let names = TemplateVariable.allCases.map(\.rawValue)
        for path in ["overlay.schema.json", "category-overlay.schema.json"] {
            let text = String(decoding: try #require(Schemas.file(path)), as: UTF8.self)
            let found = text.matches(of: /\{\{([a-z_]+)\}\}/).map { String($0.1) }.filter { $0 != "name" }
            #expect(Set(found) == Set(names), "\(path)")
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let guide = try String(
            contentsOf: root.deletingLastPathComponent().appendingPathComponent("CONTRIBUTING.md"), encoding: .utf8)
        for variable in TemplateVariable.allCases {
            #expect(guide.contains("| `{{\(variable.rawValue)}}` | \(variable.meaning) |"), "\(variable.rawValue)")
        }
    }
}
