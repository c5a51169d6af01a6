import CSV
import Model
import Schemas

/// Binds the columns of a CSV or of a worksheet by their merged header labels and reads its rows.
struct CSVReader {
    let csv: CSVRows
    let form: SourceForm
    let path: String
    /// Whether the fields are UTF-8; CMS's CSV files are Windows-1252.
    let isUTF8: Bool
    let table: SourceTable
    let release: Release
    let schemas: Schemas

    func read() throws(IngestError) -> RawTable {
        let layout = schemas.layout(table, year: release.year)
        guard let header = headerRow(csv) else {
            let expected = schemas.member(table)?.csvBegins.joined(separator: ", ") ?? ""
            throw IngestError(
                .badData, "header_missing", at: Place(path, line: 1),
                "there is no header row; one was expected whose first cells begin with \(expected)")
        }

        var title: String?
        var released: CalendarDate?
        for row in 0..<header {
            for field in csv.fields(of: row) {
                let cell = String(decoding: csv[field: field], as: UTF8.self)
                let label = normalisedLabel(csv[field: field])
                if title == nil, !label.isEmpty, !label.hasPrefix("RELEASED ") {
                    title = cell
                    try checkTitle(
                        cell, line: Int(csv.lines[row]), path: path, table: table, release: release)
                }
                if label.hasPrefix("RELEASED ") { released = CalendarDate(american: label.dropFirst(9)) }
            }
        }

        let labels = mergedLabels(csv, header: header)
        let binding = try bind(labels, to: layout, line: Int(csv.lines[header]))
        let rows = try readRows(csv, after: header, binding: binding, layout: layout, labels: labels)
        return RawTable(
            table: table, form: form, file: path, columns: binding.columns, title: title,
            released: released, headerFactors: binding.factors, notes: rows.notes, bytes: rows.bytes,
            ends: rows.ends, lines: rows.lines)
    }

    private func headerRow(_ csv: CSVRows) -> Int? {
        guard let begins = schemas.member(table)?.csvBegins, !begins.isEmpty else { return nil }
        return (0..<min(csv.count, 40)).first { row in
            let cells = csv.fields(of: row)
            return cells.count >= begins.count
                && zip(cells, begins).allSatisfy { normalisedLabel(csv[field: $0]).hasPrefix($1) }
        }
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
        var factors: [String: String] = [:]
    }

    private func bind(_ labels: [String], to layout: Layout, line: Int) throws(IngestError) -> Binding {
        var binding = Binding()
        var unknown: [String] = []
        for (index, label) in labels.enumerated() {
            if label.isEmpty {
                binding.indices.append(nil)
            } else if let (field, factor) = layout.field(labelled: label),
                !binding.columns.contains(where: { $0.name == field.name })
            {
                binding.indices.append(binding.columns.count)
                binding.columns.append(field)
                if let factor { binding.factors[field.name] = factor }
            } else {
                binding.indices.append(nil)
                unknown.append("column \(index + 1) '\(label)'")
            }
        }
        let missing = layout.fields.filter { field in
            !field.isOptional && !binding.columns.contains { $0.name == field.name }
        }
        guard unknown.isEmpty, missing.isEmpty else {
            throw IngestError(
                .badData, "columns_unknown", at: Place(path, line: line),
                "the header does not fit the \(layout.name) layout of \(layout.year): "
                    + (unknown.isEmpty ? "" : "unknown \(unknown.joined(separator: ", ")); ")
                    + (missing.isEmpty
                        ? "none missing"
                        : "missing " + missing.map { "'\($0.label(year: layout.year))'" }.joined(separator: ", ")),
                hint: otherYears(labels))
        }
        return binding
    }

    /// Whether the header fits another year's layout: then the file is of that year.
    private func otherYears(_ labels: [String]) -> String {
        let named = Set(labels.filter { !$0.isEmpty })
        let fitting = (2015...max(2015, release.year + 1)).filter { year in
            let layout = schemas.layout(table, year: year)
            return year != release.year && named.allSatisfy { layout.field(labelled: $0) != nil }
                && layout.fields.allSatisfy { field in
                    field.isOptional || named.contains { layout.field(labelled: $0)?.0 == field }
                }
        }
        if let first = fitting.first, let last = fitting.last {
            return "It is laid out as in \(first == last ? "\(first)" : "\(first) to \(last)"): "
                + "it may belong to another release than \(release.label)."
        }
        return "If CMS changed the layout, add the column to Schemas/layouts/\(table.layout).csv."
    }

    private struct Rows {
        var bytes: [UInt8] = []
        var ends: [UInt32] = []
        var lines: [UInt32] = []
        var notes: [(line: Int, text: String)] = []
    }

    private func readRows(
        _ csv: CSVRows, after header: Int, binding: Binding, layout: Layout, labels: [String]
    ) throws(IngestError) -> Rows {
        var rows = Rows()
        var problems = Diagnostics()
        rows.bytes.reserveCapacity(csv.count * labels.count * 4)
        rows.ends.reserveCapacity(csv.count * binding.columns.count)
        let bound = labels.indices.filter { binding.indices[$0] != nil }
        let unlabelled = labels.indices.filter { binding.indices[$0] == nil }
        let key = bound[binding.columns.firstIndex { $0.name == layout.fields[0].name } ?? 0]

        for row in (header + 1)..<max(csv.count, header + 1) {
            let fields = csv.fields(of: row)
            let place = Place(path, line: Int(csv.lines[row]))
            let filled = fields.count { csv[field: $0].contains { $0 > 0x20 } }
            if filled == 0 { continue }
            if layout.hasNotes, filled == 1, !layout.fields[0].kind.accepts(csv[field: fields.lowerBound + key]) {
                let note = fields.first { csv[field: $0].contains { $0 > 0x20 } } ?? fields.lowerBound
                rows.notes.append((place.line ?? 0, String(decoding: csv[field: note], as: UTF8.self)))
                continue
            }
            if let note = rows.notes.last, !note.text.isEmpty {
                problems.add(
                    Diagnostic(
                        .error, "row_after_notes", at: place,
                        "a row stands behind the footnotes, which begin on line \(note.line)"))
            }
            guard fields.count == labels.count else {
                problems.add(
                    Diagnostic(
                        .error, "row_width", at: place,
                        "\(fields.count) columns where the header has \(labels.count)",
                        hint: "The file may be cut, or a comma may have come or gone in this line."))
                continue
            }
            for column in unlabelled where csv[field: fields.lowerBound + column].contains(where: { $0 > 0x20 }) {
                problems.add(
                    Diagnostic(
                        .error, "column_unlabelled", at: Place(path, line: place.line, column: column + 1),
                        "a value stands in a column that has no label"))
            }
            for column in bound {
                if let byte = appendField(
                    csv[field: fields.lowerBound + column], isUTF8: isUTF8, to: &rows.bytes)
                {
                    problems.add(
                        Diagnostic(
                            .error, "character_invalid",
                            at: Place(path, line: place.line, column: column + 1),
                            "the byte 0x\(String(byte, radix: 16)) is no character of the file's encoding"))
                }
                rows.ends.append(UInt32(rows.bytes.count))
            }
            rows.lines.append(csv.lines[row])
        }
        try problems.stopOnErrors()
        guard !rows.lines.isEmpty else {
            throw IngestError(.badData, "no_rows", at: Place(path), "there is not one row behind the header")
        }
        return rows
    }
}

extension Layout {
    /// The field whose label is `label`, with the decimal that the header carries for it.
    func field(labelled label: String) -> (FieldLayout, factor: String?)? {
        var bare = label
        while bare.hasSuffix("*") { bare.removeLast() }
        for field in fields {
            for pattern in field.labels {
                let expected = pattern.replacing("{year}", with: String(year))
                if let factor = expected.firstRange(of: "{factor}") {
                    let start = expected[..<factor.lowerBound]
                    if bare.hasPrefix(start) {
                        let number = String(bare.dropFirst(start.count))
                        if AnesthesiaConversionFactor(number) != nil { return (field, number) }
                    }
                } else if bare == expected {
                    return (field, nil)
                }
            }
        }
        return nil
    }
}

extension FieldLayout {
    func label(year: Int) -> String {
        (labels.first ?? name).replacing("{year}", with: String(year))
    }
}

extension FieldKind {
    /// Whether `field` can be a key of this kind: told from a footnote by its shape.
    func accepts(_ field: some Collection<UInt8>) -> Bool {
        let trimmed = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 }
        switch self {
        case .contractor:
            return (1...5).contains(trimmed.count) && trimmed.allSatisfy { (0x30...0x39).contains($0) }
        default: return (1...5).contains(trimmed.count)
        }
    }
}
