public import Model

/// A row of `values/known-differences.csv`: a place where CMS's two forms of a table disagree.
public struct KnownDifference: Sendable {
    /// The years of the release, of HCPCS those of the file.
    public let years: ClosedRange<Int>
    public let table: String
    /// The row's key as text, `01182-18`, or `*` for any row.
    public let key: String
    public let field: String
    /// What the form has whose values are published, and what the other has; `*` for anything.
    public let published: String
    public let witness: String
    public let meaning: String
    /// The defect of `values/known-defects.csv` that it belongs to.
    public let defect: String

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [KnownDifference] {
        var rows: [KnownDifference] = []
        for row in table.rows {
            rows.append(
                KnownDifference(
                    years: try row.years("years"), table: try row("table"), key: try row("key"),
                    field: try row("field"), published: try row("published"), witness: try row("witness"),
                    meaning: try row("meaning"), defect: try row("defect")))
        }
        return rows
    }
}

/// A row of `values/locality-corrections.csv`: a locality that CMS lists under a contractor that does not
/// serve it.
public struct LocalityCorrection: Sendable {
    public let years: ClosedRange<Int>
    public let table: String
    public let published: LocalityKey
    /// The contractor under which GPCI lists the locality.
    public let gpciContractor: Contractor
    public let meaning: String

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [LocalityCorrection] {
        var rows: [LocalityCorrection] = []
        for row in table.rows {
            guard let contractor = Contractor(try row("mac")), let number = LocalityNumber(try row("locality")),
                let gpciContractor = Contractor(try row("gpci_mac"))
            else { throw row.invalid("the locality cannot be read") }
            rows.append(
                LocalityCorrection(
                    years: try row.years("years"), table: try row("table"),
                    published: LocalityKey(contractor: contractor, number: number),
                    gpciContractor: gpciContractor, meaning: try row("meaning")))
        }
        return rows
    }
}
