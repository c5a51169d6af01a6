import Model
import Schemas

/// The codes and modifiers of a HCPCS file, each with its continuation lines assembled.
struct HCPCSFile: FileOfValues {
    /// The file without its rows.
    let raw: RawTable
    var codes: [HCPCSRecord] = []
    var modifiers: [HCPCSRecord] = []
    var notes: Diagnostics

    private static let codeStart = UInt8(ascii: "3")
    private static let codeContinuation = UInt8(ascii: "4")
    private static let modifierStart = UInt8(ascii: "7")

    /// - Throws: bad data for values that cannot be read, for a continuation line out of sequence and for a
    ///   file that lacks whole sections; a failed gate for a code that repeats.
    init(_ raw: RawTable, schemas: Schemas) throws(IngestError) {
        self.raw = raw.header
        var reader = RowReader(raw, schemas: schemas)
        let column = Columns(raw)
        // Workbooks number the lines of a code 0010, 0020, the text 00100, 00200.
        let step = raw.form == .xlsx ? 10 : 100

        var records: [HCPCSRecord] = []
        var lastSequence = 0
        var unknownValues = Diagnostics()
        for row in 0..<raw.rowCount {
            let kind = raw[row, column.record ?? 0].first ?? 0
            let number = Int(reader.text(row, column.sequence)) ?? 0
            let segment = reader.text(row, column.longDescriptor)
            let own = Code(raw[row, column.code ?? 0]) ?? .blank
            if kind == Self.codeStart || kind == Self.modifierStart {
                let isModifier = kind == Self.modifierStart
                if own.count != (isModifier ? 2 : 5) || number != step {
                    reader.problems.add(
                        Diagnostic(
                            .error, "hcpcs_record", at: raw.place(row: row, column: column.code),
                            "a first line has the code '\(own)' and the sequence number \(number); expected "
                                + (isModifier ? "two" : "five") + " characters and \(step)"))
                }
                var entry = HCPCSRecord(code: own, isModifier: isModifier, source: reader.source(row))
                entry.longDescriptor = segment
                entry.shortDescriptor = reader.text(row, column.shortDescriptor).collapsed
                entry.pricing = reader.list(row, column.pricing)
                entry.multiplePricing = reader.short(row, column.multiplePricing)
                entry.coverageIssuesManual = reader.list(row, column.coverageIssuesManual)
                entry.carriersManual = reader.list(row, column.carriersManual)
                let statute = reader.text(row, column.statute).collapsed
                entry.statute = statute.isEmpty ? nil : statute
                entry.labCertifications = reader.list(row, column.labCertifications)
                entry.crossReferences = reader.list(row, column.crossReferences)
                entry.coverage = reader.short(row, column.coverage)
                entry.ascGroup = reader.short(row, column.ascGroup)
                entry.ascDate = reader.date(row, column.ascDate)
                entry.oppsGroup = reader.short(row, column.oppsGroup)
                entry.oppsPolicy = reader.short(row, column.oppsPolicy)
                entry.oppsDate = reader.date(row, column.oppsDate)
                entry.processingNote = reader.short(row, column.processingNote)
                entry.betos = reader.short(row, column.betos)
                entry.typesOfService = reader.list(row, column.typesOfService)
                let baseUnits = reader.text(row, column.anesthesiaBaseUnits)
                entry.anesthesiaBaseUnits = Int(baseUnits)
                if entry.anesthesiaBaseUnits == nil, !baseUnits.isEmpty {
                    reader.problems.add(
                        Diagnostic(
                            .error, "number_invalid", at: raw.place(row: row, column: column.anesthesiaBaseUnits),
                            "anesthesia_base_units is '\(baseUnits)'; expected a whole number"))
                }
                entry.added = reader.date(row, column.added)
                entry.actionEffective = reader.date(row, column.actionEffective)
                entry.terminated = reader.date(row, column.terminated)
                entry.action = reader.required(row, column.action)
                Self.reportUnknown(entry, at: raw.place(row: row, column: nil), schemas, &unknownValues)
                records.append(entry)
            } else {
                guard let last = records.indices.last, records[last].code == own, number == lastSequence + step,
                    records[last].isModifier == (kind != Self.codeContinuation)
                else {
                    reader.problems.add(
                        Diagnostic(
                            .error, "hcpcs_sequence", at: raw.place(row: row, column: column.sequence),
                            "the continuation \(number) of '\(own)' does not follow the line before it",
                            hint: "A line is missing or out of order."))
                    continue
                }
                records[last].longDescriptor += segment.isEmpty ? "" : " " + segment
            }
            lastSequence = number
        }
        for index in records.indices { records[index].longDescriptor = records[index].longDescriptor.collapsed }

        let letters = Set(records.lazy.filter { !$0.isModifier }.map { $0.code[0] })
        let lacking = schemas.classification.hcpcsLetters.filter { !letters.contains($0) }
        // U came with the coronavirus codes of 2020; a file without V is cut, for V comes last.
        let needed = lacking.filter { $0 != UInt8(ascii: "U") }
        if !needed.isEmpty {
            reader.problems.add(
                Diagnostic(
                    .error, "hcpcs_sections", at: Place(raw.file, line: raw.lines.last.map(Int.init)),
                    "there is no code of section "
                        + needed.map { String(Unicode.Scalar($0)) }.joined(separator: ", ")
                        + "; a whole file has every letter but D",
                    hint: "The file is cut: fetch it again."))
        }
        if !records.contains(where: \.isModifier) {
            reader.problems.add(
                Diagnostic(
                    .error, "hcpcs_modifiers", at: Place(raw.file), "there is no modifier (record 7) in it",
                    hint: "CMS's file holds codes and modifiers: fetch it again."))
        }
        // A new value now and then is CMS's right; one in a hundred means that the columns are not CMS's.
        if unknownValues.count(.warning) * 100 > max(records.count, 500) {
            reader.problems.add(unknownValues.with(.error))
        }
        try reader.problems.stopOnErrors()
        notes = reader.problems
        notes.add(unknownValues)

        codes = records.filter { !$0.isModifier }.sorted { $0.code < $1.code }
        modifiers = records.filter(\.isModifier).sorted { $0.code < $1.code }
        var gates = Diagnostics()
        for list in [codes, modifiers] {
            for (left, right) in zip(list, list.dropFirst()) where left.code == right.code {
                gates.add(
                    Diagnostic(
                        .error, "key_repeats", at: Place(raw.file, line: right.source.line),
                        "\(right.code) stands on line \(left.source.line) already"))
            }
        }
        try gates.stopOnErrors(.gateFailed)
    }

    /// Compares with the workbook of the same file on every field of every code and modifier.
    func compare(with witness: HCPCSFile, schemas: Schemas) -> (Check, Diagnostics) {
        var pairs = Witness.Pairs(primary: raw, witness: witness.raw)
        let known = schemas.knownDifferences(of: .hcpcs, year: HCPCSQuarter(fileNamed: raw.file)?.year)
        pairs.explanation = { key, difference in
            known.first { $0.explains(key, difference) }.map { ($0.defect, $0.meaning) }
        }
        for (own, other) in [(codes, witness.codes), (modifiers, witness.modifiers)] {
            Witness.merge(own, other, key: \.code) { left, right in
                pairs.pair(left?.source, right?.source, key: left?.code ?? right?.code) {
                    guard let left, let right else { return [] }
                    return Witness.cellDifferences(ModifierRow(left), ModifierRow(right))
                }
            }
        }
        return (pairs.check, pairs.notes)
    }

    /// Where the file has each column.
    private struct Columns {
        let code, sequence, record, longDescriptor, shortDescriptor, pricing, multiplePricing: Int?
        let coverageIssuesManual, carriersManual, statute, labCertifications, crossReferences, coverage: Int?
        let ascGroup, ascDate, oppsGroup, oppsPolicy, oppsDate, processingNote, betos, typesOfService: Int?
        let anesthesiaBaseUnits, added, actionEffective, terminated, action: Int?

        init(_ raw: RawTable) {
            code = raw.column("code")
            sequence = raw.column("sequence")
            record = raw.column("record")
            longDescriptor = raw.column("long_descriptor")
            shortDescriptor = raw.column("short_descriptor")
            pricing = raw.column("pricing")
            multiplePricing = raw.column("multiple_pricing")
            coverageIssuesManual = raw.column("coverage_issues_manual")
            carriersManual = raw.column("carriers_manual")
            statute = raw.column("statute")
            labCertifications = raw.column("lab_certifications")
            crossReferences = raw.column("cross_references")
            coverage = raw.column("coverage")
            ascGroup = raw.column("asc_group")
            ascDate = raw.column("asc_date")
            oppsGroup = raw.column("opps_group")
            oppsPolicy = raw.column("opps_policy")
            oppsDate = raw.column("opps_date")
            processingNote = raw.column("processing_note")
            betos = raw.column("betos")
            typesOfService = raw.column("types_of_service")
            anesthesiaBaseUnits = raw.column("anesthesia_base_units")
            added = raw.column("added")
            actionEffective = raw.column("action_effective")
            terminated = raw.column("terminated")
            action = raw.column("action")
        }
    }

    /// Values that no table of ours knows are CMS's right; they are kept and reported.
    private static func reportUnknown(
        _ record: HCPCSRecord, at place: Place, _ schemas: Schemas, _ notes: inout Diagnostics
    ) {
        func look(at value: Indicator?, in field: String) {
            guard let value, !value.isBlank, schemas.hcpcsValues.meaning(field, value) == nil else { return }
            notes.add(
                Diagnostic(
                    .warning, "hcpcs_value_unknown", at: place,
                    "\(record.code) has \(field) '\(value)', which Schemas/values/hcpcs-values.csv does not list"))
        }
        look(at: record.action, in: "action")
        look(at: record.coverage, in: "coverage")
        look(at: record.betos, in: "betos")
        look(at: record.multiplePricing, in: "multiple_pricing")
        look(at: record.oppsPolicy, in: "asc_policy")
        for value in record.pricing { look(at: Indicator(value), in: "pricing") }
        for value in record.typesOfService { look(at: Indicator(value), in: "type_of_service") }
    }
}

extension RowReader {
    /// Several values of equal width side by side; blank ones are left out.
    fileprivate func list(_ row: Int, _ column: Int?) -> [String] {
        guard let column else { return [] }
        let field = Array(table[row, column])
        if field.isEmpty { return [] }
        let width = max(table.columns[column].itemWidth, 1)
        return stride(from: 0, to: field.count, by: width).compactMap { start in
            let part = String(decoding: field[start..<min(start + width, field.count)], as: UTF8.self).collapsed
            return part.isEmpty ? nil : part
        }
    }
}

extension String {
    /// Without blanks at the ends, and with single ones inside.
    var collapsed: String {
        var text = self
        let isCollapsed = text.withUTF8 { bytes in
            var previous: UInt8 = 0x20
            for byte in bytes {
                if byte == 0x20, previous == 0x20 { return false }
                previous = byte
            }
            return previous != 0x20 || bytes.isEmpty
        }
        return isCollapsed ? self : split(separator: " ").joined(separator: " ")
    }
}
