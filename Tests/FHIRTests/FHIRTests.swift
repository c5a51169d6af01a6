import Digest
import FHIR
import Foundation
import JSON
import Model
import Schemas
import TestSupport
import Testing

@Suite("FHIR R4 export")
struct FHIRTests {
    private let folder: TemporaryFolder
    private let definitions: FHIRDefinitions

    init() throws {
        folder = try TemporaryFolder()
        definitions = try FHIRDefinitions(tables: schemas.tables)
    }

    private static let codes = "code,system,title,short_descriptor,long_descriptor,pricing,terminated,hcpcs_absence\n"
    private static let values = "code,modifier,status,priced,work\n"
    private static let modifiers = "modifier,long_descriptor,short_descriptor\nLT,Left side,Left side\n"

    /// Exports a revision that is made of these tables.
    private func export(
        _ tables: [String: String], base: String = "https://example.org/fhir", to place: String = "out"
    ) throws -> [String: JSONValue] {
        try FileManager.default.createDirectory(at: folder["r1/tables"], withIntermediateDirectories: true)
        var json = JSONWriter(indented: false)
        json.object { json in
            json.object("release") { json in
                json.field("label", "RVU26A")
                json.object("effective") { json in json.field("from", "2026-01-01") }
            }
            json.array("files") { json in
                for (name, text) in tables.sorted(by: { $0.key < $1.key }) {
                    json.object { json in
                        json.field("path", "tables/\(name).csv")
                        json.field("sha256", Digest.hex(text))
                    }
                }
            }
        }
        for (name, text) in tables {
            try Data(text.utf8).write(to: folder["r1/tables/\(name).csv"])
        }
        let export = FHIRExport(
            revision: "RVU26A-r1", folder: folder["r1"], manifest: try JSONValue(json.bytes), definitions: definitions,
            canonicalBase: base)
        let written = try export.write(to: folder[place])
        var resources: [String: JSONValue] = [:]
        for file in written.files where file.path.hasSuffix(".json") {
            resources[file.path] = try JSONValue([UInt8](Data(contentsOf: folder["\(place)/\(file.path)"])))
        }
        return resources
    }

    private func properties(_ concept: JSONValue?) -> [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        for property in concept?["property"]?.elements ?? [] {
            found[property["code"]?.string ?? ""] = property.members.first { $0.key.hasPrefix("value") }?.value
        }
        return found
    }

    @Test("A decimal keeps its digits, and each row's values have the name of its modifier")
    func relativeValues() throws {
        let resources = try export([
            "codes": Self.codes + "G0001,HCPCS,Thing,Thing,A thing,00;51,,\n",
            "relative_values": Self.values + "G0001,,A,true,1.10\nG0001,26,A,true,0.00\n",
        ])
        let supplement = resources["CodeSystem-hcpcs-level-ii-supplement.json"]
        #expect(
            properties(supplement?["concept"]?.elements.first) == [
                "status_indicator": .string("A"), "priced": .bool(true), "work": .number("1.10"),
                "status_indicator-26": .string("A"), "priced-26": .bool(true), "work-26": .number("0.00"),
            ])
        #expect(
            supplement?["supplements"]?.string
                == "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets|RVU26A-r1")
    }

    @Test("A code that ended before the release began is inactive, one that ends later is not")
    func inactive() throws {
        let resources = try export([
            "codes": Self.codes + "G0001,HCPCS,,S,L,,2025-12-31,\nG0002,HCPCS,,S,L,,2026-03-31,\n"
        ])
        let concepts = resources["CodeSystem-hcpcs-level-ii.json"]?["concept"]?.elements ?? []
        #expect(concepts.map { properties($0)["inactive"] } == [.bool(true), nil])
    }

    @Test(
        "HCPCS is complete only when CMS's whole file is there and no code is missing in it",
        arguments: [
            (6_000, "", true, "complete"), (5_999, "", true, "fragment"), (6_000, "", false, "fragment"),
            (6_000, "Z9999,HCPCS,T,T,,,,not_in_hcpcs_file\n", true, "fragment"),
            (6_000, "GXXX1,HCPCS,T,T,,,,placeholder\n", true, "complete"),
            (6_000, "Z9999,HCPCS,T,T,,,,\n", true, "fragment"), (0, "", true, "fragment"),
        ])
    func content(count: Int, more: String, hasModifiers: Bool, content: String) throws {
        var codes = Self.codes
        for number in 0..<count { codes += "A\(String(number + 10_000).dropFirst()),HCPCS,T,T,Text,,,\n" }
        let resources = try export(
            hasModifiers ? ["codes": codes + more, "modifiers": Self.modifiers] : ["codes": codes + more])
        let hcpcs = try #require(resources["CodeSystem-hcpcs-level-ii.json"])
        #expect(hcpcs["content"]?.string == content)
        let concepts = hcpcs["concept"]?.elements ?? []
        #expect(hcpcs["count"]?.integer == (content == "complete" ? concepts.count : nil))
        #expect(!concepts.contains { $0["code"]?.string == "GXXX1" })
    }

    @Test("No text of a CPT or CDT code is written, whatever the tables hold")
    func licensed() throws {
        let resources = try export([
            "codes": Self.codes + "00100,CPT,Secret,Secret,Secret,,,\nD0120,CDT,Secret,Secret,Secret,,,\n",
            "relative_values": Self.values + "00100,,J,false,0.00\nD0120,,R,false,0.00\n",
            "editorial_items": "code,kind,position,text\n00100,synonym,1,Secret\n",
        ])
        let values = properties(resources["CodeSystem-cpt-supplement.json"]?["concept"]?.elements.first)
        #expect(values["work"] == .number("0.00"))
        #expect(resources["CodeSystem-cdt-supplement.json"]?["concept"]?.elements.count == 1)
        for path in folder.files where path.hasPrefix("out/") {
            let text = try String(contentsOf: folder[path], encoding: .utf8)
            #expect(!text.contains("Secret"), "\(path)")
        }
    }

    @Test("A product's code is wider than the product, and its units come with it")
    func products() throws {
        let resources = try export([
            "codes": Self.codes + "J0001,HCPCS,T,T,T,,,\n",
            "drug_products": "code,ndc,quarter,labeler,drug_name,billing_units_per_package\n"
                + "J0001,00001-0002-03,2026Q1,Maker,Drug,0.50\n90001,00001-0002-03,2026Q1,Maker,Drug,1\n",
        ])
        let groups = resources["ConceptMap-ndc-to-hcpcs.json"]?["group"]?.elements ?? []
        #expect(groups.map { $0["target"]?.string?.hasSuffix("/cpt") } == [false, true])
        let target = groups.first?["element"]?.elements.first?["target"]?.elements.first
        #expect(target?["code"]?.string == "J0001" && target?["equivalence"]?.string == "wider")
        #expect(target?["product"]?.elements.first?["value"]?.string == "0.50")
        #expect(
            target?["product"]?.elements.first?["property"]?.string
                == "https://example.org/fhir/ConceptMap/ndc-to-hcpcs#billing_units_per_package")
    }

    @Test("A table that is not the published one is refused, and what was there stays")
    func damaged() throws {
        let tables = ["codes": Self.codes + "G0001,HCPCS,T,T,T,,,\n"]
        _ = try export(tables)
        let before = try Data(contentsOf: folder["out/CodeSystem.ndjson"])
        let export = FHIRExport(
            revision: "RVU26A-r1", folder: folder["r1"],
            manifest: try JSONValue(Array(#"{"files":[{"path":"tables/codes.csv","sha256":"00"}]}"#.utf8)),
            definitions: definitions, canonicalBase: "https://example.org/fhir")
        #expect(refusal { try export.write(to: folder["out"]) }?.ids == ["table_unreadable"])
        #expect(try Data(contentsOf: folder["out/CodeSystem.ndjson"]) == before)
        #expect(folder.files.allSatisfy { $0.hasPrefix("out/") || $0.hasPrefix("r1/") })
    }

    @Test("An export is replaced whole; a folder with anything else is refused and not touched")
    func foreign() throws {
        let codes = Self.codes + "G0001,HCPCS,T,T,T,,,\n"
        let product = "code,ndc\nG0001,00001-0002-03\n"
        _ = try export(["codes": codes, "drug_products": product])
        #expect(folder.files.contains("out/ConceptMap.ndjson"))
        _ = try export(["codes": codes])
        #expect(!folder.files.contains("out/ConceptMap.ndjson"))
        try Data("mine".utf8).write(to: folder["out/notes.txt"])
        let before = folder.files
        let refused = refusal { try export(["codes": codes]) }
        #expect(refused?.ids == ["export_folder_foreign"] && refused?.kind == .cannotWrite)
        #expect(folder.files == before)
    }

    @Test("Every column of the relative values and of CMS's record is a property, and no property is there twice")
    func columns() {
        func columns(_ group: FHIRDefinitions.Group) -> [String] {
            definitions.properties(of: group).compactMap(\.column)
        }
        #expect(columns(.relativeValues) == RelativeValue.columns.filter { $0 != "code" && $0 != "modifier" })
        #expect(columns(.hcpcs) == HCPCSRecord.administrativeColumns)
        for groups in [[FHIRDefinitions.Group.hcpcs], [.editorial, .relativeValues], [.products]] {
            let codes = groups.flatMap { definitions.properties(of: $0) }.map(\.code)
            #expect(Set(codes).count == codes.count)
        }
    }
}
