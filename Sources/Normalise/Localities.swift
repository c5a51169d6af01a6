import Model
import Schemas

/// A row of GPCI, ANES or LOCCO: some columns of a locality under its key.
struct LocalityRow {
    let key: LocalityKey
    let source: Source
    /// In the order of the layout, by our names.
    let cells: [(field: String, cell: Cell)]

    func decimal<Value: ExactDecimal>(_ field: String) -> Value? {
        guard case .decimal(let units, _) = cells.first(where: { $0.field == field })?.cell else { return nil }
        return Value(units: units)
    }

    func text(_ field: String) -> String? {
        guard case .text(let text) = cells.first(where: { $0.field == field })?.cell else { return nil }
        return text
    }
}

/// GPCI, ANES or LOCCO, sorted by locality.
struct LocalityFile: FileOfValues {
    let raw: RawTable
    let rows: [LocalityRow]
    var notes: Diagnostics

    /// - Throws: bad data for values that cannot be read, a failed gate for a key that repeats with other
    ///   values. LOCCO lists a locality served by two contractors twice; equal rows are one.
    init(_ raw: RawTable, schemas: Schemas) throws(IngestError) {
        self.raw = raw.header
        var reader = RowReader(raw, schemas: schemas)
        let contractor = raw.column("mac")
        let locality = raw.column("locality")
        var rows: [LocalityRow] = []
        for row in 0..<raw.rowCount {
            let key = LocalityKey(
                contractor: reader.key(row, contractor, width: 5), number: reader.key(row, locality, width: 2))
            var cells: [(field: String, cell: Cell)] = []
            for (index, field) in raw.columns.enumerated() where index != contractor && index != locality {
                switch field.kind {
                case .gpci: cells.append((field.name, .decimal(reader.decimal(row, index) as GPCI)))
                case .money: cells.append((field.name, .decimal(reader.decimal(row, index) as Money)))
                default:
                    let text = reader.text(row, index)
                    cells.append((field.name, text.isEmpty ? .null : .text(text)))
                }
            }
            rows.append(LocalityRow(key: key, source: reader.source(row), cells: cells))
        }
        try reader.problems.stopOnErrors()
        notes = reader.problems

        rows.sort { ($0.key, $0.source.line) < ($1.key, $1.source.line) }
        var gates = Diagnostics()
        for (left, right) in zip(rows, rows.dropFirst())
        where left.key == right.key
            && !(raw.table == .locco && left.text("counties") == right.text("counties"))
        {
            gates.add(
                Diagnostic(
                    .error, "key_repeats", at: Place(raw.file, line: right.source.line),
                    "the locality \(right.key) stands on line \(left.source.line) already"
                        + (raw.table == .locco ? ", with other counties" : "")))
        }
        try gates.stopOnErrors(.gateFailed)
        self.rows = rows
    }

    /// Compares with another form of the same table. Explained are listed differences and text that the TXT
    /// cuts at its field's width.
    func compare(with witness: LocalityFile, release: Release, schemas: Schemas) -> (Check, Diagnostics) {
        let known = schemas.knownDifferences(of: raw.table, year: release.year)
        let widths = Dictionary(
            witness.raw.columns.map { ($0.name, $0.position?.count ?? 0) }, uniquingKeysWith: { first, _ in first })
        var pairs = Witness.Pairs(primary: raw, witness: witness.raw)
        pairs.explanation = { key, difference in
            if let listed = known.first(where: { $0.explains(key, difference) }) {
                return (listed.defect, listed.meaning)
            }
            let csv = difference.primary.withoutQuotes
            let cut = csv.prefix(widths[difference.field] ?? 0)
            if csv.count > cut.count, cut.trimmingSuffix(" ") == difference.witness.withoutQuotes {
                return ("locco_text_cut", "the TXT is cut at \(cut.count) characters")
            }
            return nil
        }
        // LOCCO's twin rows pair in the order of their lines.
        Witness.merge(rows.numbered, witness.rows.numbered, key: \.key) { left, right in
            pairs.pair(left?.row.source, right?.row.source, key: left?.row.key ?? right?.row.key) {
                guard let left = left?.row, let right = right?.row else { return [] }
                return left.cells.compactMap { field, cell in
                    guard let other = right.cells.first(where: { $0.field == field })?.cell, other != cell,
                        !isShortenedName(cell, other, width: widths[field] ?? 0)
                    else { return nil }
                    return Witness.Difference(field, cell.shown, other.shown)
                }
            }
        }
        return (pairs.check, pairs.notes)
    }
}

extension LocalityFile {
    /// ANES repeats GPCI's locality names, in the TXT cut and without footnote marks. They are not published.
    private func isShortenedName(_ csv: Cell, _ text: Cell, width: Int) -> Bool {
        guard raw.table == .anes, case .text(let csv) = csv, case .text(let text) = text else { return false }
        return csv.trimmingSuffix("*").prefix(width).trimmingSuffix(" ") == text
    }
}

extension [LocalityRow] {
    fileprivate struct Numbered {
        struct Key: Comparable {
            let key: LocalityKey
            let occurrence: Int
            static func < (left: Key, right: Key) -> Bool {
                (left.key, left.occurrence) < (right.key, right.occurrence)
            }
        }
        let key: Key
        let row: LocalityRow
    }

    fileprivate var numbered: [Numbered] {
        var occurrence = 0
        return indices.map { index in
            occurrence = index > 0 && self[index - 1].key == self[index].key ? occurrence + 1 : 0
            return Numbered(key: .init(key: self[index].key, occurrence: occurrence), row: self[index])
        }
    }
}

extension StringProtocol {
    /// The text without `mark` at its end, however often it stands there.
    func trimmingSuffix(_ mark: Character) -> String {
        var text = String(self)
        while text.last == mark { text.removeLast() }
        return text
    }
}

/// Joins the three locality tables.
struct Localities {
    var localities: [Locality] = []
    /// `nil` when there is nothing to compare.
    var check: Check?

    init(gpci: LocalityFile?, anes: LocalityFile?, locco: LocalityFile?, expectedCount: Int?) {
        let files = [gpci, anes, locco].compactMap(\.self)
        guard !files.isEmpty else { return }
        var check = Check(
            id: "locality_keys", detail: "the same localities in \(files.map(\.raw.table.name).joined(separator: ", "))"
        )
        let keys = files.map { Set($0.rows.map(\.key)) }
        let all = keys.reduce(into: Set<LocalityKey>()) { $0.formUnion($1) }
        for key in all.sorted() {
            let having = zip(files, keys).filter { $0.1.contains(key) }.map(\.0)
            if having.count == files.count {
                check.match()
                continue
            }
            let lacking = zip(files, keys).filter { !$0.1.contains(key) }.map(\.0)
            check.fail(
                Place(having[0].raw.file, line: having[0].rows.first { $0.key == key }?.source.line),
                "the locality \(key) is in \(having.map(\.raw.table.name).joined(separator: " and ")) and not in "
                    + lacking.map { "\($0.raw.table.name) (\($0.raw.file))" }.joined(separator: " and "),
                hint: "One of the files is cut or of another year.")
        }
        if let expectedCount {
            for (file, own) in zip(files, keys) where own.count != expectedCount {
                check.fail(
                    Place(file.raw.file),
                    "it lists \(own.count) localities where this release has \(expectedCount)",
                    hint: "The file is cut, made up, or of another year.")
            }
        }
        if files.count > 1 || check.failed > 0 { self.check = check }

        var byKey: [LocalityKey: Locality] = [:]
        for file in files {
            for row in file.rows {
                var locality = byKey[row.key] ?? Locality(key: row.key)
                locality.sources.append(row.source)
                switch file.raw.table {
                case .gpci:
                    let name = row.text("name") ?? ""
                    locality.name = name.trimmingSuffix("*").trimmingSuffix(" ")
                    locality.hasAlaskaWorkFloor = name.hasSuffix("*") && !name.hasSuffix("**")
                    locality.hasFrontierPEFloor = name.hasSuffix("**") && !name.hasSuffix("***")
                    locality.state = row.text("state")
                    locality.gpciWork = row.decimal("gpci_work")
                    locality.gpciWorkUnfloored = row.decimal("gpci_work_unfloored")
                    locality.gpciPE = row.decimal("gpci_pe")
                    locality.gpciMP = row.decimal("gpci_mp")
                case .anes:
                    locality.name = locality.name ?? row.text("name").map { $0.trimmingSuffix("*").trimmingSuffix(" ") }
                    locality.anesthesiaCF = row.decimal("anesthesia_cf")
                    locality.anesthesiaCFQP = row.decimal("anesthesia_cf_qp")
                default:
                    locality.feeScheduleArea = row.text("area")
                    locality.counties = row.text("counties")
                }
                byKey[row.key] = locality
            }
        }
        localities = byKey.values.sorted { $0.key < $1.key }
    }
}
