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
        let names = raw.columns.map(\.name)
        func column(_ name: String) -> Int? { names.firstIndex(of: name) }
        let code = column("code")
        let sequence = column("sequence")
        let record = column("record")
        let long = column("long_descriptor")
        let short = column("short_descriptor")
        // Workbooks number the lines of a code 0010, 0020, the text 00100, 00200.
        let step = raw.form == .xlsx ? 10 : 100

        var records: [HCPCSRecord] = []
        var lastSequence = 0
        var unknownValues = Diagnostics()
        for row in 0..<raw.rowCount {
            let kind = raw[row, record ?? 0].first ?? 0
            let number = Int(reader.text(row, sequence)) ?? 0
            let segment = reader.text(row, long)
            let own = Code(raw[row, code ?? 0]) ?? .blank
            if kind == Self.codeStart || kind == Self.modifierStart {
                let isModifier = kind == Self.modifierStart
                if own.count != (isModifier ? 2 : 5) || number != step {
                    reader.problems.add(
                        Diagnostic(
                            .error, "hcpcs_record", at: raw.place(row: row, column: code),
                            "a first line has the code '\(own)' and the sequence number \(number); expected "
                                + (isModifier ? "two" : "five") + " characters and \(step)"))
                }
                var entry = HCPCSRecord(code: own, isModifier: isModifier, source: reader.source(row))
                entry.longDescriptor = segment
                entry.shortDescriptor = reader.text(row, short).collapsed
                entry.pricing = reader.list(row, column("pricing"))
                entry.multiplePricing = reader.short(row, column("multiple_pricing"))
                entry.coverageIssuesManual = reader.list(row, column("coverage_issues_manual"))
                entry.carriersManual = reader.list(row, column("carriers_manual"))
                let statute = reader.text(row, column("statute")).collapsed
                entry.statute = statute.isEmpty ? nil : statute
                entry.labCertifications = reader.list(row, column("lab_certifications"))
                entry.crossReferences = reader.list(row, column("cross_references"))
                entry.coverage = reader.short(row, column("coverage"))
                entry.ascGroup = reader.short(row, column("asc_group"))
                entry.ascDate = reader.date(row, column("asc_date"))
                entry.oppsGroup = reader.short(row, column("opps_group"))
                entry.oppsPolicy = reader.short(row, column("opps_policy"))
                entry.oppsDate = reader.date(row, column("opps_date"))
                entry.processingNote = reader.short(row, column("processing_note"))
                entry.betos = reader.short(row, column("betos"))
                entry.typesOfService = reader.list(row, column("types_of_service"))
                let baseUnits = reader.text(row, column("anesthesia_base_units"))
                entry.anesthesiaBaseUnits = Int(baseUnits)
                if entry.anesthesiaBaseUnits == nil, !baseUnits.isEmpty {
                    reader.problems.add(
                        Diagnostic(
                            .error, "number_invalid", at: raw.place(row: row, column: column("anesthesia_base_units")),
                            "anesthesia_base_units is '\(baseUnits)'; expected a whole number"))
                }
                entry.added = reader.date(row, column("added"))
                entry.actionEffective = reader.date(row, column("action_effective"))
                entry.terminated = reader.date(row, column("terminated"))
                entry.action = reader.required(row, column("action"))
                Self.reportUnknown(entry, at: raw.place(row: row, column: nil), schemas, &unknownValues)
                records.append(entry)
            } else {
                guard let last = records.indices.last, records[last].code == own, number == lastSequence + step,
                    records[last].isModifier == (kind != Self.codeContinuation)
                else {
                    reader.problems.add(
                        Diagnostic(
                            .error, "hcpcs_sequence", at: raw.place(row: row, column: sequence),
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

    /// Values that no table of ours knows are CMS's right; they are kept and reported.
    private static func reportUnknown(
        _ record: HCPCSRecord, at place: Place, _ schemas: Schemas, _ notes: inout Diagnostics
    ) {
        let values: [(String, [Indicator])] = [
            ("action", [record.action]), ("coverage", [record.coverage]), ("betos", [record.betos]),
            ("multiple_pricing", [record.multiplePricing]), ("asc_policy", [record.oppsPolicy]),
            ("pricing", record.pricing.compactMap { Indicator($0) }),
            ("type_of_service", record.typesOfService.compactMap { Indicator($0) }),
        ]
        for (field, values) in values {
            for value in values where !value.isBlank && schemas.hcpcsValues.meaning(field, value) == nil {
                notes.add(
                    Diagnostic(
                        .warning, "hcpcs_value_unknown", at: place,
                        "\(record.code) has \(field) '\(value)', which Schemas/values/hcpcs-values.csv does not list"))
            }
        }
    }
}

extension RowReader {
    /// Several values of equal width side by side; blank ones are left out.
    fileprivate func list(_ row: Int, _ column: Int?) -> [String] {
        guard let column else { return [] }
        let width = max(table.columns[column].itemWidth, 1)
        let field = Array(table[row, column])
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
