public import Model

extension Dataset {
    /// The relative value rows of a code, the global row first; none for a code that PPRRVU does not list.
    ///
    /// The conversion factor of a row is that of the non-QP track, as in CMS's file.
    /// - Throws: when the database cannot be read.
    public func relativeValues(of code: String) throws(IngestError) -> [RelativeValue] {
        try relativeValues(where: "relative_values.code = ?", [code.uppercased()])
    }

    /// The relative value row of a code and modifier: `26`, `TC`, `53`, or nothing for the global row.
    /// - Returns: `nil` when PPRRVU has no such row. A `26` row never stands for the global one.
    /// - Throws: when the database cannot be read.
    public func relativeValue(of code: String, modifier: String = "") throws(IngestError) -> RelativeValue? {
        try relativeValues(
            where: "relative_values.code = ? AND relative_values.modifier = ?",
            [code.uppercased(), modifier.uppercased()]
        ).first
    }

    /// Every relative value row of the release, by code and modifier.
    /// - Throws: when the database cannot be read.
    public func relativeValues() throws(IngestError) -> [RelativeValue] { try relativeValues(where: "1", []) }

    private func relativeValues(where condition: String, _ keys: [String]) throws(IngestError) -> [RelativeValue] {
        var further: [(name: String, expression: String)] = []
        for column in ["file", "line"] { further.append(("source_\(column)", Self.provenance(column))) }
        if try has("descriptor_digests") {
            for column in ["digest", "words_digest"] { further.append((column, Self.digest(column))) }
        }
        var values: [RelativeValue] = []
        for row in try rows(
            RelativeValue.table, where: condition, keys, further: further,
            order: "relative_values.code, relative_values.modifier")
        {
            values.append(try RelativeValue(row, conversionFactor: manifest.conversionFactors.nonQP))
        }
        return values
    }

    /// What stands for a row's descriptor.
    private static func digest(_ column: String) -> String {
        """
        (SELECT \(column) FROM descriptor_digests AS d
        WHERE d.code = relative_values.code AND d.modifier = relative_values.modifier)
        """
    }

    /// Where a row came from. The table of provenance begins with the relative values in their own order, so that the row of the
    /// same number is looked at first; it has no index, and else has to be read through.
    private static func provenance(_ column: String) -> String {
        let fits = """
            "table" = 'relative_values' AND p.code = relative_values.code
            AND COALESCE(p.modifier, '') = relative_values.modifier
            """
        return """
            COALESCE((SELECT CAST(\(column) AS TEXT) FROM provenance AS p
            WHERE p.rowid = relative_values.rowid AND \(fits)),
            (SELECT CAST(\(column) AS TEXT) FROM provenance AS p WHERE \(fits) LIMIT 1))
            """
    }
}

extension RelativeValue {
    /// A row of `relative_values`.
    fileprivate init(_ row: TextRow, conversionFactor: ConversionFactor) throws(IngestError) {
        func rvu(_ column: String) throws(IngestError) -> RVU { try row.required(column, row.decimal(column)) }
        func share(_ column: String) throws(IngestError) -> PackageShare {
            try row.required(column, row.decimal(column))
        }
        func flag(_ column: String) throws(IngestError) -> Bool { try row.required(column, row.flag(column)) }
        self.init(
            key: RowKey(code: try row.short("code"), modifier: try row.short("modifier")),
            source: Source(file: row.text("source_file") ?? "", line: try row.integer("source_line") ?? 0))
        self.conversionFactor = conversionFactor
        status = try row.short("status")
        unpriced = try flag("priced") ? nil : SharedText(row.text("unpriced_reason") ?? "")
        work = try rvu("work")
        peNonfacility = try rvu("pe_nonfacility")
        isNonfacilityNA = try flag("pe_nonfacility_na")
        peFacility = try rvu("pe_facility")
        isFacilityNA = try flag("pe_facility_na")
        mp = try rvu("mp")
        totalNonfacility = try rvu("total_nonfacility")
        totalFacility = try rvu("total_facility")
        isNotUsedForPayment = try flag("not_used_flag")
        pctc = try row.short("pctc")
        globalDays = try row.short("global_days")
        preOp = try share("pre_op")
        intraOp = try share("intra_op")
        postOp = try share("post_op")
        multipleProcedure = try row.short("multiple_procedure")
        bilateral = try row.short("bilateral")
        assistantSurgeon = try row.short("assistant_surgeon")
        coSurgeon = try row.short("co_surgeon")
        teamSurgeon = try row.short("team_surgeon")
        endoscopicBase = try row.short("endoscopic_base")
        supervision = try row.short("supervision")
        calculationFlag = try row.short("calculation_flag")
        imagingFamily = try row.short("imaging_family")
        oppsPENonfacility = try rvu("opps_pe_nonfacility")
        oppsPEFacility = try rvu("opps_pe_facility")
        oppsMP = try rvu("opps_mp")
        pricing = try row.short("pricing_indicator")
        isInQPPFile = row.flag("in_qpp_file")
        if let whole = UInt64(row.text("digest") ?? "", radix: 16),
            let words = UInt64(row.text("words_digest") ?? "", radix: 16)
        {
            descriptorDigest = DescriptorDigest(whole: whole, words: words)
        }
    }
}
