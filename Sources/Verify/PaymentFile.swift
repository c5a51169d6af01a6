public import Model
public import Payment
public import Schemas

/// Checks CMS's payment file (PFALL or PFREV) against the release, line by line as it streams by: the file
/// has a million rows, of which none is kept.
public struct PaymentFileCheck {
    public private(set) var check: Check
    private let file: String
    private let rows: [RowKey: PricedRow]
    private let gpcis: [LocalityKey: GPCIs]
    private let factor: ConversionFactor
    private let release: Release
    private let positions: [String: ClosedRange<Int>]
    private let recordLength: Int
    private var line = 0

    /// - Parameters:
    ///   - file: what to call it in messages.
    ///   - track: whose conversion factor it was made with; since 2026 there is a file for each.
    public init(_ canonical: Canonical, file: String, track: Track, schemas: Schemas) {
        self.file = file
        rows = pricedRows(canonical.codes)
        gpcis = canonical.gpcis
        release = canonical.release
        factor =
            track == .qp
            ? canonical.conversionFactors.qp ?? canonical.conversionFactors.nonQP
            : canonical.conversionFactors.nonQP
        let layout = schemas.paymentLayout
        positions = Dictionary(
            layout.fields.compactMap { field in field.position.map { (field.name, $0) } },
            uniquingKeysWith: { first, _ in first })
        recordLength = layout.recordLength + 1
        check = Check(
            id: "payment_file",
            detail: "rows of \(file) = PPRRVU × GPCI × \(factor), to the cent: both settings, OPPS and therapy amounts")
    }

    /// Checks the next line, given without its line end.
    public mutating func add(_ record: ArraySlice<UInt8>) {
        line += 1
        guard !record.isEmpty, !record.starts(with: "\"TRL".utf8) else { return }
        let place = Place(file, line: line)
        guard record.count == recordLength else {
            check.fail(place, "the record has \(record.count) bytes; a payment record has \(recordLength)")
            return
        }
        guard let code = Code(text("code", record)), let modifier = Modifier(text("modifier", record)),
            let contractor = Contractor(text("mac", record)), let number = LocalityNumber(text("locality", record)),
            let nonfacility = Money(text("nonfacility", record)), let facility = Money(text("facility", record)),
            let oppsNonfacility = Money(text("opps_nonfacility", record)),
            let oppsFacility = Money(text("opps_facility", record)),
            let therapy = Money(text("therapy_office", record))
        else {
            check.fail(place, "the record cannot be read")
            return
        }
        let key = RowKey(code: code, modifier: modifier)
        let locality = LocalityKey(contractor: contractor, number: number)
        guard text("year", record).elementsEqual(String(release.year).utf8) else {
            check.fail(
                place,
                "it is of \(String(decoding: text("year", record), as: UTF8.self)), the release of \(release.year)")
            return
        }
        guard let row = rows[key], let gpci = gpcis[locality] else {
            check.fail(
                place,
                rows[key] == nil ? "\(key) is not in PPRRVU" : "\(locality) is no locality of this release")
            return
        }
        var differences: [String] = []
        func compare(_ name: String, _ published: Money, _ computed: Money) {
            if published != computed { differences.append("\(name) \(published), recomputed \(computed)") }
        }
        compare("non-facility fee", nonfacility, row.fee(.nonfacility, gpci, factor))
        compare("facility fee", facility, row.fee(.facility, gpci, factor))
        if text("opps_indicator", record).elementsEqual([UInt8(ascii: "1")]) {
            compare("non-facility OPPS amount", oppsNonfacility, row.cap(.nonfacility, gpci, factor))
            compare("facility OPPS amount", oppsFacility, row.cap(.facility, gpci, factor))
        }
        if row.row.multipleProcedure.isOne(of: "5") {
            compare(
                "therapy amount", therapy,
                Fee.therapyReducedAmount(work: row.row.work, pe: row.row.peNonfacility, mp: row.row.mp, gpci, factor))
        }
        if differences.isEmpty {
            check.match()
        } else {
            check.fail(place, "\(key) in \(locality): \(differences.joined(separator: "; "))")
        }
    }

    private func text(_ field: String, _ record: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let position = positions[field] else { return [] }
        var value = record[(record.startIndex + position.lowerBound - 1)..<(record.startIndex + position.upperBound)]
        while value.first == 0x20 { value.removeFirst() }
        while value.last == 0x20 { value.removeLast() }
        return value
    }
}
