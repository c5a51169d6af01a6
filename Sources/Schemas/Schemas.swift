private import CSV
private import CSchemas
public import Model

/// The tables of the top-level folder `Schemas/`: what changes from release to release is data, not code.
/// They are embedded in the binary and read once at the start.
public struct Schemas: Sendable {
    public let catalogue: ReleaseCatalogue
    public let sources: SourceCatalogue
    public let statuses: StatusTable
    public let indicators: IndicatorValues
    public let hcpcsValues: IndicatorValues
    private let sentences: [Sentence]
    /// What the values of columns mean that are names of ours and need no sentence in the dataset.
    let names: [ValueMeaning]
    public let classification: Classification
    public let tables: [TableSchema]
    private let knownDifferences: [KnownDifference]
    public let localityCorrections: [LocalityCorrection]
    public let checks: [CheckPolicy]
    public let knownDefects: [KnownDefect]
    public let payment: PaymentRules
    public let changeCategories: [ChangeCategory]
    public let systemicRules: [SystemicRuleDefinition]
    /// What the abbreviations of CMS's short descriptors stand for, by guard.
    public let abbreviations: [Abbreviation]
    /// Words with capitals that CMS's texts have in small letters.
    public let writtenWords: [WrittenWord]
    /// States by two-letter code, as GPCI has them, with their names.
    public let states: [(code: String, name: String)]
    /// The record of CMS's payment files.
    public let paymentLayout: Layout
    /// What else lies in CMS's archives.
    public let otherDocuments: [OtherDocument]
    /// What the rules for overlays measure by.
    public let lint: LintTables
    private let correctionActions: [CorrectionAction]
    let members: [MemberDefinition]
    let layouts: [String: [FieldLayout]]

    /// Reads every table.
    /// - Throws: when a table breaks its own rules; the message names the file and line under `Schemas/`.
    public init() throws(IngestError) {
        catalogue = try ReleaseCatalogue(EmbeddedTable("values/releases.csv"))
        sources = try SourceCatalogue(
            sources: EmbeddedTable("values/sources.csv"), rules: EmbeddedTable("values/source-rules.csv"),
            kinds: EmbeddedTable("values/source-kinds.csv"), licenses: EmbeddedTable("values/licenses.csv"))
        statuses = try StatusTable(EmbeddedTable("values/status.csv"))
        indicators = try IndicatorValues(EmbeddedTable("values/indicators.csv"))
        hcpcsValues = try IndicatorValues(EmbeddedTable("values/hcpcs-values.csv"))
        sentences = try Sentence.read(EmbeddedTable("values/sentences.csv"))
        names = try ValueMeaning.read(EmbeddedTable("values/names.csv"))
        classification = try Classification(
            ranges: EmbeddedTable("values/code-ranges.csv"),
            sections: EmbeddedTable("values/hcpcs-sections.csv"),
            routes: EmbeddedTable("values/routes.csv"), betos: hcpcsValues)
        lint = try LintTables(
            limits: EmbeddedTable("values/lint-limits.csv"), words: EmbeddedTable("values/lint-words.csv"),
            routeWords: EmbeddedTable("values/route-words.csv"),
            productNames: EmbeddedTable("values/product-names.csv"), routes: classification.routeNames)
        tables = try TableSchema.read(
            EmbeddedTable("dataset/tables.csv"), descriptions: EmbeddedTable("dataset/descriptions.csv"))
        knownDifferences = try KnownDifference.read(EmbeddedTable("values/known-differences.csv"))
        localityCorrections = try LocalityCorrection.read(EmbeddedTable("values/locality-corrections.csv"))
        checks = try CheckPolicy.read(EmbeddedTable("values/checks.csv"))
        knownDefects = try KnownDefect.read(EmbeddedTable("values/known-defects.csv"))
        changeCategories = try ChangeCategory.read(EmbeddedTable("values/change-categories.csv"))
        systemicRules = try SystemicRuleDefinition.read(EmbeddedTable("values/systemic-rules.csv"))
        payment = try PaymentRules(
            shares: EmbeddedTable("values/anesthesia-shares.csv"), floors: EmbeddedTable("values/work-floor.csv"))
        abbreviations = try Abbreviation.read(EmbeddedTable("values/abbreviations.csv"))
        writtenWords = try WrittenWord.read(EmbeddedTable("values/letter-case.csv"))
        var states: [(code: String, name: String)] = []
        for row in try EmbeddedTable("values/states.csv").rows { states.append((try row("state"), try row("name"))) }
        self.states = states
        otherDocuments = try OtherDocument.read(EmbeddedTable("layouts/documents.csv"))
        correctionActions = try CorrectionAction.read(EmbeddedTable("values/correction-actions.csv"))
        members = try MemberDefinition.read(EmbeddedTable("layouts/members.csv"))
        var layouts: [String: [FieldLayout]] = [:]
        for member in members {
            layouts[member.table] = try FieldLayout.read(EmbeddedTable("layouts/\(member.table).csv"))
        }
        self.layouts = layouts
        paymentLayout = Layout(
            name: "payment file", year: 0, fields: try FieldLayout.read(EmbeddedTable("layouts/payment.csv")),
            hasNotes: false, preamble: "")
    }

    /// The columns that `table` has in `year`.
    public func layout(_ table: SourceTable, year: Int) -> Layout {
        let member = member(table)
        return Layout(
            name: table.name, year: year,
            fields: (layouts[table.layout] ?? []).filter { $0.years.contains(year) },
            hasNotes: member?.hasNotes ?? false, preamble: member?.preamble ?? "")
    }

    /// Where the forms of `table` are known to disagree in files of `year`; `nil` for a file that tells no year.
    public func knownDifferences(of table: SourceTable, year: Int?) -> [KnownDifference] {
        knownDifferences.filter { row in row.table == table.rawValue && (year.map(row.years.contains) ?? false) }
    }

    /// What each value of each column means, under the names that the dataset's columns and documents have.
    public func meanings(_ tier: Tier) -> [ValueMeaning] {
        var meanings = statuses.all.compactMap { status in
            statuses[status].map { ValueMeaning("status", status.description, $0.meaning) }
        }
        for (field, values) in indicators.fields + hcpcsValues.fields {
            guard let column = Sentence.columns[field] ?? field else { continue }
            meanings += values.map { ValueMeaning(column, $0.value.description, $0.meaning) }
        }
        meanings += sentences.filter { $0.tier == nil || $0.tier == tier }.map(\.meaning)
        return meanings.sorted { ($0.indicator, $0.value) < ($1.indicator, $1.value) }
    }

    /// What a correction file's `action` asks for; `nil` when no table of ours knows it.
    public func correctionEffect(_ action: String) -> CorrectionAction.Effect? {
        let upper = action.uppercased()
        return correctionActions.first { $0.fits(upper) }?.effect
    }

    /// How members of `table` are told; `nil` for a table without a row in `layouts/members.csv`.
    public func member(_ table: SourceTable) -> MemberDefinition? {
        members.first { $0.table == table.layout }
    }

    /// Whether the fixed-width layout of `table` is known for `year`.
    public func knowsText(_ table: SourceTable, year: Int) -> Bool {
        member(table)?.textYears.contains(year) ?? false
    }

    /// The bytes of an embedded file, such as `manifest.schema.json`; `nil` when there is none.
    public static func file(_ path: String) -> [UInt8]? {
        var index = 0
        while true {
            let file = schema_file(index)
            guard let name = file.path, let bytes = file.bytes else { return nil }
            if String(cString: name) == path {
                return Array(UnsafeBufferPointer(start: bytes, count: file.count))
            }
            index += 1
        }
    }

    /// The paths of all embedded files below `Schemas/`.
    public static var files: [String] {
        var paths: [String] = []
        while let path = schema_file(paths.count).path { paths.append(String(cString: path)) }
        return paths
    }
}

/// A CSV file of `Schemas/` with its columns by name.
struct EmbeddedTable {
    struct Row {
        let place: Place
        fileprivate let header: [String]
        fileprivate let cells: [String]

        /// The value of a column that the file must have.
        func callAsFunction(_ column: String) throws(IngestError) -> String {
            guard let index = header.firstIndex(of: column) else { throw invalid("it has no column \(column)") }
            return cells[index]
        }

        func integer(_ column: String) throws(IngestError) -> Int? {
            let text = try self(column)
            if text.isEmpty { return nil }
            guard let number = Int(text) else { throw invalid("\(column) is '\(text)', not a number") }
            return number
        }

        /// `2015-2025`, `2026-`; a missing end is open.
        func years(_ column: String) throws(IngestError) -> ClosedRange<Int> {
            let parts = try self(column).split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let first = Int(parts[0]) else {
                throw invalid("\(column) is not a range of years such as 2015-2025 or 2026-")
            }
            let last = parts[1].isEmpty ? 9999 : Int(parts[1])
            guard let last, first <= last else { throw invalid("\(column) ends before it begins") }
            return first...last
        }

        func invalid(_ what: String) -> IngestError {
            IngestError(.badData, "schema_table", at: place, what)
        }
    }

    let rows: [Row]

    init(_ path: String) throws(IngestError) {
        let file = "Schemas/\(path)"
        guard let bytes = Schemas.file(path) else {
            throw IngestError(.badData, "schema_table", at: Place(file), "it is not embedded in this binary")
        }
        let csv: CanonicalCSV
        do { csv = try CanonicalCSV(MappedFile(bytes)) } catch {
            throw IngestError(.badData, "schema_table", at: Place(file, line: error.line), error.message)
        }
        let header = csv.count > 0 ? csv.strings(of: 0) : []
        // No cell has a line end in it: a row is a line.
        rows = (1..<max(csv.count, 1)).map { row in
            Row(place: Place(file, line: row + 1), header: header, cells: csv.strings(of: row))
        }
    }
}
