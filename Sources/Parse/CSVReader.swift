import CSV
import Model
import Schemas

/// Binds the columns of a CSV or of a worksheet by their merged header labels and reads its rows.
struct CSVReader {
    var csv: CSVRows
    let form: SourceForm
    let path: String
    /// Whether the fields are UTF-8; CMS's CSV files are Windows-1252.
    let isUTF8: Bool
    let table: SourceTable
    let release: Release
    let schemas: Schemas

    /// Reads the rows, of which no fields are left in ``csv``.
    mutating func read() throws(IngestError) -> RawTable {
        let layout = schemas.layout(table, year: release.year)
        guard let header = headerRow(csv) else {
            let expected = schemas.member(table)?.csvBegins.joined(separator: ", ") ?? ""
            throw IngestError(
                .badData, "header_missing", at: Place(path, line: 1),
                "there is no header row; one was expected whose first cells begin with \(expected)")
        }

        var title: String?
        var released: CalendarDate?
        var quarter: DrugQuarter?
        for row in 0..<header {
            for field in csv.fields(of: row) {
                let cell = String(decoding: csv[field: field], as: UTF8.self)
                let label = normalisedLabel(csv[field: field])
                if title == nil, !hasDisclaimers, !label.isEmpty, !label.hasPrefix("RELEASED ") {
                    title = cell
                    try checkTitle(
                        cell, line: Int(csv.lines[row]), path: path, table: table, release: release)
                }
                if table.isASP, label.hasPrefix("EFFECTIVE ") {
                    quarter = try readQuarter(label, at: Place(path, line: Int(csv.lines[row])))
                }
                if label.hasPrefix("RELEASED ") { released = CalendarDate(american: label.dropFirst(9)) }
            }
        }

        if table.isASP, quarter == nil {
            throw IngestError(
                .badData, "quarter_missing", at: Place(path, line: 1),
                "no line before the header says for which days the file holds",
                hint: "CMS writes there 'Effective January 1, 2026 through March 31, 2026': use CMS's own file.")
        }

        let labels = mergedLabels(csv, header: header)
        let binding = try bind(labels, to: layout, line: Int(csv.lines[header]))
        let rows = try readRows(after: header, binding: binding, layout: layout, labels: labels)
        var raw = RawTable(
            table: table, form: form, file: path, columns: binding.columns, title: title,
            released: released, headerFactors: binding.factors, notes: rows.notes,
            fields: rows.fields, lines: rows.lines)
        raw.unread = binding.unread
        raw.quarter = quarter
        return raw
    }

    /// Whether what stands before the header may speak of other years.
    private var hasDisclaimers: Bool { table == .hcpcs || table == .hcpcsCorrections || table.isASP }

    private func readQuarter(_ label: String, at place: Place) throws(IngestError) -> DrugQuarter {
        guard let quarter = DrugQuarter(sentence: label) else {
            throw IngestError(
                .badData, "quarter_invalid", at: place,
                "'\(label)' does not name the first and the last day of a quarter",
                hint: "CMS writes 'Effective January 1, 2026 through March 31, 2026': use CMS's own file.")
        }
        return quarter
    }

    private func headerRow(_ csv: CSVRows) -> Int? {
        guard let member = schemas.member(table), !member.csvBegins.isEmpty else { return nil }
        let rows = (0..<min(csv.count, 40)).map { row in csv.fields(of: row).map { normalisedLabel(csv[field: $0]) } }
        // A header that lacks a column is still the header, and what it lacks is said.
        return rows.firstIndex { member.fits(header: $0) } ?? rows.firstIndex { member.begins($0) }
    }

    /// CMS stacks long labels over several rows: each column's label is what stands in it from the first
    /// stacked row down. Rows with a single cell are titles, not labels.
    private func mergedLabels(_ csv: CSVRows, header: Int) -> [String] {
        var first = header
        while first > 0,
            csv.fields(of: first - 1).count(where: { !normalisedLabel(csv[field: $0]).isEmpty }) > 1
        {
            first -= 1
        }
        return csv.fields(of: header).indices.map { column in
            let offset = column - csv.fields(of: header).lowerBound
            var label: [String] = []
            for row in first...header {
                let fields = csv.fields(of: row)
                guard offset < fields.count else { continue }
                let part = normalisedLabel(csv[field: fields.lowerBound + offset])
                if !part.isEmpty { label.append(part) }
            }
            return label.joined(separator: " ")
        }
    }

    private struct Binding {
        /// For each bound column its layout, in the file's order.
        var columns: [FieldLayout] = []
        /// For each column of the file the index in `columns`; `nil` for one that has no label.
        var indices: [Int?] = []
        /// For each bound column the columns of the file that hold it: one, or each value of a list.
        var sources: [[Int]] = []
        var factors: [String: String] = [:]
        var unread: [String] = []
    }

    private func bind(_ labels: [String], to layout: Layout, line: Int) throws(IngestError) -> Binding {
        var binding = Binding()
        var unknown: [String] = []
        for (index, label) in labels.enumerated() {
            if label.isEmpty {
                binding.indices.append(nil)
                continue
            }
            if let match = layout.field(labelled: label) {
                let bound = binding.columns.firstIndex { $0.name == match.field.name }
                if bound == nil, match.item == 1 {
                    binding.indices.append(binding.columns.count)
                    binding.columns.append(match.field)
                    binding.sources.append([index])
                    if let factor = match.factor { binding.factors[match.field.name] = factor }
                    continue
                } else if let bound, match.item == binding.sources[bound].count + 1 {
                    binding.indices.append(bound)
                    binding.sources[bound].append(index)
                    continue
                }
            }
            binding.indices.append(nil)
            // Correction files have a column more or less each time; what they say of it is in no column of ours.
            if table == .hcpcsCorrections {
                binding.unread.append(label)
                continue
            }
            unknown.append("column \(index + 1) '\(label)'")
        }
        let missing = layout.fields.compactMap { field -> String? in
            let bound = binding.columns.firstIndex { $0.name == field.name }.map { binding.sources[$0].count } ?? 0
            return bound == field.itemCount || (bound == 0 && field.isOptional)
                ? nil : field.label(year: layout.year, item: bound + 1)
        }
        guard unknown.isEmpty, missing.isEmpty else {
            throw IngestError(
                .badData, "columns_unknown", at: Place(path, line: line),
                "the header does not fit the \(layout.name) layout of \(layout.year): "
                    + (unknown.isEmpty ? "" : "unknown \(unknown.joined(separator: ", ")); ")
                    + (missing.isEmpty ? "none missing" : "missing '\(missing.joined(separator: "', '"))'"),
                hint: otherYears(labels))
        }
        if table.isASP { try refuseOtherOrder(binding, layout, line: line) }
        return binding
    }

    /// Two texts of a drug file look alike, and one of them may be the AMA's: labels that stand in another order than
    /// CMS's may be labels of other columns.
    private func refuseOtherOrder(_ binding: Binding, _ layout: Layout, line: Int) throws(IngestError) {
        let order = layout.fields.filter { binding.columns.contains($0) }
        guard let index = binding.columns.indices.first(where: { binding.columns[$0] != order[$0] }) else { return }
        throw IngestError(
            .badData, "columns_reordered", at: Place(path, line: line, column: binding.sources[index][0] + 1),
            "'\(binding.columns[index].label(year: layout.year, item: 1))' stands where CMS has "
                + "'\(order[index].label(year: layout.year, item: 1))'",
            hint: "The columns may have been moved, or only their labels: use CMS's own file.")
    }

    /// Whether the header fits another year's layout: then the file is of that year.
    private func otherYears(_ labels: [String]) -> String {
        let named = Set(labels.filter { !$0.isEmpty })
        let fitting = (2015...max(2015, release.year + 1)).filter { year in
            let layout = schemas.layout(table, year: year)
            return year != release.year && named.allSatisfy { layout.field(labelled: $0) != nil }
                && layout.fields.allSatisfy { field in
                    field.isOptional || named.contains { layout.field(labelled: $0)?.field == field }
                }
        }
        if let first = fitting.first, let last = fitting.last {
            return "It is laid out as in \(first == last ? "\(first)" : "\(first) to \(last)"): "
                + "it may belong to another release than \(release.label)."
        }
        return "If CMS changed the layout, add the column to Schemas/layouts/\(table.layout).csv."
    }

    private struct Rows {
        var fields: RawFields
        var lines: [UInt32] = []
        var notes: [(line: Int, text: String)] = []
    }

    private mutating func readRows(
        after header: Int, binding: Binding, layout: Layout, labels: [String]
    ) throws(IngestError) -> Rows {
        let (starts, ends) = csv.takePlaces()
        var rows = Rows(
            fields: RawFields(of: csv.bytes, starts: starts, ends: ends, offsets: binding.sources.map { $0[0] }))
        var problems = Diagnostics()
        let bound = labels.indices.filter { binding.indices[$0] != nil }
        let unlabelled = labels.indices.filter { binding.indices[$0] == nil }
        let key = bound[binding.columns.firstIndex { $0.name == layout.fields[0].name } ?? 0]
        // Where a column's cells are taken as they stand; `nil` where more is to be done than to trim them.
        let plain: [Int?] = zip(binding.columns, binding.sources).map { column, sources in
            column.kind == .words || column.kind == .list || (column.kind == .date && form == .xlsx) ? nil : sources[0]
        }
        let sources = plain.compactMap(\.self)
        let areAllPlain = sources.count == plain.count
        let width = labels.count
        let lastBound = bound.last ?? 0
        let hasNotes = layout.hasNotes
        let kind = layout.fields[0].kind
        let mayBeWider = form == .xlsx || table.isASP

        for row in (header + 1)..<max(csv.count, header + 1) {
            var fields = csv.fields(of: row)
            func place(_ column: Int? = nil) -> Place { Place(path, line: Int(csv.lines[row]), column: column) }
            guard let filled = fields.first(where: { rows.fields.isFilled($0) }) else { continue }
            if hasNotes, !fields[(filled + 1)...].contains(where: { rows.fields.isFilled($0) }),
                key >= fields.count || !kind.accepts(csv.bytes[rows.fields[field: fields.lowerBound + key]])
            {
                let note = String(decoding: csv.bytes[rows.fields[field: filled]], as: UTF8.self)
                rows.notes.append((Int(csv.lines[row]), note))
                continue
            }
            if let note = rows.notes.last, !note.text.isEmpty, table != .hcpcsCorrections {
                problems.add(
                    Diagnostic(
                        .error, "row_after_notes", at: place(),
                        "a row stands behind the footnotes, which begin on line \(note.line)"))
            }
            if mayBeWider, fields.count > width {
                // Cells without value behind the last column carry a style or nothing.
                while fields.count > width, rows.fields[field: fields.upperBound - 1].isEmpty { fields.removeLast() }
            }
            // A worksheet's row ends with its last cell that holds something; CMS's drug files have any number of
            // empty columns behind the last one with a label.
            guard
                fields.count == width
                    || (mayBeWider && fields.count < width && (form == .xlsx || fields.count > lastBound))
            else {
                problems.add(
                    Diagnostic(
                        .error, "row_width", at: place(), "\(fields.count) columns where the header has \(width)",
                        hint: "The file may be cut, or a comma may have come or gone in this line."))
                continue
            }
            if table != .hcpcsCorrections {
                for column in unlabelled where column < fields.count {
                    guard rows.fields.isFilled(fields.lowerBound + column) else { continue }
                    problems.add(
                        Diagnostic(
                            .error, "column_unlabelled", at: place(column + 1),
                            "a value stands in a column that has no label"))
                }
            }
            rows.lines.append(csv.lines[row])
            let isPlain = areAllPlain && rows.fields.arePlain(fields)
            rows.fields.addRow(fields)
            if isPlain {
                rows.fields.trim(sources, of: fields)
                continue
            }
            for (column, sources) in binding.sources.enumerated() where sources[0] < fields.count {
                let sources = sources.filter { $0 < fields.count }
                let cells = sources.map { rows.fields[field: fields.lowerBound + $0] }
                rows.fields.move(fields.lowerBound + sources[0]) { bytes in
                    let start = bytes.count
                    for (source, cell) in zip(sources, cells) {
                        append(
                            csv.bytes[cell], of: binding.columns[column], after: start, in: source, of: place(),
                            to: &bytes, &problems)
                    }
                    if plain[column] == nil { while bytes.count > start, bytes.last == 0x20 { bytes.removeLast() } }
                }
            }
        }
        try problems.stopOnErrors()
        guard !rows.lines.isEmpty else {
            throw IngestError(.badData, "no_rows", at: Place(path), "there is not one row behind the header")
        }
        return rows
    }
}

extension CSVReader {
    /// A text with one blank for each line break, tab, no-break space or run of them.
    private func collapsed(_ cell: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { [0x09, 0x0A, 0x0D, 0x20].contains(byte) || (byte == 0xA0 && !isUTF8) }
        let parts = cell.split(whereSeparator: isBlank)
        return parts.count < 2 ? parts.first ?? [] : Array(parts.joined(separator: [0x20]))[...]
    }

    private func invalidCharacter(_ byte: UInt8, in column: Int, of row: Place) -> Diagnostic {
        Diagnostic(
            .error, "character_invalid", at: Place(path, line: row.line, column: column + 1),
            "the byte 0x\(String(byte, radix: 16)) is no character of the file's encoding")
    }

    /// Appends a cell's value to a field that began at `start`. The values of a list come to stand at the places
    /// that they have in the TXT.
    private func append(
        _ cell: ArraySlice<UInt8>, of layout: FieldLayout, after start: Int, in column: Int, of row: Place,
        to bytes: inout [UInt8], _ problems: inout Diagnostics
    ) {
        let first = bytes.count
        let cell = layout.kind == .words ? collapsed(cell) : cell
        if let byte = cell.withUnsafeBufferPointer({ appendField($0, isUTF8: isUTF8, to: &bytes) }) {
            problems.add(invalidCharacter(byte, in: column, of: row))
        }
        if layout.kind == .date, form == .xlsx, let day = CalendarDate(spreadsheetDay: bytes[first...]) {
            bytes.replaceSubrange(first..., with: day.description.utf8.filter { $0 != UInt8(ascii: "-") })
        }
        guard layout.kind == .list else { return }
        let count = bytes.count - first
        if count > layout.itemWidth {
            problems.add(
                Diagnostic(
                    .error, "value_invalid", at: Place(path, line: row.line, column: column + 1),
                    "\(layout.name) is '\(String(decoding: bytes[first...], as: UTF8.self))'; it has at most "
                        + "\(layout.itemWidth) characters"))
        } else if count > 0, count < layout.width, bytes[first...].allSatisfy({ (0x30...0x39).contains($0) }) {
            // A cell that is a number has no zeros in front.
            bytes.insert(contentsOf: repeatElement(0x30, count: layout.width - count), at: first)
        }
        bytes.append(contentsOf: repeatElement(0x20, count: max(0, layout.itemWidth - (bytes.count - first))))
    }
}

extension RawFields {
    /// Whether a field holds more than blanks.
    fileprivate func isFilled(_ field: Int) -> Bool {
        let range = self[field: field]
        return bytes.withUnsafeBufferPointer { $0[range].contains { $0 > 0x20 } }
    }

    /// Whether a row's fields are what they are in any encoding, but for blanks at their ends.
    fileprivate func arePlain(_ fields: Range<Int>) -> Bool {
        let (first, last) = (self[field: fields.lowerBound].lowerBound, self[field: fields.upperBound - 1].upperBound)
        return first <= last
            && bytes.withUnsafeBufferPointer { isPlain(UnsafeBufferPointer(rebasing: $0[first..<last])) }
    }

    /// Takes the blanks from both ends of a row's fields, where they lie.
    fileprivate mutating func trim(_ sources: [Int], of fields: Range<Int>) {
        for source in sources where source < fields.count {
            let range = self[field: fields.lowerBound + source]
            self[field: fields.lowerBound + source] = bytes.withUnsafeBufferPointer { trimmed(range, of: $0) }
        }
    }
}
