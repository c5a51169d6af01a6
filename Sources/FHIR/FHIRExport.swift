import Digest
public import Foundation
public import JSON
public import Model
public import Schemas

/// A published revision as FHIR R4 terminology: CodeSystem and ConceptMap resources.
///
/// Texts are those of HCPCS Level II and of the editors. Of CPT and CDT codes only the code and CMS's values are given,
/// whatever the tier of the revision: no descriptor of theirs is read.
public struct FHIRExport: Sendable {
    /// Stands for no site: who passes resources on gives an address of their own.
    public static let defaultCanonicalBase = "https://ingest.example/fhir"

    let revision: String
    let folder: URL
    let manifest: JSONValue
    let definitions: FHIRDefinitions
    let canonicalBase: String

    /// - Parameters:
    ///   - revision: its name, `RVU26A-r1`: the version of every resource.
    ///   - folder: the revision's folder.
    ///   - manifest: the revision's manifest.
    ///   - canonicalBase: what the URLs of our own resources begin with, without a slash at the end.
    public init(
        revision: String, folder: URL, manifest: JSONValue, definitions: FHIRDefinitions, canonicalBase: String
    ) {
        self.revision = revision
        self.folder = folder
        self.manifest = manifest
        self.definitions = definitions
        self.canonicalBase = canonicalBase
    }

    /// A resource that was written.
    public struct WrittenResource: Sendable {
        public let type: String
        public let id: String
        /// How many concepts or mapped products it has.
        public let elements: Int

        var path: String { "\(type)-\(id).json" }
    }

    /// A file that was written.
    public struct WrittenFile: Sendable {
        public let path: String
        public let sha256: String
        public let bytes: Int
    }

    /// What was written.
    public struct Written: Sendable {
        public let resources: [WrittenResource]
        public let files: [WrittenFile]

        public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }
    }

    /// Writes the resources to `place`, which appears whole or stays as it was.
    /// - Throws: when a table is damaged, `place` holds something else or a file cannot be written.
    public func write(to place: URL) throws(IngestError) -> Written {
        let tables = try RevisionTables(folder, manifest: manifest)
        return try ExportFolder(place: place).replace { aside throws(IngestError) in
            try write(tables, to: aside)
        }
    }

    private func write(_ tables: RevisionTables, to aside: URL) throws(IngestError) -> Written {
        var resources = [
            try writeDesignationUses(to: aside),
            try writeHCPCS(tables, to: aside),
        ]
        for system in [CodeSystem.hcpcs, .cpt, .cdt] {
            if let supplement = try writeSupplement(of: system, tables, to: aside) { resources.append(supplement) }
        }
        if let map = try writeNDCMap(tables, to: aside) { resources.append(map) }

        var paths = resources.map(\.path)
        for type in ["CodeSystem", "ConceptMap"] {
            let bulk = resources.filter { $0.type == type }.map(\.path)
            guard !bulk.isEmpty else { continue }
            try writeBulk(bulk, to: "\(type).ndjson", in: aside)
            paths.append("\(type).ndjson")
        }
        var files: [WrittenFile] = []
        for path in paths.sorted() {
            do {
                let (sha256, bytes) = try Digest.hex(contentsOf: aside.appendingPathComponent(path))
                files.append(WrittenFile(path: path, sha256: sha256, bytes: bytes))
            } catch {
                throw cannotWrite(path, error)
            }
        }
        let written = Written(resources: resources, files: files)
        do {
            try Data(mark(of: written)).write(to: aside.appendingPathComponent(ExportFolder.mark))
        } catch {
            throw cannotWrite(ExportFolder.mark, error)
        }
        return written
    }

    private func mark(of written: Written) -> [UInt8] {
        var json = JSONWriter(indented: true)
        json.object { json in
            json.field("made_by", ExportFolder.maker)
            json.field("revision", revision)
            json.field("content_hash", manifest["content_hash"]?.string)
            json.field("fhir_version", "4.0.1")
            json.field("canonical_base", canonicalBase)
            json.array("files") { json in
                for file in written.files {
                    json.line { json in
                        json.field("path", file.path)
                        json.field("sha256", file.sha256)
                        json.field("bytes", file.bytes)
                    }
                }
            }
        }
        return json.bytes + [0x0A]
    }

    // MARK: What resources share

    /// `RVU26A`.
    var release: String { manifest["release"]?["label"]?.string ?? revision }

    /// The release's first day.
    var effectiveFrom: String { manifest["release"]?["effective"]?["from"]?.string ?? "" }

    /// When CMS posted the release, as far as that is known.
    var date: String { manifest["release"]?["released"]?.string ?? effectiveFrom }

    func system(_ name: String) throws(IngestError) -> FHIRDefinitions.System {
        guard let system = definitions.systems[name] else {
            throw IngestError(
                .badData, "schema_table", at: Place("Schemas/values/fhir-systems.csv"), "it has no row of \(name)")
        }
        return system
    }

    func name(_ kind: String, _ text: String) -> Name? {
        definitions.designations.first { $0.kind == kind }.map { Name(use: $0, text: text) }
    }

    func url(_ type: String, _ id: String) -> String { "\(canonicalBase)/\(type)/\(id)" }

    /// The code system of the designation uses that no other code system has.
    var designationUses: String { url("CodeSystem", "designation-use") }

    /// A file for a resource of ours, with the members that all have.
    func begin(
        _ type: String, _ id: String, in aside: URL, url: String, oid: String? = nil, name: String, title: String,
        publisher: String? = nil, description: String, copyright: String
    ) throws(IngestError) -> ResourceFile {
        var file = try ResourceFile("\(type)-\(id).json", in: aside, type: type, id: id)
        file.member("language", "en-US")
        file.member("url", url)
        if let oid {
            func identifier(_ json: inout JSONWriter) {
                json.object { json in
                    json.field("system", "urn:ietf:rfc:3986")
                    json.field("value", "urn:oid:\(oid)")
                }
            }
            file.member("identifier") { $0.array(identifier) }
        }
        file.member("version", revision)
        file.member("name", name)
        file.member("title", title)
        file.member("status", "active")
        file.member("experimental", false)
        file.member("date", date)
        if let publisher { file.member("publisher", publisher) }
        file.member("description", description)
        file.member("jurisdiction") { json in
            json.array { json in
                json.object { json in
                    json.array("coding") { json in
                        json.object { json in
                            json.field("system", "urn:iso:std:iso:3166")
                            json.field("code", "US")
                        }
                    }
                }
            }
        }
        if !copyright.isEmpty { file.member("copyright", copyright) }
        return file
    }
}

/// The tables that an export is made from.
struct RevisionTables {
    let codes, modifiers, relativeValues, editorial, editorialItems, products: Table
    /// By code, the rows of ``relativeValues``.
    let relativeValueRows: [String: Range<Int>]

    init(_ folder: URL, manifest: JSONValue) throws(IngestError) {
        codes = try Table("codes", in: folder, manifest: manifest)
        modifiers = try Table("modifiers", in: folder, manifest: manifest)
        relativeValues = try Table("relative_values", in: folder, manifest: manifest)
        editorial = try Table("editorial", in: folder, manifest: manifest)
        editorialItems = try Table("editorial_items", in: folder, manifest: manifest)
        products = try Table("drug_products", in: folder, manifest: manifest)
        var rows: [String: Range<Int>] = [:]
        // Rows are sorted by code, the global one first.
        for row in relativeValues.rows {
            let code = relativeValues.text(row, "code")
            rows[code] = (rows[code]?.lowerBound ?? row)..<(row + 1)
        }
        relativeValueRows = rows
    }

    /// The rows of ``codes`` that are codes of `system`; a placeholder that CMS left in a file is none.
    func codeRows(of system: CodeSystem) -> [Int] {
        codes.rows.filter { row in
            codes.text(row, "system") == system.rawValue && codes.text(row, "hcpcs_absence") != "placeholder"
        }
    }
}
