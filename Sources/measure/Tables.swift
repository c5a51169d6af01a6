private import CLibcsv
import Foundation
import Model
import Normalise
import Parallel
import Parse
import Schemas
import Unpack

/// The CSV members of one of CMS's archives.
struct Tables {
    let schemas: Schemas
    let entry: ReleaseCatalogue.Entry
    let documents: [SourceDocument]

    init(of path: String, label: String) throws {
        let (schemas, archive) = sideBySide {
            Result { () throws(IngestError) in try Schemas() }
        } and: {
            Result {
                let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
                return try Archive([UInt8](data), name: path)
            }
        }
        self.schemas = try schemas.get()
        entry = try self.schemas.catalogue.entry(label)
        documents = try archive.get().documents.filter { $0.fileExtension == "csv" }
    }

    /// From the archive to values, the members side by side; and the values, which nobody need give back.
    func parse() throws -> (answer: Answer, values: Canonical) {
        let raw = try inParallel(documents, largestFirst: \.size) { document in
            Result { () throws(IngestError) in try read(document, document.load()) }
        }.map { try $0.get() }
        let canonical = try canonical(raw)
        return (sums(of: raw, canonical), canonical)
    }

    func read(_ document: SourceDocument, _ bytes: [UInt8]) throws(IngestError) -> RawTable {
        guard case .table(let table, .csv) = try recognise(bytes, of: document, schemas: schemas) else {
            throw IngestError(.badData, "not_recognised", at: Place(document.path), "this is no table of CMS's")
        }
        return try Parse.parse(
            bytes, table: table, form: .csv, path: document.path, release: entry.release, schemas: schemas)
    }

    func canonical(_ raw: [RawTable]) throws(IngestError) -> Canonical {
        var tables = raw
        return try normalise(&tables, entry: entry, schemas: schemas)
    }

    /// Rounds of libcsv by itself and of the stages, one after the other on one thread.
    func tokenise(rounds: Int) throws -> Answer {
        let inflated = try documents.map { try $0.load() }
        var answer = Answer()
        for _ in 0..<rounds {
            let fields = answer.time("libcsv") { inflated.map(countFields).reduce(0, +) }
            answer.numbers["fields"] = Int64(fields)
            let members = try answer.time("unpack") { try documents.map { try $0.load() } }
            let raw = try answer.time("parse") { try zip(documents, members).map { try read($0, $1) } }
            let canonical = try answer.time("normalise") { try self.canonical(raw) }
            answer.numbers.merge(sums(of: raw, canonical).numbers) { $1 }
        }
        return answer
    }

    /// Rows of every table, and the sum of every column of amounts in its last place.
    private func sums(of raw: [RawTable], _ canonical: Canonical) -> Answer {
        var numbers: [String: Int64] = [:]
        for table in raw { numbers["\(table.table.rawValue)_rows"] = Int64(table.rowCount) }
        func add<Rows: Sequence>(_ rows: Rows, _ columns: [(String, (Rows.Element) -> Int64)]) {
            var sums = columns.map { _ in Int64(0) }
            for row in rows {
                for (index, column) in columns.enumerated() { sums[index] += column.1(row) }
            }
            for (column, sum) in zip(columns, sums) { numbers[column.0] = sum }
        }
        add(
            canonical.codes.lazy.flatMap(\.relativeValues),
            [
                ("work", { $0.work.units }), ("pe_nonfacility", { $0.peNonfacility.units }),
                ("pe_facility", { $0.peFacility.units }), ("mp", { $0.mp.units }),
                ("total_nonfacility", { $0.totalNonfacility.units }), ("total_facility", { $0.totalFacility.units }),
                ("pre_op", { $0.preOp.units }), ("intra_op", { $0.intraOp.units }), ("post_op", { $0.postOp.units }),
                ("conversion_factor", { $0.conversionFactor.units }),
                ("opps_pe_nonfacility", { $0.oppsPENonfacility.units }),
                ("opps_pe_facility", { $0.oppsPEFacility.units }), ("opps_mp", { $0.oppsMP.units }),
                ("modifiers", { $0.key.modifier.isBlank ? 0 : 1 }),
                ("pe_nonfacility_na", { $0.isNonfacilityNA ? 1 : 0 }),
                ("pe_facility_na", { $0.isFacilityNA ? 1 : 0 }), ("not_used_flag", { $0.isNotUsedForPayment ? 1 : 0 }),
            ])
        add(
            canonical.localities,
            [
                ("gpci_work", { $0.gpciWork?.units ?? 0 }), ("gpci_pe", { $0.gpciPE?.units ?? 0 }),
                ("gpci_mp", { $0.gpciMP?.units ?? 0 }), ("anesthesia_cf", { $0.anesthesiaCF?.units ?? 0 }),
            ])
        add(canonical.oppsCaps, [("facility", { $0.facility.units }), ("nonfacility", { $0.nonfacility.units })])
        return Answer(numbers: numbers)
    }
}

/// How many fields libcsv finds, by the rules that `CSV` reads with, when nobody keeps them.
private func countFields(_ bytes: [UInt8]) -> Int {
    var fields = 0
    var parser = csv_parser()
    csv_init(&parser, UInt8(CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL))
    defer { csv_free(&parser) }
    csv_set_space_func(&parser) { _ in 0 }
    let atField: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> Void = { _, _, count in
        count?.assumingMemoryBound(to: Int.self).pointee += 1
    }
    _ = bytes.withUnsafeBytes { csv_parse(&parser, $0.baseAddress, $0.count, atField, { _, _ in }, &fields) }
    csv_fini(&parser, atField, { _, _ in }, &fields)
    return fields
}
