import Model
import Schemas

/// The rows of an ASP pricing file, sorted by code. Its short descriptions are not read: those of CPT codes are the
/// AMA's.
struct DrugPaymentLimitFile: FileOfValues {
    let raw: RawTable
    let rows: [DrugPaymentLimit]
    let notes: Diagnostics

    /// - Throws: bad data for values that cannot be read; a failed gate for a code that repeats.
    init(_ raw: RawTable, schemas: Schemas) throws(IngestError) {
        self.raw = raw.header
        let quarter = try quarter(of: raw)
        var reader = RowReader(raw, schemas: schemas)
        let code = raw.column("code")
        let dosage = raw.column("dosage")
        let limit = raw.column("payment_limit")
        let coinsurance = raw.column("coinsurance")
        let vaccineAWPPercent = raw.column("vaccine_awp_percent")
        let vaccineLimit = raw.column("vaccine_limit")
        let bloodAWPPercent = raw.column("blood_awp_percent")
        let bloodLimit = raw.column("blood_limit")
        let clottingFactor = raw.column("clotting_factor")
        let notes = raw.column("notes")
        var rows: [DrugPaymentLimit] = []
        rows.reserveCapacity(raw.rowCount)
        for row in 0..<raw.rowCount {
            var entry = DrugPaymentLimit(
                code: reader.key(row, code, width: 5), quarter: quarter, dosage: reader.optionalText(row, dosage),
                source: reader.source(row))
            entry.limit = reader.price(row, limit)
            entry.coinsurance = reader.optionalDecimal(row, coinsurance)
            entry.vaccineAWPPercent = reader.optionalNumber(row, vaccineAWPPercent)
            entry.vaccineLimit = reader.price(row, vaccineLimit)
            entry.bloodAWPPercent = reader.optionalNumber(row, bloodAWPPercent)
            entry.bloodLimit = reader.price(row, bloodLimit)
            entry.isClottingFactor = reader.flag(row, clottingFactor, mark: "1")
            entry.notes = reader.optionalText(row, notes)
            rows.append(entry)
        }
        try reader.problems.stopOnErrors()
        self.notes = reader.problems
        self.rows = rows.sorted { $0.code < $1.code }
        var gates = Diagnostics()
        for (left, right) in zip(self.rows, self.rows.dropFirst()) where left.code == right.code {
            gates.add(
                Diagnostic(
                    .error, "key_repeats", at: Place(raw.file, line: right.source.line),
                    "\(right.code) stands on line \(left.source.line) already"))
        }
        try gates.stopOnErrors(.gateFailed)
    }

    func compare(with witness: DrugPaymentLimitFile) -> Check {
        var pairs = Witness.Pairs(primary: raw, witness: witness.raw)
        Witness.merge(rows, witness.rows, key: \.code) { left, right in
            pairs.pair(left?.source, right?.source, key: left?.code ?? right?.code) {
                guard let left, let right else { return [] }
                return Witness.cellDifferences(left, right)
            }
        }
        return pairs.check
    }
}

/// The rows of an ASP NDC-HCPCS crosswalk, sorted by code and NDC. Its short descriptions are not read.
struct DrugProductFile: FileOfValues {
    let raw: RawTable
    let rows: [DrugProduct]
    let notes: Diagnostics

    private struct Key: Comparable {
        let code: Code
        let ndc: String

        static func < (left: Key, right: Key) -> Bool { (left.code, left.ndc) < (right.code, right.ndc) }
    }

    /// - Throws: bad data for values that cannot be read; a failed gate for a product that repeats with other values.
    init(_ raw: RawTable, schemas: Schemas) throws(IngestError) {
        self.raw = raw.header
        let quarter = try quarter(of: raw)
        var reader = RowReader(raw, schemas: schemas)
        let code = raw.column("code")
        let ndc = raw.column("ndc")
        let labeler = raw.column("labeler")
        let drugName = raw.column("drug_name")
        let dosage = raw.column("dosage")
        let packageSize = raw.column("package_size")
        let packageQuantity = raw.column("package_quantity")
        let billingUnits = raw.column("billing_units")
        let billingUnitsPerPackage = raw.column("billing_units_per_package")
        var rows: [DrugProduct] = []
        rows.reserveCapacity(raw.rowCount)
        for row in 0..<raw.rowCount {
            rows.append(
                DrugProduct(
                    code: reader.key(row, code, width: 5), quarter: quarter, ndc: reader.identifier(row, ndc),
                    labeler: reader.requiredText(row, labeler), drugName: reader.requiredText(row, drugName),
                    dosage: reader.requiredText(row, dosage), packageSize: reader.number(row, packageSize),
                    packageQuantity: reader.number(row, packageQuantity),
                    billingUnits: reader.number(row, billingUnits),
                    billingUnitsPerPackage: reader.number(row, billingUnitsPerPackage), source: reader.source(row)))
        }
        try reader.problems.stopOnErrors()
        var found = reader.problems
        rows.sort { ($0.code, $0.ndc, $0.source.line) < ($1.code, $1.ndc, $1.source.line) }
        var kept: [DrugProduct] = []
        kept.reserveCapacity(rows.count)
        for row in rows {
            guard let last = kept.last, last.code == row.code, last.ndc == row.ndc else {
                kept.append(row)
                continue
            }
            let isSame = Witness.cellDifferences(last, row).isEmpty
            found.add(
                Diagnostic(
                    isSame ? .warning : .error, isSame ? "product_repeats" : "key_repeats",
                    at: Place(raw.file, line: row.source.line),
                    "\(row.ndc) of \(row.code) stands on line \(last.source.line) already"
                        + (isSame ? "; it is published once" : " with other values")))
        }
        try found.stopOnErrors(.gateFailed)
        notes = found
        self.rows = kept
    }

    func compare(with witness: DrugProductFile) -> Check {
        var pairs = Witness.Pairs(primary: raw, witness: witness.raw)
        Witness.merge(rows, witness.rows, key: { Key(code: $0.code, ndc: $0.ndc) }) { left, right in
            pairs.pair(left?.source, right?.source, key: (left ?? right).map { "\($0.code) \($0.ndc)" }) {
                guard let left, let right else { return [] }
                return Witness.cellDifferences(left, right)
            }
        }
        return pairs.check
    }
}

/// The quarter that the file names.
private func quarter(of raw: RawTable) throws(IngestError) -> DrugQuarter {
    if let quarter = raw.quarter { return quarter }
    throw IngestError(
        .badData, "quarter_missing", at: Place(raw.file, line: 1),
        "no line before the header says for which days the file holds")
}

extension RowReader {
    /// A text; `nil` where there is none.
    fileprivate func optionalText(_ row: Int, _ column: Int?) -> String? {
        let text = text(row, column)
        return text.isEmpty ? nil : text
    }

    /// A text that every row must have.
    fileprivate mutating func requiredText(_ row: Int, _ column: Int?) -> String {
        let text = text(row, column)
        if let column, text.isEmpty {
            problems.add(
                Diagnostic(
                    .error, "value_missing", at: table.place(row: row, column: column),
                    "\(table.columns[column].name) is empty", hint: "Columns may be shifted in this row."))
        }
        return text
    }

    /// An NDC or another identifier: letters, digits and hyphens.
    fileprivate mutating func identifier(_ row: Int, _ column: Int?) -> String {
        let text = requiredText(row, column)
        let isIdentifier = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || $0 == UInt8(ascii: "-")
        }
        if let column, !isIdentifier || text.utf8.count > 20 {
            problems.add(
                Diagnostic(
                    .error, "value_invalid", at: table.place(row: row, column: column),
                    "\(table.columns[column].name) is '\(text)'; expected at most 20 letters, digits and hyphens",
                    hint: "Columns may be shifted in this row."))
        }
        return text
    }

    /// Dollars; `nil` where CMS has no price.
    fileprivate mutating func price(_ row: Int, _ column: Int?) -> PaymentLimit? {
        guard let column, !table[row, column].elementsEqual("N/A".utf8) else { return nil }
        return optionalDecimal(row, column)
    }

    fileprivate mutating func optionalNumber(_ row: Int, _ column: Int?) -> WrittenDecimal? {
        guard let column, !table[row, column].isEmpty else { return nil }
        return number(row, column)
    }

    /// A decimal of any number of places; an empty or unreadable one is a problem and reads as zero.
    fileprivate mutating func number(_ row: Int, _ column: Int?) -> WrittenDecimal {
        guard let column else { return WrittenDecimal(units: 0, places: 0) }
        let field = table[row, column]
        if let value = WrittenDecimal(field) { return value }
        problems.add(
            Diagnostic(
                .error, "number_invalid", at: table.place(row: row, column: column),
                "\(table.columns[column].name) is '\(text(row, column))'; expected a number with at most "
                    + "\(WrittenDecimal.mostPlaces) decimals",
                hint: "Columns may be shifted in this row, or a spreadsheet rewrote the number."))
        return WrittenDecimal(units: 0, places: 0)
    }
}

/// Gives each code its payment limit and its products. All lists are sorted by code.
/// - Returns: a warning for codes of the ASP files that are in no list of codes: their facts are in the tables alone.
func joinDrugs(
    _ codes: inout [CodeEntry], limits: [DrugPaymentLimit], products: [DrugProduct]
) -> Diagnostics {
    var diagnostics = Diagnostics()
    var position = 0
    var limit = 0
    var product = 0
    while limit < limits.count || product < products.count {
        let nextLimit = limit < limits.count ? limits[limit] : nil
        let nextProduct = product < products.count ? products[product] : nil
        guard let code = [nextLimit?.code, nextProduct?.code].compactMap(\.self).min() else { break }
        let first = product
        while product < products.count, products[product].code == code { product += 1 }
        let own = nextLimit?.code == code ? nextLimit : nil
        if own != nil { limit += 1 }
        while position < codes.count, codes[position].code < code { position += 1 }
        if position < codes.count, codes[position].code == code {
            codes[position].drug = DrugFacts(paymentLimit: own, products: Array(products[first..<product]))
        } else {
            let source = own?.source ?? products[first].source
            diagnostics.add(
                Diagnostic(
                    .warning, "asp_code_unknown", at: source.place,
                    "\(code) has drug facts and is neither in PPRRVU nor in the HCPCS file; they are in the tables alone",
                    hint: "The HCPCS file may be older than the ASP files."))
        }
    }
    return diagnostics
}
