/// A table as CMS wrote it: rows of byte strings under our field names, before anything is read into them.
public struct RawTable: Sendable {
    public var table: SourceTable
    public let form: SourceForm
    /// The file, or `archive.zip/MEMBER`, for messages and provenance.
    public let file: String
    public let columns: [FieldLayout]
    /// The title line, where the form has one.
    public let title: String?
    /// CMS's posting date (the RELEASED line of PPRRVU).
    public let released: CalendarDate?
    /// Decimals that the header carries, by field name: ANES's national conversion factors.
    public let headerFactors: [String: String]
    /// Footnotes and titles that stand around the rows, with their lines.
    public let notes: [(line: Int, text: String)]

    /// Labels of columns that the layout does not know and the table may have all the same.
    public var unread: [String] = []

    /// The quarter for which the file says that it holds: ASP's files.
    public var quarter: DrugQuarter?

    public let fields: RawFields
    /// The line that each row begins on.
    public let lines: [UInt32]

    public init(
        table: SourceTable, form: SourceForm, file: String, columns: [FieldLayout], title: String?,
        released: CalendarDate?, headerFactors: [String: String] = [:],
        notes: [(line: Int, text: String)], fields: RawFields, lines: [UInt32]
    ) {
        self.table = table
        self.form = form
        self.file = file
        self.columns = columns
        self.title = title
        self.released = released
        self.headerFactors = headerFactors
        self.notes = notes
        self.fields = fields
        self.lines = lines
    }

    public var rowCount: Int { lines.count }

    /// The same table without its rows, for what is still asked of it once they are read.
    public var header: RawTable {
        RawTable(
            table: table, form: form, file: file, columns: columns, title: title, released: released,
            headerFactors: headerFactors, notes: [], fields: RawFields(of: [], columns: 0), lines: [])
    }

    /// The index of the column named `name`, `nil` when this file does not have it.
    public func column(_ name: String) -> Int? { columns.firstIndex { $0.name == name } }

    /// A field's bytes, without blanks at either end.
    @inlinable
    public subscript(row: Int, column: Int) -> ArraySlice<UInt8> {
        fields.bytes[fields[row, column]]
    }

    /// What `body` makes of a field's bytes, read where they lie: a slice of the array would be counted as another
    /// owner of it, a million times.
    @inlinable
    public func read<Result>(
        _ row: Int, _ column: Int, _ body: (Slice<UnsafeBufferPointer<UInt8>>) -> Result
    ) -> Result {
        let range = fields[row, column]
        return fields.bytes.withUnsafeBufferPointer { body($0[range]) }
    }

    /// Where a field stands: the line, and the field number (CSV) or byte position (TXT).
    public func place(row: Int, column: Int?) -> Place {
        let position = column.map { form == .txt ? columns[$0].position?.lowerBound ?? 1 : $0 + 1 }
        return Place(file, line: Int(lines[row]), column: position)
    }
}

/// Rows of fields in one buffer. Most fields lie where the file has them; what had to be written otherwise lies behind
/// the file's bytes.
public struct RawFields: Sendable {
    public private(set) var bytes: [UInt8]
    @usableFromInline var starts: [UInt32] = []
    @usableFromInline var ends: [UInt32] = []
    /// The fields of each row.
    @usableFromInline var rows: [Range<UInt32>] = []
    /// How far behind the first field of a row that of each column stands.
    @usableFromInline let offsets: [Int]

    /// No rows yet, of a file with these bytes.
    public init(of bytes: [UInt8], columns: Int) {
        self.bytes = bytes
        offsets = Array(0..<columns)
    }

    /// No rows yet, of a file whose fields are known.
    /// - Parameter offsets: how far behind the first field of a row that of each column stands.
    public init(of bytes: [UInt8], starts: [UInt32], ends: [UInt32], offsets: [Int]) {
        self.bytes = bytes
        self.starts = starts
        self.ends = ends
        self.offsets = offsets
    }

    /// Makes room for the fields of so many rows.
    public mutating func reserve(rows count: Int) {
        starts.reserveCapacity(count * offsets.count)
        ends.reserveCapacity(count * offsets.count)
        rows.reserveCapacity(count)
    }

    /// Where in ``bytes`` a row's field of a column lies; no bytes where the row ends before it.
    @inlinable
    @inline(__always)
    public subscript(row: Int, column: Int) -> Range<Int> {
        let fields = rows[row]
        let field = Int(fields.lowerBound) + offsets[column]
        return field < Int(fields.upperBound) ? self[field: field] : 0..<0
    }

    /// Where in ``bytes`` a field lies.
    @inlinable
    public subscript(field field: Int) -> Range<Int> {
        get { Int(starts[field])..<Int(ends[field]) }
        set {
            starts[field] = UInt32(truncatingIfNeeded: newValue.lowerBound)
            ends[field] = UInt32(truncatingIfNeeded: newValue.upperBound)
        }
    }

    /// How many fields there are.
    public var count: Int { ends.count }

    /// Makes a row of fields that are there.
    public mutating func addRow(_ fields: Range<Int>) {
        rows.append(UInt32(truncatingIfNeeded: fields.lowerBound)..<UInt32(truncatingIfNeeded: fields.upperBound))
    }

    /// Adds a field that the bytes hold already.
    @inlinable
    public mutating func add(_ range: Range<Int>) {
        starts.append(UInt32(truncatingIfNeeded: range.lowerBound))
        ends.append(UInt32(truncatingIfNeeded: range.upperBound))
    }

    /// Adds the field that `write` puts behind the bytes.
    public mutating func add(_ write: (inout [UInt8]) -> Void) { add(written(write)) }

    /// Puts a field where `write` writes it, behind the bytes.
    public mutating func move(_ field: Int, _ write: (inout [UInt8]) -> Void) { self[field: field] = written(write) }

    private mutating func written(_ write: (inout [UInt8]) -> Void) -> Range<Int> {
        let start = bytes.count
        write(&bytes)
        return start..<bytes.count
    }
}

/// One file or archive member that a run was given, and what it was used for.
public struct Input: Sendable, Hashable {
    public enum Role: String, Sendable {
        /// The archive that members came from.
        case archive
        /// The table's values come from here.
        case primary
        /// Read as well, and equal in every field.
        case witness
        /// An editors' file.
        case overlay
        /// CMS's published amounts, which the dataset was checked against.
        case paymentFile = "payment_file"
        /// A HCPCS correction file: its lines changed the primary one.
        case correction
        case ignored
    }

    /// The file's name, or `archive.zip/MEMBER`. Never a path of the machine.
    public let path: String
    public let bytes: Int
    /// Lower-case hex. Empty for ignored archive members, which are not unpacked.
    public let sha256: String
    public var role: Role
    public var table: SourceTable?
    public var form: SourceForm?
    public var rows: Int?
    /// Why it was ignored, or a remark on how it was used.
    public var remark: String?

    public init(
        path: String, bytes: Int, sha256: String, role: Role, table: SourceTable? = nil,
        form: SourceForm? = nil, rows: Int? = nil, remark: String? = nil
    ) {
        self.path = path
        self.bytes = bytes
        self.sha256 = sha256
        self.role = role
        self.table = table
        self.form = form
        self.rows = rows
        self.remark = remark
    }
}

/// Where a row came from.
public struct Source: Hashable, Sendable {
    private let sharedFile: SharedText
    public let line: Int

    public init(file: SharedText, line: Int) {
        sharedFile = file
        self.line = line
    }

    public init(file: String, line: Int) { self.init(file: SharedText(file), line: line) }

    /// Its name, or `archive.zip/MEMBER`.
    public var file: String { sharedFile.text }

    /// The row, for messages.
    public var place: Place { Place(file, line: line) }
}
