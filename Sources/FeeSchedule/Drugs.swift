public import Model

extension Dataset {
    /// What CMS's ASP files say of a code: its payment limit and the products that are billed under it. They list codes that
    /// no other table has.
    /// - Returns: `nil` for codes that they do not list, and in releases made without them.
    /// - Throws: when the database cannot be read.
    public func drug(_ code: String) throws(IngestError) -> DrugFacts? {
        let limits = try rows(DrugPaymentLimit.table, where: "code = ?", [code.uppercased()])
        let products = try rows(DrugProduct.table, where: "code = ?", [code.uppercased()], order: "ndc")
        guard !limits.isEmpty || !products.isEmpty else { return nil }
        let lines = try sources(of: code)
        func source(_ table: String, ndc: String? = nil) -> Source {
            lines.first { $0.table == table && $0.ndc == ndc }?.source ?? Source(file: "", line: 0)
        }
        var limit: DrugPaymentLimit?
        if let row = limits.first { limit = try DrugPaymentLimit(row, source: source(DrugPaymentLimit.table)) }
        var facts: [DrugProduct] = []
        for row in products {
            facts.append(try DrugProduct(row, source: source(DrugProduct.table, ndc: row.text("ndc"))))
        }
        return DrugFacts(paymentLimit: limit, products: facts)
    }
}

extension Dataset {
    /// The codes that CMS's ASP files list, in order; some are in no other table.
    /// - Throws: when the database cannot be read.
    public func drugCodes() throws(IngestError) -> [Code] {
        var codes: Set<Code> = []
        for table in [DrugPaymentLimit.table, DrugProduct.table] {
            for row in try rows(table) { codes.insert(try row.short("code")) }
        }
        return codes.sorted()
    }
}

extension DrugQuarter {
    /// Reads `2026Q1`.
    fileprivate init?(_ text: String) {
        let parts = text.split(separator: "Q")
        guard parts.count == 2, let year = Int(parts[0]), let quarter = Int(parts[1]), (1...4).contains(quarter),
            let from = CalendarDate(year: year, month: 3 * quarter - 2, day: 1),
            let to = CalendarDate(year: year, month: 3 * quarter, day: quarter == 1 || quarter == 4 ? 31 : 30)
        else { return nil }
        self.init(from: from, to: to)
    }
}

extension DrugPaymentLimit {
    fileprivate init(_ row: TextRow, source: Source) throws(IngestError) {
        self.init(
            code: try row.short("code"),
            quarter: try row.required("quarter", DrugQuarter(row.text("quarter") ?? "")), dosage: row.text("dosage"),
            source: source)
        limit = try row.decimal("payment_limit")
        coinsurance = try row.decimal("coinsurance")
        vaccineAWPPercent = try row.written("vaccine_awp_percent")
        vaccineLimit = try row.decimal("vaccine_limit")
        bloodAWPPercent = try row.written("blood_awp_percent")
        bloodLimit = try row.decimal("blood_limit")
        isClottingFactor = row.flag("clotting_factor") ?? false
        notes = row.text("notes")
    }
}

extension DrugProduct {
    fileprivate init(_ row: TextRow, source: Source) throws(IngestError) {
        func number(_ column: String) throws(IngestError) -> WrittenDecimal {
            try row.required(column, row.written(column))
        }
        self.init(
            code: try row.short("code"),
            quarter: try row.required("quarter", DrugQuarter(row.text("quarter") ?? "")), ndc: row.text("ndc") ?? "",
            labeler: row.text("labeler") ?? "", drugName: row.text("drug_name") ?? "", dosage: row.text("dosage") ?? "",
            packageSize: try number("package_size"), packageQuantity: try number("package_quantity"),
            billingUnits: try number("billing_units"),
            billingUnitsPerPackage: try number("billing_units_per_package"), source: source)
    }
}
