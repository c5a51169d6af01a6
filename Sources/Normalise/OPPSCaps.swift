import Model
import Schemas

/// The rows of an OPPSCAP file, sorted by row key and locality.
struct OPPSCapFile: FileOfValues {
    let raw: RawTable
    var rows: [OPPSCap]
    var notes: Diagnostics

    struct Key: Comparable {
        let row: RowKey
        let locality: LocalityKey
        static func < (left: Key, right: Key) -> Bool {
            (left.row, left.locality) < (right.row, right.locality)
        }
    }

    init(_ raw: RawTable, schemas: Schemas) throws(IngestError) {
        self.raw = raw.header
        var reader = RowReader(raw, schemas: schemas)
        let code = raw.column("code")
        let modifier = raw.column("modifier")
        let status = raw.column("status")
        let contractor = raw.column("mac")
        let locality = raw.column("locality")
        let facility = raw.column("facility")
        let nonfacility = raw.column("nonfacility")
        var rows = reader.rows { reader, row in
            OPPSCap(
                key: RowKey(code: reader.key(row, code, width: 5), modifier: reader.short(row, modifier)),
                locality: LocalityKey(
                    contractor: reader.key(row, contractor, width: 5), number: reader.key(row, locality, width: 2)),
                status: reader.required(row, status), facility: reader.decimal(row, facility),
                nonfacility: reader.decimal(row, nonfacility), source: reader.source(row))
        }
        try reader.problems.stopOnErrors()
        notes = reader.problems
        rows.sort { $0.sortKey < $1.sortKey }
        var gates = Diagnostics()
        for (left, right) in zip(rows, rows.dropFirst()) where left.sortKey == right.sortKey {
            gates.add(
                Diagnostic(
                    .error, "key_repeats", at: Place(raw.file, line: right.source.line),
                    "\(right.key) in \(right.locality) stands on line \(left.source.line) already"))
        }
        try gates.stopOnErrors(.gateFailed)
        self.rows = rows
    }

    func compare(with witness: OPPSCapFile) -> Check {
        var pairs = Witness.Pairs(primary: raw, witness: witness.raw)
        Witness.merge(rows, witness.rows, key: \.sortKey) { left, right in
            pairs.pair(left?.source, right?.source, key: (left ?? right).map { "\($0.key) in \($0.locality)" }) {
                guard let left, var right else { return [] }
                right.source = left.source
                return left == right ? [] : Witness.cellDifferences(left, right)
            }
        }
        return pairs.check
    }

    /// Closes the table: each row's code is in PPRRVU, its locality in GPCI, and each code has a price in
    /// every locality. CMS lists some southern California localities under the northern contractor too;
    /// those keep their key and get the contractor that GPCI has.
    /// - Parameter earlier: what failed before; a cut GPCI or PPRRVU leaves caps without their rows, and its own
    ///   failure says more.
    /// - Throws: a failed gate for a row that refers to nothing or is missing.
    mutating func close(
        values: [PPRRVURow], localities: [Locality], release: Release, schemas: Schemas,
        earlier: Diagnostics
    ) throws(IngestError) {
        var gates = Diagnostics()
        let corrections = Dictionary(
            schemas.localityCorrections
                .filter { $0.table == SourceTable.oppscap.rawValue && $0.years.contains(release.year) }
                .map { ($0.published, $0.gpciContractor) }, uniquingKeysWith: { first, _ in first })
        let known = Set(localities.map(\.key))
        var corrected: [OPPSCap] = []
        var value = 0
        for index in rows.indices {
            let row = rows[index]
            let place = Place(raw.file, line: row.source.line)
            if known.isEmpty || known.contains(row.locality) {
                // Listed where it belongs.
            } else if let contractor = corrections[row.locality],
                known.contains(LocalityKey(contractor: contractor, number: row.locality.number))
            {
                rows[index].gpciContractor = contractor
                corrected.append(row)
            } else {
                gates.add(
                    Diagnostic(
                        .error, "oppscap_locality", at: place,
                        "\(row.key) has a price in \(row.locality), which is no locality of this release",
                        hint: "OPPSCAP may be of another year."))
            }
            // Both are sorted by key.
            while value < values.count, values[value].value.key < row.key { value += 1 }
            guard value < values.count, values[value].value.key == row.key else {
                gates.add(
                    Diagnostic(
                        .error, "oppscap_code", at: place, "\(row.key) is not in PPRRVU",
                        hint: "OPPSCAP may be of another release."))
                continue
            }
            let status = values[value].value.status
            if status != row.status {
                gates.add(
                    Diagnostic(
                        .error, "oppscap_status", at: place,
                        "\(row.key) has status \(row.status) here and \(status) in PPRRVU",
                        hint: "OPPSCAP may be of another release."))
            }
        }
        let everywhere = Set(rows.map(\.locality))
        var first = 0
        while first < rows.count {
            let key = rows[first].key
            let group = rows[first...].prefix { $0.key == key }
            first = group.endIndex
            if group.count == everywhere.count { continue }
            let lacking = everywhere.subtracting(group.map(\.locality)).sorted()
            gates.add(
                Diagnostic(
                    .error, "oppscap_incomplete",
                    at: Place(raw.file, line: group.map(\.source.line).max()),
                    "\(key) has prices in \(group.count) of \(everywhere.count) localities; the first it lacks is "
                        + "\(lacking.first.map(\.description) ?? "unknown")",
                    hint: "The file is cut."))
        }
        if !known.isEmpty {
            for key in known.subtracting(
                rows.map { LocalityKey(contractor: $0.gpciContractor, number: $0.locality.number) }
            ).sorted() {
                gates.add(
                    Diagnostic(
                        .error, "oppscap_incomplete", at: Place(raw.file), "the locality \(key) has no price in it",
                        hint: "The file is cut or of another year."))
            }
        }
        if gates.count(.error) > 0 {
            var all = earlier
            all.add(gates)
            throw IngestError(.gateFailed, all)
        }
        if let first = corrected.first {
            notes.add(
                Diagnostic(
                    .note, "oppscap_contractor", at: Place(raw.file, line: first.source.line),
                    "\(corrected.count) prices stand under a contractor that does not serve the locality "
                        + "(\(Set(corrected.map(\.locality)).sorted().map(\.description).joined(separator: ", "))), "
                        + "a known defect of CMS's file; gpci_mac has the right one"))
        }
    }
}

extension OPPSCap {
    var sortKey: OPPSCapFile.Key { .init(row: key, locality: locality) }
}
