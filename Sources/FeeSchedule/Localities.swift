public import Model

extension Dataset {
    /// All payment localities, by contractor and number, with the lines that each was joined from.
    /// - Throws: when the database cannot be read.
    public func localities() throws(IngestError) -> [Locality] {
        var sources: [LocalityKey: [Source]] = [:]
        for line in try self.sources(where: "\"table\" = ?", [Locality.table]) {
            if let key = line.locality { sources[key, default: []].append(line.source) }
        }
        var localities: [Locality] = []
        for row in try rows(Locality.table, order: "mac, locality") {
            var locality = try Locality(row)
            locality.sources = sources[locality.key] ?? []
            localities.append(locality)
        }
        return localities
    }

    /// The locality with a key; `nil` when the release has none.
    /// - Throws: when the database cannot be read.
    public func locality(_ key: LocalityKey) throws(IngestError) -> Locality? {
        try localities().first { $0.key == key }
    }

    /// The locality that `name` means: a key as `01112-05`, a state, a locality's name or a county.
    /// - Throws: when nothing or more than one fits, with the choices.
    public func locality(named name: String) throws(IngestError) -> Locality {
        let all = try localities()
        let wanted = name.uppercased()
        let state = State.all.first { $0.name.uppercased() == wanted || $0.code == wanted }?.code
        let stages: [(Locality) -> Bool] = [
            { $0.key.description == wanted },
            { $0.state != nil && $0.state == state },
            { ($0.name ?? "").uppercased() == wanted },
            { $0.countyNames.contains(wanted) },
            {
                ($0.name ?? "").uppercased().contains(wanted)
                    || ($0.feeScheduleArea ?? "").uppercased().contains(wanted)
            },
        ]
        for stage in stages {
            let found = all.filter(stage)
            if found.count == 1 { return found[0] }
            guard found.isEmpty else {
                throw IngestError(
                    .usage, "locality_ambiguous", "'\(name)' may be any of \(found.count) localities",
                    hint: "Name one: "
                        + found.map { "\($0.key) \($0.name ?? "")" }.joined(separator: "; ") + ".")
            }
        }
        throw IngestError(
            .usage, "locality_unknown", "'\(name)' is no locality of \(self.name)",
            hint: "Give a key such as 01112-05, a state, a locality's name or a county that LOCCO lists.")
    }

    /// The OPPS caps that CMS publishes for a row, one for each locality: what its own OPPSCAP file prints, with the factor
    /// of the non-QP track.
    /// - Throws: when the database cannot be read.
    public func oppsCaps(of code: String, modifier: String = "") throws(IngestError) -> [OPPSCap] {
        let key = (code: code.uppercased(), modifier: modifier.uppercased())
        var sources: [LocalityKey: Source] = [:]
        let rows = try rows(OPPSCap.table, where: "code = ? AND modifier = ?", [key.code, key.modifier])
        guard !rows.isEmpty else { return [] }
        for line in try self.sources(of: key.code)
        where line.table == OPPSCap.table && line.modifier.description == key.modifier {
            if let locality = line.locality { sources[locality] = line.source }
        }
        var caps: [OPPSCap] = []
        for row in rows {
            let locality = LocalityKey(contractor: try row.short("mac"), number: try row.short("locality"))
            var cap = OPPSCap(
                key: RowKey(code: try row.short("code"), modifier: try row.short("modifier")), locality: locality,
                status: try row.short("status"), facility: try row.required("facility", row.decimal("facility")),
                nonfacility: try row.required("nonfacility", row.decimal("nonfacility")),
                source: sources[locality] ?? Source(file: "", line: 0))
            cap.gpciContractor = try row.short("gpci_mac")
            caps.append(cap)
        }
        return caps
    }
}

extension Locality {
    /// The counties that LOCCO names one by one; sets in words (`ALL OTHER COUNTIES`) name none.
    fileprivate var countyNames: [String] {
        guard let counties, !counties.contains("ALL ") else { return [] }
        return counties.uppercased().replacing(" AND ", with: ",").split { $0 == "," || $0 == "/" || $0 == ";" }
            .map { String($0.drop { $0 == " " }).trimmingBlanks }
    }

    /// A row of `localities`.
    fileprivate init(_ row: TextRow) throws(IngestError) {
        self.init(key: LocalityKey(contractor: try row.short("mac"), number: try row.short("locality")))
        state = row.text("state")
        name = row.text("name")
        gpciWork = try row.decimal("gpci_work")
        gpciWorkUnfloored = try row.decimal("gpci_work_unfloored")
        gpciPE = try row.decimal("gpci_pe")
        gpciMP = try row.decimal("gpci_mp")
        anesthesiaCF = try row.decimal("anesthesia_cf")
        anesthesiaCFQP = try row.decimal("anesthesia_cf_qp")
        hasAlaskaWorkFloor = row.flag("alaska_work_floor")
        hasFrontierPEFloor = row.flag("frontier_pe_floor")
        feeScheduleArea = row.text("fee_schedule_area")
        counties = row.text("counties")
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
