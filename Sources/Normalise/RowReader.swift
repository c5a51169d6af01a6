import Model
import Parallel
import Schemas

/// Reads fields of a raw table as canonical values and collects what cannot be read, each at its place.
struct RowReader: Sendable {
    /// The identifier of the note that zeros were restored.
    static let zerosRestored = "zeros_restored"

    let table: RawTable
    private let file: SharedText
    var problems = Diagnostics()
    /// Columns in which leading zeros are to be restored, with the width they should have.
    private let restoredWidth: [Int]
    /// The values allowed in each indicator column; empty where any is.
    private let domains: [[Indicator]]
    /// The value of each column that was looked up last: rows mostly repeat those of their neighbours.
    private var accepted: [UInt64]
    /// How many characters the TXT has for each column's number; 0 where nothing limits it.
    private let widths: [Int]

    init(_ table: RawTable, schemas: Schemas) {
        self.table = table
        file = SharedText(table.file)
        var problems = Diagnostics()
        restoredWidth = table.columns.indices.map { Self.lostZeros(in: table, column: $0, &problems) }
        self.problems = problems
        accepted = table.columns.map { _ in 0 }
        widths = table.columns.map { $0.impliedPlaces == 0 ? $0.position?.count ?? 0 : 0 }
        domains = table.columns.map { field in
            switch field.kind {
            case .indicator where field.name == "status": schemas.statuses.all
            case .indicator, .modifier: Array(schemas.indicators[field.name].keys)
            default: []
            }
        }
    }

    /// What `read` makes of each row, on all cores. Problems are kept in the order of the rows.
    mutating func rows<Row: Sendable>(_ read: @escaping @Sendable (inout RowReader, Int) -> Row) -> [Row] {
        var beginner = self
        beginner.problems = Diagnostics()
        let (rows, readers) = inPieces(of: table.rowCount, size: 2048, from: beginner, read)
        for reader in readers { problems.add(reader.problems) }
        return rows
    }

    /// A file that went through a spreadsheet has lost all the leading zeros of a column, CMS's own included.
    /// Then the width restores them without doubt. A file that kept some has lost none: a short value in it
    /// is a damaged value and an error.
    private static func lostZeros(in table: RawTable, column: Int, _ problems: inout Diagnostics) -> Int {
        let field = table.columns[column]
        guard field.width > 0, field.kind != .list else { return 0 }
        var kept: Int?
        var short: [Int] = []
        for row in 0..<table.rowCount {
            let (count, first) = table.read(row, column) { value in
                (value.allSatisfy { (0x30...0x39).contains($0) } ? value.count : 0, value.first)
            }
            if count == 0 { continue }
            if count < field.width {
                short.append(row)
            } else if kept == nil, first == UInt8(ascii: "0") {
                kept = row
            }
        }
        guard let first = short.first else { return 0 }
        if let kept {
            for row in short {
                problems.add(
                    Diagnostic(
                        .error, "value_short", at: table.place(row: row, column: column),
                        "\(field.name) is '\(text(table[row, column]))'; it has \(field.width) digits, and this "
                            + "file keeps its leading zeros (line \(table.lines[kept]))",
                        hint: "A digit was dropped."))
            }
            return 0
        }
        problems.add(
            Diagnostic(
                .note, zerosRestored, at: table.place(row: first, column: column),
                "\(short.count) values of \(field.name) had lost their leading zeros, as after a spreadsheet; "
                    + "they were restored to \(field.width) digits"))
        return field.width
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// A column's index by our name, `nil` when the file does not have it.
    func column(_ name: String) -> Int? { table.column(name) }

    func isRestored(_ column: Int?) -> Bool { column.map { restoredWidth[$0] > 0 } ?? false }

    func text(_ row: Int, _ column: Int?) -> String {
        guard let column else { return "" }
        return table.read(row, column) { Self.text(UnsafeBufferPointer(rebasing: $0)) }
    }

    /// A decimal; an empty or unreadable one is a problem and reads as zero.
    mutating func decimal<Value: ExactDecimal>(_ row: Int, _ column: Int?) -> Value {
        guard let column else { return .zero }
        if let value = table.read(row, column, { Value($0) }), value.fits(widths[column]) { return value }
        problems.add(
            Diagnostic(
                .error, "number_invalid", at: table.place(row: row, column: column),
                "\(table.columns[column].name) is '\(text(row, column))'; expected a number with at most "
                    + "\(Value.places) decimals that fits CMS's field",
                hint: "Columns may be shifted in this row, or a spreadsheet rewrote the number."))
        return .zero
    }

    /// A decimal in a column that some files lack and others leave empty.
    mutating func optionalDecimal<Value: ExactDecimal>(_ row: Int, _ column: Int?) -> Value? {
        guard let column, !table[row, column].isEmpty else { return nil }
        return decimal(row, column)
    }

    /// A short value; one outside the column's table of values is a problem.
    mutating func short<Meaning>(_ row: Int, _ column: Int?) -> ShortText<Meaning> {
        guard let column else { return .blank }
        guard let value: ShortText<Meaning> = padded(row, column) else {
            problems.add(
                Diagnostic(
                    .error, "value_invalid", at: table.place(row: row, column: column),
                    "\(table.columns[column].name) is '\(text(row, column))', too long or with a blank inside"))
            return .blank
        }
        if value.isBlank || value.bits == accepted[column] { return value }
        let domain = domains[column]
        if domain.isEmpty || domain.contains(value.cast()) {
            accepted[column] = value.bits
        } else {
            problems.add(
                Diagnostic(
                    .error, "value_unknown", at: table.place(row: row, column: column),
                    "\(table.columns[column].name) is '\(value)'; known values are "
                        + domain.sorted().filter { !$0.isBlank }.map(\.description).joined(separator: " "),
                    hint: "Columns may be shifted in this row. If CMS introduced the value, add it under "
                        + "Schemas/values."))
        }
        return value
    }

    /// A short value that every row must have.
    mutating func required<Meaning>(_ row: Int, _ column: Int?) -> ShortText<Meaning> {
        let value: ShortText<Meaning> = short(row, column)
        if let column, value.isBlank, table[row, column].isEmpty {
            problems.add(
                Diagnostic(
                    .error, "value_missing", at: table.place(row: row, column: column),
                    "\(table.columns[column].name) is empty",
                    hint: "Columns may be shifted in this row."))
        }
        return value
    }

    /// Whether a value is digits and too few of them: that was reported when the column was looked at.
    private func isLostZero(_ row: Int, _ column: Int) -> Bool {
        table[row, column].count < table.columns[column].width
            && table[row, column].allSatisfy { (0x30...0x39).contains($0) }
    }

    /// A key of a fixed width; any other width is a problem.
    mutating func key<Meaning>(
        _ row: Int, _ column: Int?, width: Int, isRequired: Bool = true
    ) -> ShortText<Meaning> {
        let value: ShortText<Meaning> = isRequired ? required(row, column) : short(row, column)
        if let column, !value.isBlank, value.count != width, !isLostZero(row, column) {
            problems.add(
                Diagnostic(
                    .error, "value_short", at: table.place(row: row, column: column),
                    "\(table.columns[column].name) is '\(value)'; it has \(width) characters"))
        }
        return value
    }

    /// `mark` or blank.
    mutating func flag(_ row: Int, _ column: Int?, mark: String) -> Bool {
        guard let column else { return false }
        let (isEmpty, isMarked) = table.read(row, column) { ($0.isEmpty, $0.elementsEqual(mark.utf8)) }
        if isEmpty { return false }
        if isMarked { return true }
        problems.add(
            Diagnostic(
                .error, "value_unknown", at: table.place(row: row, column: column),
                "\(table.columns[column].name) is '\(text(row, column))'; expected '\(mark)' or nothing",
                hint: "Columns may be shifted in this row."))
        return false
    }

    /// CMS's YYYYMMDD, or blank.
    mutating func date(_ row: Int, _ column: Int?) -> CalendarDate? {
        guard let column else { return nil }
        let field = table[row, column]
        if field.isEmpty { return nil }
        let date = CalendarDate(compact: field)
        if date == nil {
            problems.add(
                Diagnostic(
                    .error, "date_invalid", at: table.place(row: row, column: column),
                    "\(table.columns[column].name) is '\(Self.text(field))'; expected a day as YYYYMMDD"))
        }
        return date
    }

    func source(_ row: Int) -> Source { Source(file: file, line: Int(table.lines[row])) }

    /// A value with the zeros that its column has lost; `nil` for one that is too long or has a blank inside.
    private func padded<Meaning>(_ row: Int, _ column: Int) -> ShortText<Meaning>? {
        let width = restoredWidth[column]
        return table.read(row, column) { field in
            guard width > field.count, !field.isEmpty, field.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return ShortText(field)
            }
            return ShortText(Array(repeating: UInt8(ascii: "0"), count: width - field.count) + field)
        }
    }
}

extension ExactDecimal {
    /// Whether the value can stand in `width` characters of the TXT record: CMS's pictures leave MP four digits and a
    /// point.
    fileprivate func fits(_ width: Int) -> Bool {
        guard width > 0 else { return true }
        var digits = 1
        var bound: Int64 = 10
        for _ in 0..<Self.places { bound *= 10 }
        while units >= bound {
            digits += 1
            bound *= 10
        }
        // A share's zero before the point is left out (.10).
        return digits + 1 + Self.places <= width || (digits == 1 && Self.places + 1 <= width && units < bound / 10)
    }
}
