public import Model

/// What the dataset says of a code beside its relative values: its place among the codes, its names, and CMS's
/// administrative fields.
public struct CodeRecord: Sendable {
    public let code: Code
    /// Whose code it is, and so whose words its descriptor is.
    public let system: CodeSystem
    /// Level II: the letter's section; else our own range.
    public let section: Label?
    /// Level II: the BETOS class; else our own range.
    public let category: Label?
    /// The name to show; `nil` for CPT and CDT codes that neither the editors nor the tier name.
    public let title: String?
    /// Where ``title`` comes from; a suggested one nobody has read.
    public let titleOrigin: TitleOrigin?
    /// A name made from CMS's Level II descriptors.
    public let suggestedTitle: SuggestedTitle?
    /// `nil` for CPT and CDT codes in the public tier.
    public let shortDescriptor: String?
    /// HCPCS's long descriptor; `nil` for CPT and CDT codes in the public tier.
    public let longDescriptor: String?
    /// How a drug is given, as its descriptor states it.
    public let route: String?
    /// Why PPRRVU has no row of the code; `nil` when it has one.
    public let relativeValuesAbsence: String?
    /// Why the HCPCS file has no record of the code; `nil` when it has one.
    public let hcpcsAbsence: String?
    /// Coverage, pricing, dates and the like, in the names of CMS's record layout; `nil` without a record.
    public let hcpcs: HCPCSRecord?

    /// CMS's text to show: the long descriptor, else the short one.
    public var descriptor: String? { longDescriptor ?? shortDescriptor }
}

extension Dataset {
    /// The record of a code; `nil` when the release does not have it.
    /// - Throws: when the database cannot be read.
    public func code(_ code: String) throws(IngestError) -> CodeRecord? {
        guard let row = try rows("codes", where: "code = ?", [code.uppercased()]).first else { return nil }
        let sources = try sources(of: code).filter { $0.table == "codes" }.map(\.source)
        return try CodeRecord(row, sources: sources)
    }

    /// The records of all codes of the release, in order.
    /// - Throws: when the database cannot be read.
    public func codes() throws(IngestError) -> [CodeRecord] {
        var sources: [Code: [Source]] = [:]
        for row in try rows("provenance", where: "\"table\" = 'codes'") {
            sources[try row.short("code"), default: []].append(try Source(row))
        }
        var records: [CodeRecord] = []
        for row in try rows("codes", order: "code") {
            records.append(try CodeRecord(row, sources: sources[try row.short("code")] ?? []))
        }
        return records
    }

    /// The modifiers of the HCPCS file, in order.
    /// - Throws: when the database cannot be read.
    public func modifiers() throws(IngestError) -> [HCPCSRecord] {
        var sources: [Modifier: [Source]] = [:]
        for line in try self.sources(where: "\"table\" = 'modifiers'", []) {
            sources[line.modifier, default: []].append(line.source)
        }
        var modifiers: [HCPCSRecord] = []
        for row in try rows("modifiers", order: "modifier") {
            let modifier: Modifier = try row.short("modifier")
            modifiers.append(
                try HCPCSRecord(row, code: modifier.cast(), isModifier: true, sources: sources[modifier] ?? []))
        }
        return modifiers
    }
}

extension CodeRecord {
    fileprivate init(_ row: TextRow, sources: [Source]) throws(IngestError) {
        code = try row.short("code")
        system = try row.required("system", row.text("system").flatMap(CodeSystem.init))
        func label(_ column: String) -> Label? {
            row.text(column).map { Label(id: $0, name: row.text("\(column)_name") ?? $0) }
        }
        section = label("section")
        category = label("category")
        title = row.text("title")
        titleOrigin = row.text("title_origin").flatMap(TitleOrigin.init)
        if let text = row.text("suggested_title"),
            let origin = row.text("suggested_title_origin").flatMap(SuggestedTitle.Origin.init)
        {
            suggestedTitle = SuggestedTitle(text, origin)
        } else {
            suggestedTitle = nil
        }
        shortDescriptor = row.text("short_descriptor")
        longDescriptor = row.text("long_descriptor")
        route = row.text("route")
        relativeValuesAbsence = row.text("relative_values_absence")
        hcpcsAbsence = row.text("hcpcs_absence")
        hcpcs = hcpcsAbsence == nil ? try HCPCSRecord(row, code: code, isModifier: false, sources: sources) : nil
    }
}

extension HCPCSRecord {
    /// The administrative columns of `codes` or `modifiers`; the first line is the record's own, the others' are corrections.
    fileprivate init(_ row: TextRow, code: Code, isModifier: Bool, sources: [Source]) throws(IngestError) {
        self.init(code: code, isModifier: isModifier, source: sources.first ?? Source(file: "", line: 0))
        corrections = Array(sources.dropFirst())
        longDescriptor = row.text("long_descriptor") ?? ""
        shortDescriptor = row.text("short_descriptor") ?? ""
        pricing = row.list("pricing")
        multiplePricing = try row.short("multiple_pricing")
        coverageIssuesManual = row.list("coverage_issues_manual")
        carriersManual = row.list("carriers_manual")
        statute = row.text("statute")
        labCertifications = row.list("lab_certifications")
        crossReferences = row.list("cross_references")
        coverage = try row.short("coverage")
        ascGroup = try row.short("asc_group")
        ascDate = try row.date("asc_date")
        oppsGroup = try row.short("opps_group")
        oppsPolicy = try row.short("opps_policy")
        oppsDate = try row.date("opps_date")
        processingNote = try row.short("processing_note")
        betos = try row.short("betos")
        typesOfService = row.list("types_of_service")
        anesthesiaBaseUnits = try row.integer("anesthesia_base_units")
        added = try row.date("added")
        actionEffective = try row.date("action_effective")
        terminated = try row.date("terminated")
        action = try row.short("action")
    }
}
