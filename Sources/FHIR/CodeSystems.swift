import Foundation
import JSON
import Model
import Schemas

extension FHIRExport {
    // MARK: HCPCS Level II

    /// CMS's code system itself: codes and modifiers with their texts and their record.
    func writeHCPCS(_ tables: RevisionTables, to aside: URL) throws(IngestError) -> WrittenResource {
        let system = try system("HCPCS")
        let rows = tables.codeRows(of: .hcpcs)
        let listed = rows.count { row in
            tables.codes.text(row, "hcpcs_absence").isEmpty && !tables.codes.text(row, "long_descriptor").isEmpty
        }
        let gaps = gaps(listed: listed, others: rows.count - listed, modifiers: tables.modifiers.rows.count, system)
        let count = rows.count + tables.modifiers.rows.count
        var file = try begin(
            "CodeSystem", system.id, in: aside, url: system.url, oid: system.oid, name: system.computableName,
            title: system.title, publisher: system.publisher,
            description: "HCPCS Level II codes and modifiers as CMS's files of release \(release) have them: "
                + "\(listed) codes and \(tables.modifiers.rows.count) modifiers of the HCPCS file. "
                + gaps.map { $0 + " " }.joined()
                + "The display is the long descriptor, which is the definition too.",
            copyright: system.copyright)
        file.member("caseSensitive", true)
        file.member("content", gaps.isEmpty ? "complete" : "fragment")
        // Of a fragment nobody knows how many concepts the whole has.
        if gaps.isEmpty { file.member("count", count) }
        file.member("property") { json in
            json.array { json in
                for property in definitions.properties(of: .hcpcs) { write(property, to: &json) }
            }
        }
        guard count > 0 else {
            try file.finish()
            return WrittenResource(type: "CodeSystem", id: system.id, elements: 0)
        }
        file.beginList("concept")
        for (table, rows, key) in [
            (tables.codes, rows, "code"), (tables.modifiers, Array(tables.modifiers.rows), "modifier"),
        ] {
            let reader = PropertyReader(.hcpcs, definitions, table)
            for row in rows {
                let concept = concept(row, of: table, key: key, reader)
                file.element { concept.write(to: &$0, ownSystem: designationUses) }
            }
        }
        file.endList()
        try file.finish()
        return WrittenResource(type: "CodeSystem", id: system.id, elements: count)
    }

    /// Why the list is not the whole of HCPCS Level II; nothing where it is.
    private func gaps(
        listed: Int, others: Int, modifiers: Int, _ system: FHIRDefinitions.System
    ) -> [String] {
        var gaps: [String] = []
        if listed == 0 {
            gaps.append("The release has no HCPCS file: codes have the short descriptor of PPRRVU alone.")
        } else if listed < system.fewestCodes ?? 0 || modifiers == 0 {
            gaps.append("The HCPCS file of this release is a part of CMS's.")
        }
        if listed > 0, others > 0 {
            gaps.append(
                others == 1
                    ? "One more code is in PPRRVU and not in the HCPCS file: it has no long descriptor."
                    : "\(others) more codes are in PPRRVU and not in the HCPCS file: they have no long descriptor.")
        }
        return gaps
    }

    private func concept(_ row: Int, of table: Table, key: String, _ reader: PropertyReader) -> Concept {
        let short = table.text(row, "short_descriptor")
        let long = table.text(row, "long_descriptor")
        var concept = Concept(code: table.text(row, key))
        concept.display = long.isEmpty ? short : long
        concept.definition = long
        if !long.isEmpty, !short.isEmpty, let name = name("short_descriptor", short) { concept.names.append(name) }
        let terminated = table.text(row, "terminated")
        if !terminated.isEmpty, terminated < effectiveFrom {
            concept.properties.append(PropertyValue(code: "inactive", type: .boolean, text: "true"))
        }
        concept.properties.append(
            PropertyValue(code: "modifier", type: .boolean, text: key == "modifier" ? "true" : "false"))
        concept.properties += reader.values(of: row, in: table)
        return concept
    }

    // MARK: Supplements

    /// The relative values of a system's codes, and for Level II our own names.
    /// - Returns: `nil` where there is nothing to say.
    func writeSupplement(
        of codeSystem: CodeSystem, _ tables: RevisionTables, to aside: URL
    ) throws(IngestError) -> WrittenResource? {
        let system = try system(codeSystem.rawValue)
        let isOurs = codeSystem == .hcpcs
        let rows = tables.codeRows(of: codeSystem).filter { row in
            isOurs || tables.relativeValueRows[tables.codes.text(row, "code")] != nil
        }
        guard !rows.isEmpty else { return nil }
        let id = "\(system.id)-supplement"
        var file = try begin(
            "CodeSystem", id, in: aside, url: url("CodeSystem", id), name: "\(system.computableName)Supplement",
            title: "\(system.title): \(isOurs ? "names and relative values" : "relative values")",
            description: supplementDescription(isOurs), copyright: system.copyright)
        file.member("content", "supplement")
        // Which edition of CPT or CDT a reader has, and what its server calls it, is not ours to say.
        file.member("supplements", isOurs ? "\(system.url)|\(revision)" : system.url)
        file.member("count", rows.count)
        let modifiers = modifiers(of: rows, tables)
        file.member("property") { json in
            json.array { json in
                for property in isOurs ? definitions.properties(of: .editorial) : [] { write(property, to: &json) }
                for modifier in modifiers {
                    for property in definitions.properties(of: .relativeValues) {
                        write(property, modifier: modifier, to: &json)
                    }
                }
            }
        }
        let editorial = isOurs ? EditorialReader(self, tables) : nil
        let reader = PropertyReader(.relativeValues, definitions, tables.relativeValues)
        file.beginList("concept")
        for row in rows {
            var concept = Concept(code: tables.codes.text(row, "code"))
            editorial?.add(to: &concept, row)
            for row in tables.relativeValueRows[concept.code] ?? 0..<0 {
                concept.properties += reader.values(
                    of: row, in: tables.relativeValues, modifier: tables.relativeValues.text(row, "modifier"))
            }
            file.element { concept.write(to: &$0, ownSystem: designationUses) }
        }
        file.endList()
        try file.finish()
        return WrittenResource(type: "CodeSystem", id: id, elements: rows.count)
    }

    private func supplementDescription(_ isOurs: Bool) -> String {
        let until = manifest["release"]?["effective"]?["to"]?.string ?? ""
        return "CMS's relative values of the Medicare Physician Fee Schedule, release \(release), in force from "
            + "\(effectiveFrom)\(until.isEmpty ? "" : " to \(until)")"
            + (isOurs ? ", and the names that the dataset gives to codes" : "")
            + ". A property such as work is of the row without a modifier, work-26 of the row with modifier 26."
    }

    /// The modifiers of the rows of these codes, the blank one first.
    private func modifiers(of rows: [Int], _ tables: RevisionTables) -> [String] {
        var found: Set<String> = []
        for row in rows {
            for row in tables.relativeValueRows[tables.codes.text(row, "code")] ?? 0..<0 {
                found.insert(tables.relativeValues.text(row, "modifier"))
            }
        }
        return found.sorted()
    }

    private func write(_ property: FHIRDefinitions.Property, modifier: String = "", to json: inout JSONWriter) {
        json.object { json in
            json.field("code", propertyCode(property.code, modifier))
            if let uri = property.uri { json.field("uri", uri) }
            json.field("description", property.meaning + (modifier.isEmpty ? "" : "; modifier \(modifier)"))
            json.field("type", property.type.rawValue)
        }
    }

    // MARK: Kinds of names

    /// The uses of designations that no other code system defines.
    func writeDesignationUses(to aside: URL) throws(IngestError) -> WrittenResource {
        let uses = definitions.designations.filter { $0.system == nil }
        var file = try begin(
            "CodeSystem", "designation-use", in: aside, url: designationUses, name: "DesignationUse",
            title: "What kind of name a designation is",
            description: "The kinds of names that the designations of HCPCS Level II codes have, besides synonyms.",
            copyright: "")
        file.member("caseSensitive", true)
        file.member("content", "complete")
        file.member("count", uses.count)
        file.beginList("concept")
        for use in uses {
            let concept = Concept(code: use.code, display: use.display, definition: use.definition)
            file.element { concept.write(to: &$0, ownSystem: designationUses) }
        }
        file.endList()
        try file.finish()
        return WrittenResource(type: "CodeSystem", id: "designation-use", elements: uses.count)
    }
}

/// The names that the dataset gives to Level II codes, and how their texts stand.
private struct EditorialReader {
    private let export: FHIRExport
    private let tables: RevisionTables
    private let codeReader: PropertyReader
    private let reviewReader: PropertyReader
    /// By code, the row of `editorial`.
    private var reviews: [String: Int] = [:]
    /// By code, the rows of `editorial_items`.
    private var items: [String: [Int]] = [:]

    init(_ export: FHIRExport, _ tables: RevisionTables) {
        self.export = export
        self.tables = tables
        codeReader = PropertyReader(.editorial, export.definitions, tables.codes, of: "codes")
        reviewReader = PropertyReader(.editorial, export.definitions, tables.editorial, of: "editorial")
        for row in tables.editorial.rows { reviews[tables.editorial.text(row, "code")] = row }
        for row in tables.editorialItems.rows {
            items[tables.editorialItems.text(row, "code"), default: []].append(row)
        }
    }

    func add(to concept: inout Concept, _ row: Int) {
        let title = tables.codes.text(row, "title")
        if !title.isEmpty, let name = export.name("title", title) { concept.names.append(name) }
        for item in items[concept.code] ?? [] {
            let kind = tables.editorialItems.text(item, "kind")
            if let name = export.name(kind, tables.editorialItems.text(item, "text")) { concept.names.append(name) }
        }
        concept.properties += codeReader.values(of: row, in: tables.codes)
        if let review = reviews[concept.code] {
            concept.properties += reviewReader.values(of: review, in: tables.editorial)
        }
    }
}
