public import Model
public import Schemas

/// Turns the tables of a release, in whatever forms they came, into one set of canonical values.
///
/// Where a table came in both forms the CSV's values are taken and the TXT must agree on every field.
/// - Throws: bad data or a failed gate, with all the problems of the table in question.
/// - Parameter tables: emptied on the way, so that a table's bytes go when its values are read.
public func normalise(
    _ tables: inout [RawTable], entry: ReleaseCatalogue.Entry, schemas: Schemas
) throws(IngestError) -> Canonical {
    let release = entry.release
    var diagnostics = Diagnostics()
    var checks: [Check] = []
    let given = Set(tables.map(\.table))
    func forms(_ table: SourceTable) -> [RawTable] {
        defer { tables.removeAll { $0.table == table } }
        return tables.filter { $0.table == table }.sorted { $0.form < $1.form }
    }

    // PPRRVU: the nonQPP file is the universe.
    var pprrvuForms = forms(.pprrvu)
    guard !pprrvuForms.isEmpty else {
        throw IngestError(
            .badData, "pprrvu_missing", "no input holds PPRRVU, without which there is no release",
            hint: "Name CMS's archive or the PPRRVU CSV or TXT file with --input"
                + (release.year >= 2026 ? "; from 2026 on the nonQPP file." : "."))
    }
    let released = pprrvuForms.lazy.compactMap(\.released).first
    var pprrvu = try PPRRVUFile(pprrvuForms.removeFirst(), schemas: schemas)
    diagnostics.add(pprrvu.notes)
    checks.append(pprrvu.totals)
    while !pprrvuForms.isEmpty {
        let witness = try PPRRVUFile(pprrvuForms.removeFirst(), schemas: schemas)
        diagnostics.add(witness.notes)
        checks.append(witness.totals)
        checks.append(Witness.compare(pprrvu, with: witness))
    }
    var conversionFactors = ConversionFactors(nonQP: pprrvu.conversionFactor, qp: nil)
    var rows = pprrvu.rows
    pprrvu.rows = []

    let qppForms = forms(.pprrvuQPP)
    var qppFactor: Place?
    if let primary = qppForms.first {
        let qpp = try PPRRVUFile(primary, schemas: schemas)
        diagnostics.add(qpp.notes)
        checks.append(qpp.totals)
        for form in qppForms.dropFirst() {
            let witness = try PPRRVUFile(form, schemas: schemas)
            diagnostics.add(witness.notes)
            checks.append(witness.totals)
            checks.append(Witness.compare(qpp, with: witness))
        }
        checks.append(markQPPRows(&rows, qpp: qpp))
        conversionFactors.qp = qpp.conversionFactor
        qppFactor = qpp.firstFactor
    }
    try checkConversionFactors(
        conversionFactors, pprrvu: pprrvu.firstFactor, qpp: qppFactor, entry: entry)
    for index in rows.indices {
        rows[index].value.unpricedReason = schemas.statuses.unpricedReason(
            status: rows[index].value.status, isValued: rows[index].value.isValued)
    }
    diagnostics.add(rowCountDiagnostics(rows.count, raw: pprrvu.raw, entry: entry, schemas: schemas))
    try diagnostics.stopOnErrors(.gateFailed)

    // Localities: GPCI, ANES and LOCCO under one key.
    func localityFile(_ table: SourceTable) throws(IngestError) -> LocalityFile? {
        let forms = forms(table)
        guard let first = forms.first else { return nil }
        let primary = try LocalityFile(first, schemas: schemas)
        diagnostics.add(primary.notes)
        for form in forms.dropFirst() {
            let witness = try LocalityFile(form, schemas: schemas)
            diagnostics.add(witness.notes)
            let (check, notes) = primary.compare(with: witness, release: release, schemas: schemas)
            checks.append(check)
            diagnostics.add(notes)
        }
        return primary
    }
    let gpci = try localityFile(.gpci)
    let anes = try localityFile(.anes)
    let locco = try localityFile(.locco)
    let joined = Localities(gpci: gpci, anes: anes, locco: locco, expectedCount: entry.localities)
    if let check = joined.check { checks.append(check) }
    let anesthesia = try anesthesiaFactors(anes?.raw, entry: entry)
    if let gpci { diagnostics.add(gpciDiagnostics(gpci)) }

    // OPPS caps.
    var caps: OPPSCapFile?
    let capForms = forms(.oppscap)
    if let first = capForms.first {
        var file = try OPPSCapFile(first, schemas: schemas)
        for form in capForms.dropFirst() {
            let witness = try OPPSCapFile(form, schemas: schemas)
            diagnostics.add(witness.notes)
            checks.append(file.compare(with: witness))
        }
        let statuses = Dictionary(
            rows.map { ($0.value.key, $0.value.status) }, uniquingKeysWith: { first, _ in first })
        var earlier = Diagnostics()
        for check in checks { earlier.add(check.failures) }
        try file.close(
            values: statuses, localities: joined.localities, release: release, schemas: schemas, earlier: earlier)
        diagnostics.add(file.notes)
        caps = file
    }
    var localities = joined.localities
    if localities.isEmpty, let caps {
        // Without GPCI, ANES and LOCCO the prices are all that names the localities.
        localities = Set(caps.rows.map(\.locality)).sorted().map(Locality.init)
    }

    // HCPCS, and the join of both sides.
    var hcpcs: HCPCSFile?
    if let raw = forms(.hcpcs).first {
        let file = try HCPCSFile(raw, schemas: schemas)
        diagnostics.add(file.notes)
        hcpcs = file
    }
    if let hcpcs { try checkEnd(hcpcs, rows: rows) }
    let codes = joinCodes(rows: rows, hcpcs: hcpcs?.codes, schemas: schemas, diagnostics: &diagnostics)

    var missing = [SourceTable.gpci, .anes, .locco, .oppscap, .hcpcs].filter { !given.contains($0) }
    if release.year >= 2026, qppForms.isEmpty { missing.insert(.pprrvuQPP, at: 0) }
    return Canonical(
        release: release, released: released,
        conversionFactors: conversionFactors, anesthesiaConversionFactors: anesthesia, codes: codes,
        modifiers: hcpcs?.modifiers ?? [], localities: localities, oppsCaps: caps?.rows ?? [], checks: checks,
        diagnostics: diagnostics, missing: missing)
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
        let place = Place(part.value.source.file, line: part.value.source.line)
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

/// ANES's national conversion factors, from its header, against the catalogue's.
private func anesthesiaFactors(
    _ anes: RawTable?, entry: ReleaseCatalogue.Entry
) throws(IngestError) -> ConversionFactors<AnesthesiaConversionFactor>? {
    guard let anes, let text = anes.headerFactors["anesthesia_cf"], let nonQP = AnesthesiaConversionFactor(text)
    else { return nil }
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
                    .warning, "gpci_floor", at: Place(row.source.file, line: row.source.line),
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
        .gateFailed, "hcpcs_end", at: Place(last.source.file, line: last.source.line),
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
