import Model
import Schemas

/// Cuts fixed-width records at the positions of the layout and checks that nothing stands between them.
struct TextReader {
    let text: SourceText
    let table: SourceTable
    let release: Release
    let schemas: Schemas

    func read() throws(IngestError) -> RawTable {
        let layout = schemas.layout(table, year: release.year)
        let columns = layout.fields.filter { $0.position != nil }
        let cuts = columns.enumerated().map { Cut($1, column: $0) }
        let recordLength = layout.recordLength
        let keyRange = layout.fields[0].position ?? 1...1
        var fields = RawFields(of: text.whole, columns: columns.count)
        var lines: [UInt32] = []
        var notes: [(line: Int, text: String)] = []
        var title: String?
        var problems = Diagnostics()
        var footnote: Int?

        let ranges = text.lines()
        // A file of line ends alone has far more lines than records.
        fields.reserve(rows: min(ranges.count, text.count / max(recordLength, 1) + 1))
        for (index, range) in ranges.enumerated() {
            let line = text.bytes[range]
            let number = index + 1
            if line.allSatisfy({ $0 <= 0x20 || $0 == 0xA0 }) { continue }
            if lines.isEmpty, !layout.preamble.isEmpty, line.starts(with: layout.preamble.utf8) { continue }
            if layout.hasNotes, !isRecord(line, key: keyRange) {
                let note = String(decoding: line, as: UTF8.self)
                if title == nil, lines.isEmpty, table != .hcpcs {
                    title = note
                    try checkTitle(note, line: number, path: text.path, table: table, release: release)
                }
                if !lines.isEmpty { footnote = footnote ?? number }
                notes.append((number, note))
                continue
            }
            if let footnote {
                problems.add(
                    Diagnostic(
                        .error, "row_after_notes", at: Place(text.path, line: number),
                        "a record stands behind line \(footnote), which is none"))
            }
            lines.append(UInt32(number))
            line.withUnsafeBufferPointer { line in
                check(line, number: number, layout: layout, recordLength: recordLength, &problems)
                append(
                    line, number: number, cuts, of: columns, to: &fields, at: range.lowerBound, &problems)
            }
        }
        try problems.stopOnErrors()
        guard !lines.isEmpty else {
            throw IngestError(
                .badData, "no_rows", at: Place(text.path),
                "there is not one \(table.name) record in it",
                hint: table == .hcpcs
                    ? "A record has its sequence number in bytes 6–10 and 3, 4, 7 or 8 in byte 11." : nil)
        }
        return RawTable(
            table: table, form: .txt, file: text.path, columns: columns, title: title, released: nil,
            notes: notes, fields: fields, lines: lines)
    }

    private func isRecord(_ line: ArraySlice<UInt8>, key: ClosedRange<Int>) -> Bool {
        let start = line.startIndex
        if table == .hcpcs {
            return line.count > 11 && line[(start + 5)..<(start + 10)].allSatisfy { (0x30...0x39).contains($0) }
                && [0x33, 0x34, 0x37, 0x38].contains(line[start + 10])
        }
        guard line.count >= key.upperBound else { return false }
        return line[(start + key.lowerBound - 1)..<(start + key.upperBound)]
            .allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Where a field stands in a record, without the rest of its layout: a record has thirty of them.
    private struct Cut {
        let column: Int
        /// From 0, without its end.
        let range: Range<Int>
        let impliedPlaces: Int
        let isList: Bool

        init(_ field: FieldLayout, column: Int) {
            self.column = column
            let position = field.position ?? 1...1
            range = (position.lowerBound - 1)..<position.upperBound
            impliedPlaces = field.impliedPlaces
            isList = field.kind == .list
        }
    }

    private func problem(
        _ id: String, _ number: Int, _ column: Int, _ message: String, hint: String? = nil
    ) -> Diagnostic {
        Diagnostic(.error, id, at: Place(text.path, line: number, column: column), message, hint: hint)
    }

    /// What stands behind a record's fields and between them: nothing.
    private func check(
        _ line: UnsafeBufferPointer<UInt8>, number: Int, layout: Layout, recordLength: Int,
        _ problems: inout Diagnostics
    ) {
        let used = line.lastIndex { $0 != 0x20 }.map { $0 + 1 } ?? 0
        if used > recordLength {
            problems.add(
                problem(
                    "record_length", number, recordLength + 1,
                    "the record has \(used) bytes; \(layout.name) of \(layout.year) has \(recordLength)",
                    hint: "A character may have been inserted, or CMS added a field: see "
                        + "Schemas/layouts/\(table.layout).csv."))
        }
        for position in layout.filler where position <= line.count && line[position - 1] != 0x20 {
            problems.add(
                problem(
                    "filler_not_blank", number, position,
                    "'\(Character(Unicode.Scalar(line[position - 1])))' stands where the layout has a blank",
                    hint: "The record may be shifted, or CMS added a field."))
            break
        }
    }

    /// - Parameter start: where the line begins in the bytes that `fields` was made of.
    private func append(
        _ line: UnsafeBufferPointer<UInt8>, number: Int, _ cuts: [Cut], of columns: [FieldLayout],
        to fields: inout RawFields, at start: Int, _ problems: inout Diagnostics
    ) {
        let isPlain = isPlain(line)
        let first = fields.count
        defer { fields.addRow(first..<fields.count) }
        for cut in cuts {
            if line.count < cut.range.upperBound, !mayBeCut(columns[cut.column], at: line.count) {
                problems.add(
                    problem(
                        "record_length", number, line.count + 1,
                        "the record ends inside or before \(columns[cut.column].name) (bytes "
                            + "\(cut.range.lowerBound + 1)–\(cut.range.upperBound))",
                        hint: "The file may be cut."))
                fields.add(0..<0)
                continue
            }
            let range = cut.range.clamped(to: line.indices)
            if isPlain, !cut.isList, cut.impliedPlaces == 0 {
                let kept = trimmed(range, of: line)
                fields.add((start + kept.lowerBound)..<(start + kept.upperBound))
                continue
            }
            fields.add { bytes in
                let start = bytes.count
                let field = UnsafeBufferPointer(rebasing: line[range])
                if let byte = appendField(field, isUTF8: false, keepingLeadingBlanks: cut.isList, to: &bytes) {
                    problems.add(
                        problem(
                            "character_invalid", number, cut.range.lowerBound + 1,
                            "the byte 0x\(String(byte, radix: 16)) is no character of the file's encoding"))
                }
                // What is no number stays as it is: a point would part the bytes of a letter.
                if cut.impliedPlaces > 0, bytes.count - start > cut.impliedPlaces,
                    bytes[start...].allSatisfy({ $0 < 0x80 })
                {
                    bytes.insert(UInt8(ascii: "."), at: bytes.count - cut.impliedPlaces)
                }
            }
        }
    }

    /// Trailing blanks are dropped by some of CMS's exports, so a record may end before or inside a text, and
    /// before a code or date that is blank; never where a number should stand.
    private func mayBeCut(_ field: FieldLayout, at length: Int) -> Bool {
        guard let position = field.position else { return true }
        switch field.kind {
        case .text, .list: return true
        case .indicator, .modifier, .na, .code, .date, .state: return length < position.lowerBound
        default: return false
        }
    }
}
