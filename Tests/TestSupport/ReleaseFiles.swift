import Digest
import Emit
public import Foundation
public import Model
import Normalise
import Parse
public import Schemas
public import Verify

/// The tables of the program, read once.
public let schemas: Schemas = {
    do { return try Schemas() } catch { fatalError("\(Findings(error))") }
}()

/// The files of a small release, to be changed by a test before they are read.
public struct ReleaseFiles {
    public struct File {
        public let table: SourceTable
        public let form: SourceForm
        public let path: String
        public var bytes: [UInt8]
    }

    public var label: String
    public var files: [File] = []

    /// RVU19A and RVU27A are in no catalogue, so they may have as few rows and localities as they like; the
    /// first has the layouts before 2026, the second those since.
    public init(_ label: String = "RVU19A", forms: [SourceForm] = [.csv]) {
        let year = label.hasPrefix("RVU27") ? 2027 : 2019
        self.label = label
        let localities = Localities(year: year)
        let pprrvu = PPRRVU(year: year)
        let caps = OPPSCaps(of: pprrvu, in: localities.rows)
        for form in forms {
            add(.pprrvu, form, pprrvu)
            add(.gpci, form, form == .csv ? localities.gpciCSV : localities.gpciText)
            add(.anes, form, form == .csv ? localities.anesCSV : localities.anesText)
            add(.locco, form, form == .csv ? localities.loccoCSV : localities.loccoText)
            add(.oppscap, form, form == .csv ? caps.csv : caps.text)
        }
        if year >= 2026 {
            var qpp = PPRRVU(year: year, conversionFactor: "36.2091", pricing: "1")
            qpp.rows.removeAll { $0["status"] == "X" }
            add(.pprrvuQPP, .csv, qpp)
        }
        add(.hcpcs, .txt, HCPCS().text)
    }

    /// Adds a file, or puts another in its place.
    public mutating func add(_ table: SourceTable, _ form: SourceForm, _ text: String) {
        add(table, form, Array(text.utf8))
    }

    public mutating func add(_ table: SourceTable, _ form: SourceForm, _ pprrvu: PPRRVU) {
        add(table, form, form == .csv ? pprrvu.csv : pprrvu.text)
    }

    public mutating func add(_ table: SourceTable, _ form: SourceForm, _ bytes: [UInt8]) {
        remove(table, form)
        files.append(
            File(table: table, form: form, path: "\(table.rawValue).\(form.rawValue.lowercased())", bytes: bytes))
    }

    public mutating func remove(_ table: SourceTable, _ form: SourceForm? = nil) {
        files.removeAll { $0.table == table && (form == nil || $0.form == form) }
    }

    /// Changes a file's text.
    public mutating func edit(_ table: SourceTable, _ form: SourceForm = .csv, _ body: (String) -> String) {
        guard let file = files.first(where: { $0.table == table && $0.form == form }) else { return }
        add(table, form, body(String(decoding: file.bytes, as: UTF8.self)))
    }

    public func entry() throws(IngestError) -> ReleaseCatalogue.Entry { try schemas.catalogue.entry(label) }

    /// What parse makes of the files.
    public func tables() throws(IngestError) -> [RawTable] {
        var tables: [RawTable] = []
        for file in files {
            var raw = try parse(
                file.bytes, table: file.table, form: file.form, path: file.path, release: try entry().release,
                schemas: schemas)
            raw.table = file.table
            tables.append(raw)
        }
        return tables
    }

    /// What normalise makes of them.
    public func canonical() throws(IngestError) -> Canonical {
        var tables = try tables()
        var canonical = try normalise(&tables, entry: try entry(), schemas: schemas)
        suggestTitles(for: &canonical.codes, schemas: schemas)
        return canonical
    }

    /// What all checks make of that.
    public func verification(_ allowances: [Allowance] = []) throws(IngestError) -> Verification {
        verify(try canonical(), further: [], allowances: allowances, schemas: schemas)
    }

    /// Why the release would not be published; `nil` when it would.
    public var refusal: Findings? {
        do {
            try verification().diagnostics.stopOnErrors(.gateFailed)
            return nil
        } catch {
            return Findings(error)
        }
    }
}

extension ReleaseFiles {
    /// What is published of the release; of `canonical` where a test has changed it or laid texts over it.
    public func dataset(_ canonical: Canonical? = nil, tier: Tier = .public) throws(IngestError) -> Dataset {
        let whole = if let canonical { canonical } else { try self.canonical() }
        let inputs = files.map {
            Input(
                path: $0.path, bytes: $0.bytes.count, sha256: String(repeating: "0", count: 64), role: .primary,
                table: $0.table, form: $0.form)
        }
        return Dataset(
            canonical: whole, verification: verify(whole, further: [], allowances: [], schemas: schemas), tier: tier,
            inputs: inputs.sorted { $0.path < $1.path }, tool: "0.0.0")
    }
}

/// Writes all files of a dataset into `folder`, as revision `number` has them.
/// - Returns: the content hash.
@discardableResult
public func write(_ dataset: Dataset, to folder: URL, revision number: Int = 1) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let emitted = try emit(dataset, to: folder, schemas: schemas)
    for file in emitted.revisionFiles(number, sequence: 1) {
        try Data(file.bytes).write(to: folder.appendingPathComponent(file.path))
    }
    return emitted.contentHash
}

/// SHA-256 as the manifest has it.
public func sha256(_ bytes: [UInt8]) -> String { Digest.hex(bytes) }

extension Canonical {
    /// The entry of a code that is known to be there.
    public func entry(_ code: String) -> CodeEntry? { codes.first { $0.code.description == code } }

    public var findings: Findings { Findings(diagnostics) }
}
