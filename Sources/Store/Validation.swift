import CSV
import Delta
public import Digest
public import Foundation
import JSON
public import Model
public import Schemas

/// What validating a revision found.
public struct Validation: Sendable {
    public var files = 0
    public var documents = 0
    public var rows = 0
    /// The revisions that were looked at, as their manifests name them.
    public var revisions: [ValidatedRevision] = []
    public var diagnostics = Diagnostics()

    mutating func problem(_ id: String, _ place: Place, _ message: String, hint: String? = nil) {
        diagnostics.add(Diagnostic(.error, id, at: place, message, hint: hint))
    }
}

/// A revision as its manifest names it.
public struct ValidatedRevision: Sendable {
    public let label: String
    public let number: Int
    /// Its place in the store's order of publication.
    public let sequence: Int
    public let manifestSHA256: String
    /// The ID of the key by which it is signed; one of the reader's where they named any.
    public let signer: String?
}

/// Checks a published revision: its manifest, seal and signature, every file's bytes, its documents and tables.
/// - Parameter trusted: the keys of which one must have signed it; none when it need not be signed.
/// - Throws: when there is no manifest to check against.
public func validateRevision(
    _ folder: URL, trusted: [PublicKey] = [], schemas: Schemas
) throws(IngestError) -> Validation {
    var validation = Validation()
    let manifestURL = folder.appendingPathComponent("manifest.json")
    guard let data = try? Data(contentsOf: manifestURL) else {
        throw IngestError(
            .unavailable, "manifest_missing", at: Place(manifestURL.relativePath), "there is no manifest to read here",
            hint: "Name a revision's folder, such as store/releases/RVU26A/r1, or a store.")
    }
    let manifestBytes = [UInt8](data)
    let seal = try? Data(contentsOf: folder.appendingPathComponent(sealName))
    if seal?.elementsEqual(Digest.seal(of: manifestBytes, name: "manifest.json")) != true {
        validation.problem(
            seal == nil ? "seal_missing" : "manifest_changed", Place(seal == nil ? sealName : "manifest.json"),
            seal == nil
                ? "the manifest's own hash is not there" : "its hash is not the one that \(sealName) says",
            hint: "A published revision never changes: restore it from a copy.")
    }
    let (problem, signer) = checkSignature(in: folder, of: manifestBytes, trusted: trusted)
    if let problem { validation.diagnostics.add(problem) }
    let manifest: JSONValue
    do { manifest = try JSONValue(manifestBytes) } catch {
        validation.problem(
            "manifest_unreadable", Place("manifest.json"), "it is no JSON from byte \(error.offset) on")
        return validation
    }
    for problem in try SchemaValidator("manifest.schema.json").problems(of: manifest) {
        validation.problem("manifest_schema", Place("manifest.json"), problem)
    }

    if manifest["sequence"] != nil, manifest.sequence < 1 {
        validation.problem("manifest_schema", Place("manifest.json"), "/sequence: expected 1 or more")
    }
    validation.revisions.append(
        ValidatedRevision(
            label: manifest["release"]?["label"]?.string ?? "", number: manifest["release"]?["revision"]?.integer ?? 0,
            sequence: manifest.sequence, manifestSHA256: Digest.hex(manifestBytes), signer: signer?.id))

    var listed: Set<String> = ["manifest.json", sealName, ManifestSignature.fileName]
    var hashes: [(path: String, sha256: String)] = []
    var keys = KeyRing()
    for file in manifest["files"]?.elements ?? [] {
        guard let path = file["path"]?.string else { continue }
        listed.insert(path)
        validation.files += 1
        let place = Place(path)
        let found = kind(of: folder.appendingPathComponent(path))
        guard !path.hasPrefix("/"), !path.split(separator: "/").contains(".."), found == .typeRegular,
            let data = try? Data(contentsOf: folder.appendingPathComponent(path), options: .mappedIfSafe)
        else {
            validation.problem(
                "file_missing", place,
                "the manifest names it and " + (found == nil ? "it is not there" : "it is no file that can be read"))
            continue
        }
        let bytes = [UInt8](data)
        let sha256 = Digest.hex(bytes)
        hashes.append((path, sha256))
        guard bytes.count == file["bytes"]?.integer, sha256 == file["sha256"]?.string else {
            validation.problem(
                "file_changed", place,
                "it has \(bytes.count) bytes and the hash \(sha256.prefix(12))…; the manifest says "
                    + "\(file["bytes"]?.text ?? "") and \(file["sha256"]?.text.prefix(12) ?? "")…",
                hint: "A published revision never changes: restore it from a copy.")
            continue
        }
        let rows: Int?
        switch path {
        case "codes.ndjson": rows = try checkDocuments(bytes, &validation)
        case "datapackage.json": rows = try check(bytes, path, against: "datapackage.schema.json", &validation)
        case "\(Delta.folderName)/\(Delta.manifestName)":
            rows = try check(bytes, path, against: "delta.schema.json", &validation)
        case "diff.json": rows = try check(bytes, path, against: "diff.schema.json", &validation)
        case "verification.json": rows = try check(bytes, path, against: "verification.schema.json", &validation)
        default:
            rows = path.hasSuffix(".csv") ? checkTable(bytes, path: path, schemas: schemas, &keys, &validation) : nil
        }
        if let rows, let expected = file["rows"]?.integer, rows != expected {
            validation.problem("row_count", place, "it has \(rows) rows; the manifest says \(expected)")
        }
    }
    for problem in keys.problems() { validation.diagnostics.add(problem) }
    let contentHash = contentHash(
        ofTables: hashes.compactMap { file in TableShape.name(at: file.path).map { ($0, file.sha256) } })
    if manifest["content_hash"]?.string != contentHash {
        validation.problem(
            "content_hash", Place("manifest.json"),
            "the content hash of the tables is \(contentHash), not the one stated")
    }
    if listed.contains("\(Delta.folderName)/\(Delta.manifestName)") { checkDelta(of: folder, manifest, &validation) }
    checkNames(in: folder, listed: listed, &validation)
    return validation
}

/// Reads the delta as an app does: it has to be whole, and to lead to this revision.
private func checkDelta(of folder: URL, _ manifest: JSONValue, _ validation: inout Validation) {
    let path = Place("\(Delta.folderName)/\(Delta.manifestName)")
    do throws(IngestError) {
        let delta = try Delta(folder: folder.appendingPathComponent(Delta.folderName))
        if DeltaSide(manifest) != delta.head {
            validation.problem("delta_head", path, "it leads to \(delta.head.name) as it is not published here")
        }
    } catch {
        for kind in error.diagnostics.kinds { for found in kind.first { validation.diagnostics.add(found) } }
    }
}

/// Looks for what a published revision does not have: files that the manifest does not name, folders without any of
/// its files, and links, which lead to what can still change.
private func checkNames(in folder: URL, listed: Set<String>, _ validation: inout Validation) {
    var folders: Set<String> = []
    for path in listed {
        let parts = path.split(separator: "/").dropLast()
        for count in 1..<(parts.count + 1) { folders.insert(parts.prefix(count).joined(separator: "/")) }
    }
    let present = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    for path in present.sorted() {
        let found = kind(of: folder.appendingPathComponent(path))
        let hint = "Take it out of the revision, or restore the whole revision from a copy."
        if found == .typeDirectory {
            if !folders.contains(path) {
                validation.problem(
                    "file_unknown", Place(path), "no file that the manifest names is in this folder", hint: hint)
            }
        } else if !listed.contains(path) {
            validation.problem("file_unknown", Place(path), "the manifest does not name it", hint: hint)
        } else if found != .typeRegular {
            validation.problem("file_kind", Place(path), "it is no file of its own, but a link or a device", hint: hint)
        }
    }
}

/// What lies at a place itself, not where a link leads; `nil` for nothing.
func kind(of url: URL) -> FileAttributeType? {
    (try? FileManager.default.attributesOfItem(atPath: url.path))?[.type] as? FileAttributeType
}

private func checkDocuments(_ bytes: [UInt8], _ validation: inout Validation) throws(IngestError) -> Int {
    let validator = try SchemaValidator("code.schema.json")
    var last = ""
    var count = 0
    for line in bytes.split(separator: 0x0A) {
        count += 1
        let place = Place("codes.ndjson", line: count)
        guard let document = try? JSONValue(Array(line)) else {
            validation.problem("document_unreadable", place, "it is no JSON")
            continue
        }
        for problem in validator.problems(of: document) { validation.problem("document_schema", place, problem) }
        let code = document["code"]?.string ?? ""
        if code <= last { validation.problem("document_order", place, "\(code) does not come after \(last)") }
        last = code
    }
    validation.documents = count
    return count
}

private func check(
    _ bytes: [UInt8], _ path: String, against schema: String, _ validation: inout Validation
) throws(IngestError) -> Int? {
    guard let json = try? JSONValue(bytes) else {
        validation.problem("json_unreadable", Place(path), "it is no JSON")
        return nil
    }
    for problem in try SchemaValidator(schema).problems(of: json) {
        validation.problem("json_schema", Place(path), problem)
    }
    return nil
}

/// The keys of the tables read so far and the references between them, as hashes: a table may have millions of
/// rows.
private struct KeyRing {
    private var keys: [String: Set<Int>] = [:]
    private var references: [(from: String, place: Place, table: String, hash: Int, text: String)] = []

    /// Notes a row's primary key.
    /// - Returns: whether it is new.
    mutating func insert(_ table: String, _ values: [ArraySlice<UInt8>]) -> Bool {
        keys[table, default: []].insert(Self.hash(values)).inserted
    }

    /// Notes that a row refers to the row of `table` with the key `values`.
    mutating func refer(_ place: Place, from: String, to table: String, _ values: [ArraySlice<UInt8>]) {
        let hash = Self.hash(values)
        // Neighbouring rows mostly refer to the same one.
        if let last = references.last, last.hash == hash, last.table == table, last.from == from { return }
        let text = values.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        references.append((from, place, table, hash, text))
    }

    /// References that lead nowhere.
    func problems() -> [Diagnostic] {
        references.compactMap { reference in
            guard let known = keys[reference.table], !known.contains(reference.hash) else { return nil }
            return Diagnostic(
                .error, "table_reference", at: reference.place,
                "it refers to '\(reference.text)', which \(reference.table) does not have")
        }
    }

    private static func hash(_ values: [ArraySlice<UInt8>]) -> Int {
        var hasher = Hasher()
        for value in values {
            value.withUnsafeBytes { hasher.combine(bytes: $0) }
            hasher.combine(0)
        }
        return hasher.finalize()
    }
}

/// Checks a table's header, the type of each value, its primary key and its references.
private func checkTable(
    _ bytes: [UInt8], path: String, schemas: Schemas, _ ring: inout KeyRing, _ validation: inout Validation
) -> Int? {
    let name = path.split(separator: "/").last?.split(separator: ".").first.map(String.init) ?? ""
    guard let table = schemas.tables.first(where: { $0.name == name }) else {
        validation.problem("table_unknown", Place(path), "no table of this name is defined")
        return nil
    }
    let csv: CSVRows
    do { csv = try tokeniseCSV(bytes) } catch {
        validation.problem("table_syntax", Place(path, line: error.line), error.message)
        return nil
    }
    guard csv.count > 0, csv.strings(of: 0) == table.columns.map(\.name) else {
        validation.problem("table_header", Place(path, line: 1), "the header is not that of \(name)")
        return nil
    }
    let key = table.columns.indices.filter { table.columns[$0].isKey }
    let references = table.references(in: schemas.tables)
    for row in 1..<csv.count {
        let fields = csv.fields(of: row)
        let place = Place(path, line: Int(csv.lines[row]))
        guard fields.count == table.columns.count else {
            validation.problem("table_width", place, "\(fields.count) columns where \(name) has \(table.columns.count)")
            continue
        }
        for (index, column) in table.columns.enumerated() {
            let value = csv[field: fields.lowerBound + index]
            if value.isEmpty ? column.isRequired : !column.accepts(value) {
                validation.problem(
                    "table_value", Place(path, line: place.line, column: index + 1),
                    "\(column.name) is '\(String(decoding: value, as: UTF8.self))'; expected a \(column.type.rawValue)")
            }
        }
        for reference in references {
            ring.refer(
                place, from: name, to: reference.table, reference.columns.map { csv[field: fields.lowerBound + $0] })
        }
        if !key.isEmpty, !ring.insert(name, key.map { csv[field: fields.lowerBound + $0] }) {
            validation.problem("table_key", place, "its key stands in an earlier row")
        }
    }
    validation.rows += csv.count - 1
    return csv.count - 1
}

extension TableSchema {
    /// For each table referred to, our columns in the order of its key.
    fileprivate func references(in tables: [TableSchema]) -> [(table: String, columns: [Int])] {
        let targets = Set(columns.flatMap { $0.reference.split(separator: ".").first.map { [String($0)] } ?? [] })
        return targets.sorted().compactMap { target in
            guard let table = tables.first(where: { $0.name == target }) else { return nil }
            let columns = table.columns.filter(\.isKey).map { key in
                self.columns.firstIndex { $0.reference == "\(target).\(key.name)" }
            }
            return columns.contains(nil) ? nil : (target, columns.compactMap(\.self))
        }
    }
}

extension TableSchema.Column {
    fileprivate func accepts(_ value: ArraySlice<UInt8>) -> Bool {
        switch type {
        case .string, .list: true
        case .boolean: value.elementsEqual("true".utf8) || value.elementsEqual("false".utf8)
        case .integer: value.allSatisfy { (0x30...0x39).contains($0) }
        case .date: CalendarDate(iso: String(decoding: value, as: UTF8.self)) != nil
        case .decimal: value.isDecimal(places: places)
        }
    }
}

extension ArraySlice<UInt8> {
    /// Digits, a point, and digits: `places` of them where that is fixed. Where it is not, a whole number has none.
    fileprivate func isDecimal(places: Int?) -> Bool {
        let parts = split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (parts.count == 2 || (parts.count == 1 && places == nil))
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
            && (places == nil || parts[1].count == places)
    }
}
