public import Model
import Parallel
public import Schemas

/// Turns the tables of a release, in whatever forms they came, into one set of canonical values.
///
/// Where a table came in both forms the CSV's values are taken and the TXT is scored against them.
/// - Parameter tables: emptied on the way, so that a table's bytes go when its values are read.
/// - Throws: bad data, or a failed gate for keys that repeat and references that lead nowhere.
public func normalise(
    _ tables: inout [RawTable], entry: ReleaseCatalogue.Entry, schemas: Schemas
) throws(IngestError) -> Canonical {
    let given = Set(tables.map(\.table))
    let released = tables.lazy.filter { $0.table == .pprrvu }.compactMap(\.released).first
    // HCPCS's records are read on one core, rows of other tables on all.
    let files = inParallel(tables, largestFirst: { $0.table == .hcpcs ? .max : $0.fields.bytes.count }) {
        SourceFile($0, schemas: schemas)
    }
    tables = []
    var normaliser = Normaliser(files: files, entry: entry, schemas: schemas)
    var pprrvu = try normaliser.pprrvu()
    let localities = try normaliser.localities()
    let caps = try normaliser.oppsCaps(rows: pprrvu.rows, localities: localities.joined)
    let hcpcs = try normaliser.hcpcs(rows: pprrvu.rows)
    var codes = joinCodes(
        rows: pprrvu.rows, hcpcs: hcpcs?.codes, schemas: schemas, diagnostics: &normaliser.diagnostics)
    pprrvu.rows = []
    let drugs = try normaliser.drugs()
    normaliser.diagnostics.add(joinDrugs(&codes, limits: drugs.limits, products: drugs.products))

    var missing = [SourceTable.gpci, .anes, .locco, .oppscap, .hcpcs, .aspPaymentLimits, .aspCrosswalk].filter {
        !given.contains($0)
    }
    if entry.release.year >= 2026, !given.contains(.pprrvuQPP) { missing.insert(.pprrvuQPP, at: 0) }
    var canonical = Canonical(
        release: entry.release, released: released, conversionFactors: pprrvu.conversionFactors,
        anesthesiaConversionFactors: localities.anesthesia, codes: codes, modifiers: hcpcs?.modifiers ?? [],
        // Without GPCI, ANES and LOCCO the prices are all that names the localities.
        localities: localities.joined.isEmpty
            ? Set(caps.map(\.locality)).sorted().map(Locality.init) : localities.joined, oppsCaps: caps,
        checks: normaliser.checks, diagnostics: normaliser.diagnostics, missing: missing)
    canonical.corrections = normaliser.corrections
    canonical.drugPaymentLimits = drugs.limits
    canonical.drugProducts = drugs.products
    return canonical
}

/// The values of one file, or why they cannot be read.
private struct SourceFile: Sendable {
    enum Values: Sendable {
        case pprrvu(Result<PPRRVUFile, IngestError>)
        case localities(Result<LocalityFile, IngestError>)
        case oppsCaps(Result<OPPSCapFile, IngestError>)
        case hcpcs(Result<HCPCSFile, IngestError>)
        case paymentLimits(Result<DrugPaymentLimitFile, IngestError>)
        case products(Result<DrugProductFile, IngestError>)
        /// Read when the HCPCS file is there that they correct.
        case corrections(RawTable)
    }

    let table: SourceTable
    let form: SourceForm
    let values: Values

    init(_ raw: RawTable, schemas: Schemas) {
        table = raw.table
        form = raw.form
        switch raw.table {
        case .pprrvu, .pprrvuQPP: values = .pprrvu(PPRRVUFile.read(raw, schemas))
        case .gpci, .anes, .locco: values = .localities(LocalityFile.read(raw, schemas))
        case .oppscap: values = .oppsCaps(OPPSCapFile.read(raw, schemas))
        case .hcpcs: values = .hcpcs(HCPCSFile.read(raw, schemas))
        case .aspPaymentLimits: values = .paymentLimits(DrugPaymentLimitFile.read(raw, schemas))
        case .aspCrosswalk: values = .products(DrugProductFile.read(raw, schemas))
        case .hcpcsCorrections: values = .corrections(raw)
        }
    }
}

/// The values of a file of one table.
protocol FileOfValues: Sendable {
    init(_ raw: RawTable, schemas: Schemas) throws(IngestError)
}

extension FileOfValues {
    fileprivate static func read(_ raw: RawTable, _ schemas: Schemas) -> Result<Self, IngestError> {
        do throws(IngestError) { return .success(try Self(raw, schemas: schemas)) } catch { return .failure(error) }
    }
}

/// Joins the files one after the other and keeps what was checked and found.
private struct Normaliser {
    var files: [SourceFile]
    let entry: ReleaseCatalogue.Entry
    let schemas: Schemas
    var checks: [Check] = []
    var diagnostics = Diagnostics()
    var corrections: [Correction] = []

    init(files: [SourceFile], entry: ReleaseCatalogue.Entry, schemas: Schemas) {
        self.files = files
        self.entry = entry
        self.schemas = schemas
    }

    /// Takes the forms of a table, the CSV first.
    private mutating func take(_ table: SourceTable) -> [SourceFile.Values] {
        defer { files.removeAll { $0.table == table } }
        return files.filter { $0.table == table }.sorted { $0.form < $1.form }.map(\.values)
    }

    /// Keeps what reading a file found, and scores zeros that had to be restored.
    private mutating func keep(_ notes: Diagnostics, of raw: RawTable) {
        diagnostics.add(notes)
        guard let restored = notes.kinds.first(where: { $0.id == RowReader.zerosRestored }) else { return }
        let defect = schemas.knownDefects.first {
            $0.check == "leading_zeros" && $0.occurs(in: entry.release)
                && ($0.explains(raw.table.rawValue) || $0.explains(raw.form.rawValue))
        }
        var check = Check(
            id: "leading_zeros", detail: "columns of \(raw.table.name) \(raw.form.rawValue) with their zeros")
        for note in restored.first {
            if let defect { check.explain(defect.id) } else { check.fail(note.place, note.message) }
        }
        checks.append(check)
    }

    // MARK: PPRRVU

    /// The rows of PPRRVU with both conversion factors. The nonQPP file is the universe.
    mutating func pprrvu() throws(IngestError) -> (
        rows: [PPRRVURow], conversionFactors: ConversionFactors<ConversionFactor>
    ) {
        guard var file = try pprrvuFile(.pprrvu) else {
            throw IngestError(
                .badData, "pprrvu_missing", "no input holds PPRRVU, without which there is no release",
                hint: "Name CMS's archive or the PPRRVU CSV or TXT file with --input"
                    + (entry.release.year >= 2026 ? "; from 2026 on the nonQPP file." : "."))
        }
        var rows = file.rows
        file.rows = []
        let qpp = try pprrvuFile(.pprrvuQPP)
        if let qpp { checks.append(markQPPRows(&rows, qpp: qpp)) }
        let factors = ConversionFactors(nonQP: file.conversionFactor, qp: qpp?.conversionFactor)
        try checkConversionFactors(factors, pprrvu: file.firstFactor, qpp: qpp?.firstFactor, entry: entry)
        diagnostics.add(rowCountDiagnostics(rows.count, raw: file.raw, entry: entry, schemas: schemas))
        try diagnostics.stopOnErrors(.gateFailed)
        return (rows, factors)
    }

    private mutating func pprrvuFile(_ table: SourceTable) throws(IngestError) -> PPRRVUFile? {
        var files: [PPRRVUFile] = []
        for case .pprrvu(let form) in take(table) { files.append(try form.get()) }
        guard let primary = files.first else { return nil }
        let comparisons = inParallel(Array(files.dropFirst())) { Witness.compare(primary, with: $0) }
        for (index, file) in files.enumerated() {
            keep(file.notes, of: file.raw)
            checks.append(file.totals)
            if index > 0 { checks.append(comparisons[index - 1]) }
        }
        // The codes of the QPP file are proven by the nonQPP file.
        if files.count == 1, table == .pprrvu, let order = primary.codeOrder() { checks.append(order) }
        return primary
    }

    // MARK: Localities

    /// GPCI, ANES and LOCCO under one key, and ANES's national factors.
    mutating func localities() throws(IngestError) -> (
        joined: [Locality], anesthesia: ConversionFactors<AnesthesiaConversionFactor>?
    ) {
        let gpci = try localityFile(.gpci)
        let anes = try localityFile(.anes)
        let joined = Localities(
            gpci: gpci, anes: anes, locco: try localityFile(.locco), expectedCount: entry.localities)
        if let check = joined.check { checks.append(check) }
        if let gpci { diagnostics.add(gpciDiagnostics(gpci)) }
        return (joined.localities, try anesthesiaFactors(anes?.raw, entry: entry))
    }

    private mutating func localityFile(_ table: SourceTable) throws(IngestError) -> LocalityFile? {
        var primary: LocalityFile?
        for case .localities(let form) in take(table) {
            let file = try form.get()
            keep(file.notes, of: file.raw)
            guard let primary else {
                primary = file
                continue
            }
            let (check, notes) = primary.compare(with: file, release: entry.release, schemas: schemas)
            checks.append(check)
            diagnostics.add(notes)
        }
        return primary
    }

    // MARK: OPPS caps

    mutating func oppsCaps(rows: [PPRRVURow], localities: [Locality]) throws(IngestError) -> [OPPSCap] {
        var primary: OPPSCapFile?
        for case .oppsCaps(let form) in take(.oppscap) {
            let file = try form.get()
            guard let primary else {
                primary = file
                continue
            }
            keep(file.notes, of: file.raw)
            checks.append(primary.compare(with: file))
        }
        guard var file = primary else { return [] }
        // With two owners, the first correction would copy all rows.
        primary = nil
        var earlier = Diagnostics()
        for check in checks where check.id != "leading_zeros" { earlier.add(check.failures) }
        try file.close(
            values: rows, localities: localities, release: entry.release, schemas: schemas, earlier: earlier)
        keep(file.notes, of: file.raw)
        return file.rows
    }

    // MARK: Drugs

    /// The rows of both ASP files; none of a file that is not there.
    mutating func drugs() throws(IngestError) -> (limits: [DrugPaymentLimit], products: [DrugProduct]) {
        var limits: DrugPaymentLimitFile?
        for case .paymentLimits(let form) in take(.aspPaymentLimits) {
            let file = try form.get()
            diagnostics.add(file.notes)
            if let limits { checks.append(limits.compare(with: file)) } else { limits = file }
        }
        var products: DrugProductFile?
        for case .products(let form) in take(.aspCrosswalk) {
            let file = try form.get()
            diagnostics.add(file.notes)
            if let products { checks.append(products.compare(with: file)) } else { products = file }
        }
        return (limits?.rows ?? [], products?.rows ?? [])
    }

    // MARK: HCPCS

    mutating func hcpcs(rows: [PPRRVURow]) throws(IngestError) -> HCPCSFile? {
        var primary: HCPCSFile?
        for case .hcpcs(let form) in take(.hcpcs) {
            let file = try form.get()
            diagnostics.add(file.notes)
            guard let primary else {
                primary = file
                continue
            }
            let (check, notes) = primary.compare(with: file, schemas: schemas)
            checks.append(check)
            diagnostics.add(notes)
        }
        let given = take(.hcpcsCorrections).compactMap { values in
            if case .corrections(let raw) = values { raw } else { nil }
        }
        guard var file = primary else {
            for raw in given {
                diagnostics.add(
                    Diagnostic(
                        .warning, "corrections_without_file", at: Place(raw.file),
                        "\(raw.rowCount) corrections, and no HCPCS file to correct",
                        hint: "Name CMS's HCPCS archive too."))
            }
            return nil
        }
        let (applied, notes) = file.apply(given, schemas: schemas)
        corrections = applied
        diagnostics.add(notes)
        try checkEnd(file, rows: rows)
        return file
    }
}

/// The QPP file repeats rows of the nonQPP file under another conversion factor, and nothing else may differ.
private func markQPPRows(_ rows: inout [PPRRVURow], qpp: PPRRVUFile) -> Check {
    var check = Check(id: "qpp_subset", detail: "every row of the QPP file is in the nonQPP file with equal values")
    var marked = rows
    var position = 0
    Witness.merge(rows, qpp.rows, key: \.value.key) { whole, part in
        defer { if whole != nil { position += 1 } }
        guard let part else {
            marked[position].value.isInQPPFile = false
            return
        }
        let place = part.value.source.place
        guard let whole else {
            check.fail(
                place, "\(part.value.key) is in the QPP file and not in the nonQPP file",
                hint: "The two files are of different releases, or the nonQPP file is cut.")
            return
        }
        marked[position].value.isInQPPFile = true
        var expected = whole
        expected.value.source = part.value.source
        expected.value.pricing = part.value.pricing
        expected.value.conversionFactor = part.value.conversionFactor
        if expected == part {
            check.match()
            return
        }
        var differences = Witness.cellDifferences(expected.value, part.value)
        if expected.descriptor != part.descriptor {
            differences.append(.init("descriptor", "(text)", "(other text)"))
        }
        for (index, difference) in differences.enumerated() {
            let message =
                "\(part.value.key) \(difference.field) is \(difference.witness) here and \(difference.primary) in "
                + "the nonQPP file (line \(whole.value.source.line))"
            if index == 0 { check.fail(place, message) } else { check.note(place, message) }
        }
    }
    rows = marked
    return check
}

private func checkConversionFactors(
    _ found: ConversionFactors<ConversionFactor>, pprrvu: Place, qpp: Place?, entry: ReleaseCatalogue.Entry
) throws(IngestError) {
    guard let expected = entry.conversionFactors else { return }
    func check(_ found: ConversionFactor, _ expected: ConversionFactor, _ place: Place) throws(IngestError) {
        guard found != expected else { return }
        throw IngestError(
            .badData, "wrong_release", at: place,
            "the conversion factor is \(found), but that of \(entry.release.label) is \(expected)",
            hint: "The file belongs to another release.")
    }
    try check(found.nonQP, expected.nonQP, pprrvu)
    if let qp = found.qp, let expectedQP = expected.qp, let qpp { try check(qp, expectedQP, qpp) }
}

/// ANES's national conversion factors: from the header of its CSV or workbook, against the catalogue's, or the catalogue's
/// own for a TXT, which has no header, so that its rows are recomputed too.
private func anesthesiaFactors(
    _ anes: RawTable?, entry: ReleaseCatalogue.Entry
) throws(IngestError) -> ConversionFactors<AnesthesiaConversionFactor>? {
    guard let anes else { return nil }
    guard let text = anes.headerFactors["anesthesia_cf"], let nonQP = AnesthesiaConversionFactor(text) else {
        return entry.anesthesia
    }
    let found = ConversionFactors(
        nonQP: nonQP, qp: anes.headerFactors["anesthesia_cf_qp"].flatMap { AnesthesiaConversionFactor($0) })
    if let expected = entry.anesthesia, expected != found {
        throw IngestError(
            .badData, "wrong_release", at: Place(anes.file, line: 1),
            "the national anesthesia conversion factor is \(found.nonQP), but that of \(entry.release.label) is "
                + "\(expected.nonQP)", hint: "The file belongs to another release.")
    }
    return found
}

/// What must hold within GPCI: the floored work index is the larger, and Alaska's is at least 1.5.
private func gpciDiagnostics(_ gpci: LocalityFile) -> Diagnostics {
    var diagnostics = Diagnostics()
    for row in gpci.rows {
        guard let floored: GPCI = row.decimal("gpci_work"), let unfloored: GPCI = row.decimal("gpci_work_unfloored")
        else { continue }
        let name = row.text("name") ?? ""
        let floor = GPCI(units: name.hasSuffix("*") && !name.hasSuffix("**") ? 1500 : 1000)
        if floored != max(unfloored, floor) {
            diagnostics.add(
                Diagnostic(
                    .warning, "gpci_floor", at: row.source.place,
                    "\(row.key): the work GPCI is \(floored) with and \(unfloored) without the floor of \(floor)"))
        }
    }
    return diagnostics
}

/// PPRRVU lists Level II codes up to the last section; a HCPCS file that ends before is cut.
private func checkEnd(_ hcpcs: HCPCSFile, rows: [PPRRVURow]) throws(IngestError) {
    let levelII = rows.lazy.map(\.value.key.code).filter { $0.system == .hcpcs && $0.hasAssignedShape }
    guard let last = hcpcs.codes.last, let needed = levelII.max(), last.code < needed else { return }
    throw IngestError(
        .gateFailed, "hcpcs_end", at: last.source.place,
        "the last code is \(last.code), and PPRRVU goes on to \(needed)", hint: "The file is cut: fetch it again.")
}

/// How many rows there should be: exactly as many as are known of a release, else about as many as its
/// neighbours have.
private func rowCountDiagnostics(
    _ count: Int, raw: RawTable, entry: ReleaseCatalogue.Entry, schemas: Schemas
) -> Diagnostics {
    var diagnostics = Diagnostics()
    let place = Place(raw.file)
    if let known = entry.rows {
        if count < known {
            diagnostics.add(
                Diagnostic(
                    .error, "row_count", at: place, "\(count) rows; \(entry.release.label) has \(known)",
                    hint: "The file is cut: fetch it again."))
        } else if count > known {
            diagnostics.add(
                Diagnostic(
                    .warning, "row_count", at: place,
                    "\(count) rows; \(entry.release.label) as known has \(known): CMS may have posted it again"))
        }
        return diagnostics
    }
    let neighbours = schemas.catalogue.neighbours(of: entry.release).compactMap(\.rows)
    if let low = neighbours.min(), let high = neighbours.max(), count * 100 < low * 96 || count * 100 > high * 104 {
        diagnostics.add(
            Diagnostic(
                .warning, "row_count", at: place,
                "\(count) rows, where the releases around it have \(low) to \(high): this is not a whole release"))
    }
    return diagnostics
}
