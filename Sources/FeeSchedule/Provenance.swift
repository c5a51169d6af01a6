import GRDB
public import Model

/// A line of a source file that a row of the dataset came from.
public struct SourceLine: Hashable, Sendable {
    /// The table whose row it is: `relative_values`, `codes`, `localities`, `opps_caps`, …
    public let table: String
    /// The row's modifier; blank where it has none.
    public let modifier: Modifier
    /// The row's locality as the file prints it; `nil` for rows that have none.
    public let locality: LocalityKey?
    /// The row's National Drug Code; `nil` for rows that have none.
    public let ndc: String?
    /// File and line.
    public let source: Source
}

extension Dataset {
    /// Under which terms the dataset stands, as a sentence to show beside what is shown of it.
    public var license: String { manifest.license }

    /// The lines of CMS's and the editors' files that everything said of a code came from, table by table.
    /// - Throws: when the database cannot be read.
    public func sources(of code: String) throws(IngestError) -> [SourceLine] {
        try sources(where: "code = ?", [code.uppercased()])
    }

    func sources(where condition: String, _ arguments: [String]) throws(IngestError) -> [SourceLine] {
        var lines: [SourceLine] = []
        for row in try rows("provenance", where: condition, arguments) {
            let contractor: Contractor = try row.short("mac")
            lines.append(
                SourceLine(
                    table: row.text("table") ?? "", modifier: try row.short("modifier"),
                    locality: contractor.isBlank
                        ? nil : LocalityKey(contractor: contractor, number: try row.short("locality")),
                    ndc: row.text("ndc"),
                    source: try Source(row)))
        }
        return lines
    }

    /// Whether the database has a table: older shapes have fewer.
    func has(_ table: String) throws(IngestError) -> Bool {
        do { return try database.read { try $0.tableExists(table) } } catch { throw databaseUnreadable(error) }
    }
}

extension Source {
    /// A row of `provenance`.
    init(_ row: TextRow) throws(IngestError) {
        self.init(file: row.text("file") ?? "", line: try row.integer("line") ?? 0)
    }
}
