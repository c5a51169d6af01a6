import CSV
import Foundation
import JSON
import Model
import Schemas
import Store
import TestSupport
import Testing

@Suite("The files of Schemas/")
struct EmbeddedFilesTests {
    private let folder = URL.checkout().appendingPathComponent("Schemas")

    /// A table's rows by column name.
    private func table(_ path: String) throws -> [[String: String]] {
        let rows = try tokeniseCSV(#require(Schemas.file(path)))
        let header = rows.strings(of: 0)
        return (1..<rows.count).map { row in
            Dictionary(zip(header, rows.strings(of: row))) { first, _ in first }
        }
    }

    @Test("The binary holds every file of the folder, byte for byte, and no other")
    func embedded() throws {
        let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        // The data dictionary is made from the others.
        let files = paths.filter { $0.contains(".") && !["DICTIONARY.md", "FHIR.md"].contains($0) }.sorted()
        #expect(!files.isEmpty)
        #expect(Schemas.files.sorted() == files)
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(file)))
            #expect(Schemas.file(file) == bytes, "\(file)")
        }
    }

    @Test("Every table loads") func loads() throws { #expect(try !Schemas().tables.isEmpty) }

    @Test("Every table ends its last line, has no blank at the end of a cell and no line twice")
    func tidy() throws {
        for path in Schemas.files where path.hasSuffix(".csv") {
            let bytes = try #require(Schemas.file(path))
            #expect(bytes.last == 0x0A && !bytes.contains(0x0D), "\(path)")
            let rows = try tokeniseCSV(bytes)
            let cells = (0..<rows.count).map { rows.strings(of: $0) }
            #expect(Set(cells).count == cells.count, "\(path)")
            // `HDR ` is what lines begin with, blank included.
            #expect(cells.joined().allSatisfy { $0 == "HDR " || ($0.first != " " && $0.last != " ") }, "\(path)")
        }
    }

    @Test(
        "No value of an indicator is listed twice",
        arguments: ["values/indicators.csv", "values/hcpcs-values.csv", "values/names.csv"])
    func indicators(path: String) throws {
        let keys = try table(path).map { "\($0["field"] ?? $0["list"] ?? "") \($0["value"] ?? "")" }
        #expect(Set(keys).count == keys.count)
    }

    @Test(
        "No status, section, route phrase, release or member is listed twice",
        arguments: [
            ("values/status.csv", "status"), ("values/hcpcs-sections.csv", "letter"), ("values/routes.csv", "phrase"),
            ("values/releases.csv", "label"), ("layouts/members.csv", "table"),
        ])
    func keys(path: String, column: String) throws {
        let keys = try table(path).map { $0[column] ?? "" }
        #expect(!keys.contains("") && Set(keys).count == keys.count)
    }

    @Test("Ranges of codes do not overlap and are in order")
    func ranges() throws {
        let ranges = try table("values/code-ranges.csv").map { (first: $0["first"] ?? "", last: $0["last"] ?? "") }
        for range in ranges {
            #expect(range.first <= range.last && range.first.utf8.count == 5 && range.last.utf8.count == 5)
        }
        // Series with a letter at the end have digits of their own.
        for series in Dictionary(grouping: ranges, by: { $0.last.last.map { $0.isLetter ? String($0) : "" } ?? "" })
            .values
        {
            for (left, right) in zip(series, series.dropFirst()) {
                #expect(left.last < right.first, "\(left) \(right)")
            }
        }
    }

    @Test("A category keeps its name and its section in all ranges")
    func categories() throws {
        let rows = try table("values/code-ranges.csv")
        for (section, rows) in Dictionary(grouping: rows, by: { $0["section"] ?? "" }) {
            #expect(Set(rows.map { $0["section_name"] }).count == 1, "\(section)")
        }
        for (category, rows) in Dictionary(grouping: rows, by: { $0["category"] ?? "" }) {
            #expect(Set(rows.map { "\($0["category_name"] ?? "") \($0["section"] ?? "")" }).count == 1, "\(category)")
        }
    }

    @Test("TXT fields of a year lie in order and share no byte", arguments: SourceTable.allCases)
    func positions(table: SourceTable) {
        for year in 2015...2030 {
            let fields = schemas.layout(table, year: year).fields
            let positions = fields.compactMap(\.position).sorted { $0.lowerBound < $1.lowerBound }
            for (left, right) in zip(positions, positions.dropFirst()) {
                #expect(left.upperBound < right.lowerBound, "\(table) \(year)")
            }
        }
    }

    @Test("A label means one field in any year, and a name is one column", arguments: SourceTable.allCases)
    func labels(table: SourceTable) {
        for year in 2015...2030 {
            let fields = schemas.layout(table, year: year).fields
            #expect(Set(fields.map(\.name)).count == fields.count, "\(table) \(year)")
            let labels = fields.flatMap(\.labels)
            #expect(Set(labels).count == labels.count, "\(table) \(year)")
            #expect(labels.allSatisfy { $0.uppercased().hasPrefix($0.prefix { $0 != "{" }) }, "\(table) \(year)")
        }
    }

    @Test(
        "Records have the lengths of CMS's layout documents",
        arguments: [
            (SourceTable.pprrvu, 171), (.gpci, 150), (.anes, 77), (.oppscap, 38), (.hcpcs, 293),
        ])
    func recordLengths(table: SourceTable, length: Int) {
        #expect(schemas.layout(table, year: 2025).recordLength == length)
    }

    @Test(
        "JSON Schemas that the validator reads use only what it understands",
        arguments: [
            "manifest.schema.json", "code.schema.json", "datapackage.schema.json", "latest.schema.json",
            "sources-lock.schema.json", "delta.schema.json", "releases.schema.json", "withdrawn.schema.json",
        ])
    func keywords(path: String) throws {
        try check(JSONValue(#require(Schemas.file(path))), path)
    }

    private static let understood: Set<String> = [
        "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "minLength",
        "pattern",
        "$ref", "anyOf", "$defs",
    ]
    private static let remarks: Set<String> = ["$schema", "$id", "title", "description", "examples", "$comment"]

    private func check(_ schema: JSONValue, _ path: String) {
        let keys = Set(schema.members.map(\.key)).subtracting(Self.remarks)
        #expect(keys.isSubset(of: Self.understood), "\(path): \(keys.subtracting(Self.understood).sorted())")
        // What stands beside these is not looked at.
        if keys.contains("$ref") { #expect(keys == ["$ref"], "\(path)") }
        if keys.contains("anyOf") { #expect(keys == ["anyOf"], "\(path)") }
        if let value = schema["additionalProperties"] { #expect(value == .bool(false), "\(path)") }
        for group in ["properties", "$defs"] {
            for member in schema[group]?.members ?? [] { check(member.value, "\(path)/\(member.key)") }
        }
        for choice in schema["anyOf"]?.elements ?? [] { check(choice, path) }
        if let items = schema["items"] { check(items, "\(path)[]") }
    }

    @Test("A table's key stands in its first columns, by which deltas name rows")
    func keysFirst() {
        for table in schemas.tables {
            let key = table.columns.prefix { $0.isKey }.count
            #expect(table.columns.count { $0.isKey } == key, "\(table.name)")
        }
    }

    @Test("Every reference of a JSON Schema leads somewhere", arguments: Schemas.files.filter { $0.hasSuffix(".json") })
    func references(path: String) throws {
        let root = try JSONValue(#require(Schemas.file(path)))
        func walk(_ value: JSONValue) {
            if let reference = value["$ref"]?.string {
                #expect(
                    reference.hasPrefix("#/$defs/") && root["$defs"]?[String(reference.dropFirst(8))] != nil,
                    "\(reference)")
            }
            for member in value.members { walk(member.value) }
            for element in value.elements { walk(element) }
        }
        walk(root)
    }

    /// The properties of an object of the code documents, or of an object in one.
    private func properties(of root: JSONValue, _ name: String? = nil) -> [(key: String, value: JSONValue)] {
        var found: JSONValue? = root
        if let name { found = root["properties"]?[name] }
        if let items = found?["items"] { found = items }
        for choice in found?["anyOf"]?.elements ?? [] where choice["type"]?.string != "null" { found = choice }
        if let reference = found?["$ref"]?.string { found = root["$defs"]?[String(reference.dropFirst(8))] }
        return found?["properties"]?.members.map { ($0.key, $0.value) } ?? []
    }

    @Test("JSON Schemas and the program name the same columns")
    func documentColumns() throws {
        let root = try JSONValue(#require(Schemas.file("code.schema.json")))
        func properties(_ name: String) -> [String] { self.properties(of: root, name).map(\.key) }
        // What a row pays follows from it and from the conversion factors: documents have it, the table has not.
        #expect(
            Set(properties("relative_values")) == Set(RelativeValue.columns.dropFirst()).union(["national_payment"]))
        #expect(Set(properties("hcpcs")) == Set(HCPCSRecord.administrativeColumns))
    }

    @Test(
        "A field of the code documents is described as the column that it repeats",
        arguments: [
            (nil, "codes"), ("relative_values", "relative_values"), ("hcpcs", "codes"), ("drug", "drug_payment_limits"),
        ] as [(String?, String)])
    func documentDescriptions(object: String?, table: String) throws {
        let root = try JSONValue(#require(Schemas.file("code.schema.json")))
        let columns = try #require(schemas.tables.first { $0.name == table }).columns
        var compared = 0
        for (name, property) in properties(of: root, object) {
            guard let column = columns.first(where: { $0.name == name }) else { continue }
            // What is empty in a table is null in a document.
            let meaning = column.meaning.replacing("; empty ", with: "; null ")
            let expected = column.unit.isEmpty ? meaning : "\(meaning) (\(column.unit))"
            #expect(property["description"]?.string?.hasPrefix(expected) == true, "\(table).\(name)")
            compared += 1
        }
        #expect(compared > 5)
    }
}
