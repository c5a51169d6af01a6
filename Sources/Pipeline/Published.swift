import Foundation
import JSON
public import Model
import Payment
public import Schemas
public import Store

/// Reads a published revision back as values, for payment and explanation. Only its own files are asked: what
/// is shown is what was published.
public struct Published: Sendable {
    public let revision: Revision
    let store: Store
    private let schemas: Schemas

    public init(_ revision: Revision, in store: Store, schemas: Schemas) {
        self.revision = revision
        self.store = store
        self.schemas = schemas
    }

    // MARK: Rows

    /// The rows of a code, the global row first.
    /// - Throws: when the revision has no such code or cannot be read.
    public func relativeValues(of code: String) throws(IngestError) -> [RelativeValue] {
        let rows = try store.table("relative_values", of: revision, where: "code", equals: code)
        let places = try store.table("provenance", of: revision, where: "code", equals: code)
        return rows.compactMap { row in
            let source = places.first {
                $0["table"] == RelativeValue.table && $0["modifier"] == row["modifier"]
            }
            return RelativeValue(row, source: Source(provenance: source))
        }
    }

    /// All localities, sorted by key.
    public func localities() throws(IngestError) -> [Locality] {
        try store.table("localities", of: revision).compactMap(Locality.init)
    }

    /// The published OPPS cap of a row in a locality.
    public func cap(of key: RowKey, in locality: LocalityKey) throws(IngestError) -> [String: String]? {
        try store.table("opps_caps", of: revision, where: "code", equals: key.code.description).first {
            $0["modifier"] == key.modifier.description && $0["locality"] == locality.number.description
                && $0["gpci_mac"] == locality.contractor.description
        }
    }

    /// The file and line of a published OPPS cap.
    func source(ofCap cap: [String: String]) throws(IngestError) -> String? {
        try store.table("provenance", of: revision, where: "code", equals: cap["code"] ?? "").first {
            $0["table"] == OPPSCap.table && $0["modifier"] == cap["modifier"] && $0["mac"] == cap["mac"]
                && $0["locality"] == cap["locality"]
        }.map { "\($0["file"] ?? ""):\($0["line"] ?? "")" }
    }

    /// The files and lines that a locality was joined from.
    public func sources(of locality: LocalityKey) throws(IngestError) -> [Source] {
        try store.table("provenance", of: revision, where: "mac", equals: locality.contractor.description)
            .filter { $0["table"] == Locality.table && $0["locality"] == locality.number.description }
            .map { Source(provenance: $0) }
    }

    /// The release's conversion factors for physicians' services.
    public func conversionFactors() throws(IngestError) -> ConversionFactors<ConversionFactor> {
        let manifest = try store.manifest(of: revision)
        guard let nonQP = ConversionFactor(manifest["conversion_factors"]?["non_qp"]?.text ?? "") else {
            throw IngestError(
                .badData, "manifest_unreadable", at: Place("manifest.json"), "it has no conversion factor")
        }
        return ConversionFactors(
            nonQP: nonQP, qp: ConversionFactor(manifest["conversion_factors"]?["qp"]?.text ?? ""))
    }

    /// The day from which the release holds.
    public func effectiveFrom() throws(IngestError) -> CalendarDate? {
        try store.effectiveFrom(of: revision)
    }

    // MARK: Localities by name

    /// The locality that `name` means: a key as `01112-05`, a state, a locality's name or a county.
    /// - Throws: when nothing or more than one fits, with the choices.
    public func locality(named name: String) throws(IngestError) -> Locality {
        let all = try localities()
        let wanted = name.uppercased()
        let state = schemas.states.first { $0.name.uppercased() == wanted || $0.code == wanted }?.code
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
            .usage, "locality_unknown", "'\(name)' is no locality of \(revision.name)",
            hint: "Give a key such as 01112-05, a state, a locality's name or a county that LOCCO lists.")
    }
}

extension Locality {
    /// The counties that LOCCO names one by one; sets in words (`ALL OTHER COUNTIES`) name none.
    fileprivate var countyNames: [String] {
        guard let counties, !counties.contains("ALL ") else { return [] }
        return counties.uppercased().replacing(" AND ", with: ",").split { $0 == "," || $0 == "/" || $0 == ";" }
            .map { String($0.drop { $0 == " " }).trimmingBlanks }
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}

extension Source {
    fileprivate init(provenance row: [String: String]?) {
        self.init(file: row?["file"] ?? "", line: Int(row?["line"] ?? "") ?? 0)
    }
}

extension RelativeValue {
    /// A row of `tables/relative_values.csv`; `nil` when it cannot be read.
    fileprivate init?(_ row: [String: String], source: Source) {
        guard let code = Code(row["code"] ?? ""), let modifier = Modifier(row["modifier"] ?? "") else { return nil }
        self.init(key: RowKey(code: code, modifier: modifier), source: source)
        func indicator(_ column: String) -> Indicator { Indicator(row[column] ?? "") ?? .blank }
        func rvu(_ column: String) -> RVU { RVU(row[column] ?? "") ?? .zero }
        status = indicator("status")
        unpricedReason = row["priced"] == "true" ? nil : row["unpriced_reason"]
        work = rvu("work")
        peNonfacility = rvu("pe_nonfacility")
        isNonfacilityNA = row["pe_nonfacility_na"] == "true"
        peFacility = rvu("pe_facility")
        isFacilityNA = row["pe_facility_na"] == "true"
        mp = rvu("mp")
        totalNonfacility = rvu("total_nonfacility")
        totalFacility = rvu("total_facility")
        multipleProcedure = indicator("multiple_procedure")
        oppsPENonfacility = rvu("opps_pe_nonfacility")
        oppsPEFacility = rvu("opps_pe_facility")
        oppsMP = rvu("opps_mp")
    }
}

extension Locality {
    /// A row of `tables/localities.csv`; `nil` when it cannot be read.
    fileprivate init?(_ row: [String: String]) {
        guard let contractor = Contractor(row["mac"] ?? ""), let number = LocalityNumber(row["locality"] ?? "") else {
            return nil
        }
        self.init(key: LocalityKey(contractor: contractor, number: number))
        func text(_ column: String) -> String? { row[column].flatMap { $0.isEmpty ? nil : $0 } }
        state = text("state")
        name = text("name")
        gpciWork = GPCI(row["gpci_work"] ?? "")
        gpciWorkUnfloored = GPCI(row["gpci_work_unfloored"] ?? "")
        gpciPE = GPCI(row["gpci_pe"] ?? "")
        gpciMP = GPCI(row["gpci_mp"] ?? "")
        anesthesiaCF = Money(row["anesthesia_cf"] ?? "")
        anesthesiaCFQP = Money(row["anesthesia_cf_qp"] ?? "")
        feeScheduleArea = text("fee_schedule_area")
        counties = text("counties")
    }
}
