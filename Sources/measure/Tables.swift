import Acquire
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
                try Archive(contents(of: URL(fileURLWithPath: path)), name: path)
            }
        }
        self.schemas = try schemas.get()
        entry = try self.schemas.catalogue.entry(label)
        documents = try archive.get().documents.filter { $0.fileExtension == "csv" }
    }

    /// From the archive to values, the members side by side; and what was read, which nobody need give back.
    func parse() throws -> (answer: Answer, read: (raw: [RawTable], values: Canonical)) {
        let raw = try inParallel(documents, largestFirst: \.size) { document in
            Result { () throws(IngestError) in try read(document, document.load()) }
        }.map { try $0.get() }
        let canonical = try canonical(raw)
        return (sums(of: raw, canonical), (raw, canonical))
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
        var answer = Answer()
        for table in raw { answer.numbers["\(table.table.rawValue)_rows"] = Int64(table.rowCount) }
        var sums = Sums()
        for code in canonical.codes.indices {
            for value in canonical.codes[code].relativeValues {
                sums.add("work", value.work.units)
                sums.add("pe_nonfacility", value.peNonfacility.units)
                sums.add("pe_facility", value.peFacility.units)
                sums.add("mp", value.mp.units)
                sums.add("total_nonfacility", value.totalNonfacility.units)
                sums.add("total_facility", value.totalFacility.units)
                sums.add("pre_op", value.preOp.units)
                sums.add("intra_op", value.intraOp.units)
                sums.add("post_op", value.postOp.units)
                sums.add("conversion_factor", value.conversionFactor.units)
                sums.add("opps_pe_nonfacility", value.oppsPENonfacility.units)
                sums.add("opps_pe_facility", value.oppsPEFacility.units)
                sums.add("opps_mp", value.oppsMP.units)
                sums.add("modifiers", value.key.modifier.isBlank ? 0 : 1)
                sums.add("pe_nonfacility_na", value.isNonfacilityNA ? 1 : 0)
                sums.add("pe_facility_na", value.isFacilityNA ? 1 : 0)
                sums.add("not_used_flag", value.isNotUsedForPayment ? 1 : 0)
                sums.endRow()
            }
        }
        answer.keep(&sums)
        for locality in canonical.localities {
            sums.add("gpci_work", locality.gpciWork?.units ?? 0)
            sums.add("gpci_pe", locality.gpciPE?.units ?? 0)
            sums.add("gpci_mp", locality.gpciMP?.units ?? 0)
            sums.add("anesthesia_cf", locality.anesthesiaCF?.units ?? 0)
            sums.endRow()
        }
        answer.keep(&sums)
        for cap in canonical.oppsCaps {
            sums.add("facility", cap.facility.units)
            sums.add("nonfacility", cap.nonfacility.units)
            sums.endRow()
        }
        answer.keep(&sums)
        return answer
    }
}

/// Sums by column of rows that add their columns in one order: no name is looked up twice.
private struct Sums {
    var columns: [(name: StaticString, sum: Int64)] = []
    private var next = 0

    mutating func add(_ name: StaticString, _ units: Int64) {
        if next == columns.count { columns.append((name, units)) } else { columns[next].sum += units }
        next += 1
    }

    mutating func endRow() { next = 0 }
}

extension Answer {
    /// Takes the sums of a table's columns.
    fileprivate mutating func keep(_ sums: inout Sums) {
        for column in sums.columns { numbers["\(column.name)"] = column.sum }
        sums = Sums()
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
