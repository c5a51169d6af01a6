import Model
import Schemas

/// A PPRRVU row with its descriptor, which belongs to the code rather than to the values.
struct PPRRVURow: Equatable, Sendable {
    var value: RelativeValue
    var descriptor: String
}

/// The rows of one PPRRVU file, sorted by key.
struct PPRRVUFile: FileOfValues {
    let raw: RawTable
    var rows: [PPRRVURow]
    let conversionFactor: ConversionFactor
    /// Where the conversion factor stands first.
    let firstFactor: Place
    var totals: Check
    private let haveCodesLostZeros: Bool
    /// The code of each row as the file has them, with its line.
    private let codesAsListed: [(line: Int, code: Code)]
    var notes: Diagnostics

    /// Reads every row and proves the binding of the columns: work + PE + MP = total, in both settings.
    /// - Throws: bad data for values that cannot be read; a failed gate for keys that repeat or a conversion
    ///   factor that changes within the file.
    init(_ raw: RawTable, schemas: Schemas) throws(IngestError) {
        self.raw = raw.header
        firstFactor = raw.place(row: 0, column: raw.column("conversion_factor"))
        var reader = RowReader(raw, schemas: schemas)
        let column = Columns(raw)
        let pricesAreIndicated = column.pricing != nil
        var rows = reader.rows { reader, row in
            let key = RowKey(
                code: reader.key(row, column.code, width: 5), modifier: reader.short(row, column.modifier))
            var value = RelativeValue(key: key, source: reader.source(row))
            value.status = reader.required(row, column.status)
            value.isNotUsedForPayment = reader.flag(row, column.notUsed, mark: "+")
            value.work = reader.decimal(row, column.work)
            value.peNonfacility = reader.decimal(row, column.peNonfacility)
            value.isNonfacilityNA = reader.flag(row, column.nonfacilityNA, mark: "NA")
            value.peFacility = reader.decimal(row, column.peFacility)
            value.isFacilityNA = reader.flag(row, column.facilityNA, mark: "NA")
            value.mp = reader.decimal(row, column.mp)
            value.totalNonfacility = reader.decimal(row, column.totalNonfacility)
            value.totalFacility = reader.decimal(row, column.totalFacility)
            value.pctc = reader.required(row, column.pctc)
            value.globalDays = reader.required(row, column.globalDays)
            value.preOp = reader.decimal(row, column.preOp)
            value.intraOp = reader.decimal(row, column.intraOp)
            value.postOp = reader.decimal(row, column.postOp)
            value.multipleProcedure = reader.required(row, column.multipleProcedure)
            value.bilateral = reader.required(row, column.bilateral)
            value.assistantSurgeon = reader.required(row, column.assistantSurgeon)
            value.coSurgeon = reader.required(row, column.coSurgeon)
            value.teamSurgeon = reader.required(row, column.teamSurgeon)
            value.pricing = pricesAreIndicated ? reader.required(row, column.pricing) : .blank
            value.endoscopicBase = reader.key(row, column.endoscopicBase, width: 5, isRequired: false)
            value.conversionFactor = reader.decimal(row, column.conversionFactor)
            value.supervision = reader.required(row, column.supervision)
            value.calculationFlag = reader.required(row, column.calculationFlag)
            value.imagingFamily = reader.required(row, column.imagingFamily)
            value.oppsPENonfacility = reader.decimal(row, column.oppsPENonfacility)
            value.oppsPEFacility = reader.decimal(row, column.oppsPEFacility)
            value.oppsMP = reader.decimal(row, column.oppsMP)
            if reader.isRestored(column.code), key.code[0] == UInt8(ascii: "0"), key.code.system == .cpt,
                raw[row, column.code ?? 0].count < 5,
                schemas.classification.section(of: key.code)?.id != "anesthesia"
                    || value.status != Indicator("J")
            {
                reader.problems.add(
                    Diagnostic(
                        .error, "value_short", at: raw.place(row: row, column: column.code),
                        "the code '\(reader.text(row, column.code))' cannot be \(key.code) with its zeros lost: "
                            + "codes that begin with 0 are anesthesia (status J), and this row is not",
                        hint: "A digit was dropped."))
            }
            return PPRRVURow(value: value, descriptor: reader.text(row, column.descriptor))
        }
        try reader.problems.stopOnErrors()
        notes = reader.problems
        haveCodesLostZeros = reader.isRestored(column.code)

        var gates = Diagnostics()
        totals = Check(
            id: "row_totals",
            detail:
                "work + PE + MP = published total, both settings, every row of \(raw.table.name) \(raw.form.rawValue)")
        // Asked of the rows where they lie, which are long.
        for row in rows.indices {
            if rows[row].value.addsUp { totals.match() } else { rows[row].value.failTotals(&totals, raw, row) }
        }
        let factor = rows.first?.value.conversionFactor ?? .zero
        for row in rows.indices where rows[row].value.conversionFactor != factor {
            gates.add(
                Diagnostic(
                    .error, "conversion_factor_changes",
                    at: raw.place(row: row, column: column.conversionFactor),
                    "the conversion factor is \(rows[row].value.conversionFactor); the file's first row has \(factor)",
                    hint: "Rows of two files may have been mixed."))
        }
        conversionFactor = factor
        codesAsListed = rows.indices.map { (rows[$0].value.source.line, rows[$0].value.key.code) }
        rows.sortByKey()
        for row in rows.indices.dropFirst() where rows[row].value.key == rows[row - 1].value.key {
            gates.add(
                Diagnostic(
                    .error, "key_repeats", at: Place(raw.file, line: rows[row].value.source.line),
                    "the row \(rows[row].value.key) stands on line \(rows[row - 1].value.source.line) already"))
        }
        try gates.stopOnErrors(.gateFailed)
        self.rows = rows
    }

    /// For a file that no other form stands beside: CMS lists codes in their order, and a code that was damaged seldom
    /// fits between its neighbours. `nil` where codes have lost their zeros: what took them, such as a spreadsheet, may
    /// have sorted the rows as well.
    ///
    /// CMS's files stand in the order of ASCII, those of 2025's January in that of its mainframe, where letters come
    /// before digits: the file's order is the one that fewer rows break.
    func codeOrder() -> Check? {
        if haveCodesLostZeros { return nil }
        let codes = codesAsListed.map(\.code)
        func breaks(_ isOrdered: (Code, Code) -> Bool) -> [Int] {
            zip(codes.indices.dropFirst(), zip(codes, codes.dropFirst())).filter { !isOrdered($0.1.0, $0.1.1) }.map(\.0)
        }
        func onMainframe(_ code: Code) -> UInt64 {
            (0..<8).reduce(0) { bits, place in
                let byte = code[place]
                return bits << 8 | UInt64((1..<0x41).contains(byte) ? byte | 0x80 : byte)
            }
        }
        let ascii = breaks { $0 <= $1 }
        let mainframe = ascii.isEmpty ? [] : breaks { onMainframe($0) <= onMainframe($1) }
        let broken = mainframe.count < ascii.count ? mainframe : ascii

        var check = Check(
            id: "code_order", detail: "the codes of \(raw.table.name) \(raw.form.rawValue), alone, in order")
        check.checked = codes.count
        check.matched = codes.count - broken.count
        for row in broken {
            check.note(
                Place(raw.file, line: codesAsListed[row].line), "\(codes[row]) stands behind \(codes[row - 1])",
                hint:
                    "A code or a row is not as CMS published it; with the file's other form beside it that is decided.")
        }
        return check
    }

    private struct Columns {
        let code, modifier, descriptor, status, notUsed, work, peNonfacility, nonfacilityNA, peFacility: Int?
        let facilityNA, mp, totalNonfacility, totalFacility, pctc, globalDays, preOp, intraOp, postOp: Int?
        let multipleProcedure, bilateral, assistantSurgeon, coSurgeon, teamSurgeon, pricing: Int?
        let endoscopicBase, conversionFactor, supervision, calculationFlag, imagingFamily: Int?
        let oppsPENonfacility, oppsPEFacility, oppsMP: Int?

        init(_ raw: RawTable) {
            code = raw.column("code")
            modifier = raw.column("modifier")
            descriptor = raw.column("descriptor")
            status = raw.column("status")
            notUsed = raw.column("not_used_flag")
            work = raw.column("work")
            peNonfacility = raw.column("pe_nonfacility")
            nonfacilityNA = raw.column("pe_nonfacility_na")
            peFacility = raw.column("pe_facility")
            facilityNA = raw.column("pe_facility_na")
            mp = raw.column("mp")
            totalNonfacility = raw.column("total_nonfacility")
            totalFacility = raw.column("total_facility")
            pctc = raw.column("pctc")
            globalDays = raw.column("global_days")
            preOp = raw.column("pre_op")
            intraOp = raw.column("intra_op")
            postOp = raw.column("post_op")
            multipleProcedure = raw.column("multiple_procedure")
            bilateral = raw.column("bilateral")
            assistantSurgeon = raw.column("assistant_surgeon")
            coSurgeon = raw.column("co_surgeon")
            teamSurgeon = raw.column("team_surgeon")
            pricing = raw.column("pricing_indicator")
            endoscopicBase = raw.column("endoscopic_base")
            conversionFactor = raw.column("conversion_factor")
            supervision = raw.column("supervision")
            calculationFlag = raw.column("calculation_flag")
            imagingFamily = raw.column("imaging_family")
            oppsPENonfacility = raw.column("opps_pe_nonfacility")
            oppsPEFacility = raw.column("opps_pe_facility")
            oppsMP = raw.column("opps_mp")
        }
    }
}

extension [PPRRVURow] {
    /// Sorts by key. The order is found by the keys alone, so that each row, which is long, is moved once.
    fileprivate mutating func sortByKey() {
        var order = indices.map { (self[$0].value.key, $0) }.sorted { $0.0 < $1.0 }.map(\.1)
        withUnsafeMutableBufferPointer { rows in
            for first in rows.indices where order[first] != first {
                let displaced = rows.moveElement(from: first)
                var place = first
                while order[place] != first {
                    let next = order[place]
                    rows.initializeElement(at: place, to: rows.moveElement(from: next))
                    order[place] = place
                    place = next
                }
                rows.initializeElement(at: place, to: displaced)
                order[place] = place
            }
        }
    }
}

extension RelativeValue {
    var addsUp: Bool {
        work + peNonfacility + mp == totalNonfacility && work + peFacility + mp == totalFacility
    }

    /// Whether a total is above zero.
    var isValued: Bool { totalNonfacility != .zero || totalFacility != .zero }

    fileprivate func failTotals(_ check: inout Check, _ raw: RawTable, _ row: Int) {
        let isNonfacility = work + peNonfacility + mp != totalNonfacility
        let pe = isNonfacility ? peNonfacility : peFacility
        let total = isNonfacility ? totalNonfacility : totalFacility
        check.fail(
            raw.place(row: row, column: raw.column(isNonfacility ? "total_nonfacility" : "total_facility")),
            "\(key): work \(work) + PE \(pe) + MP \(mp) = \(work + pe + mp), but the published "
                + "\(isNonfacility ? "non-facility" : "facility") total is \(total)",
            hint: "A value of this row is not what CMS published, or columns are bound wrongly.")
    }
}
