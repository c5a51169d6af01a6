/// A payment locality: GPCI's indices, ANES's conversion factors and LOCCO's counties under one key.
/// A value is `nil` when the release lacks the member that holds it.
public struct Locality: Sendable, Equatable {
    public var key: LocalityKey
    /// Two-letter state, from GPCI.
    public var state: String?
    /// CMS's locality name without its footnote marks.
    public var name: String?
    /// Work GPCI in force: with the 1.0 floor where CMS publishes one.
    public var gpciWork: GPCI?
    /// Work GPCI without the 1.0 floor, in releases that print both.
    public var gpciWorkUnfloored: GPCI?
    public var gpciPE: GPCI?
    public var gpciMP: GPCI?
    /// ANES: dollars per anesthesia unit; the non-QP factor since 2026.
    public var anesthesiaCF: Money?
    /// ANES: dollars per anesthesia unit for qualifying APM participants (2026 on).
    public var anesthesiaCFQP: Money?
    /// `*` behind the name: Alaska's statutory 1.5 work floor.
    public var hasAlaskaWorkFloor: Bool?
    /// `**` behind the name: the 1.0 PE floor of frontier states.
    public var hasFrontierPEFloor: Bool?
    /// LOCCO's fee schedule area, as printed.
    public var feeScheduleArea: String?
    /// LOCCO's counties, as printed: a set expression in words, such as `ALL COUNTIES EXCEPT …`.
    public var counties: String?
    /// The rows it was joined from: GPCI, ANES, LOCCO.
    public var sources: [Source]

    public init(key: LocalityKey) {
        self.key = key
        sources = []
    }
}

extension Locality: TableRow {
    public static let table = "localities"

    public static let columns = [
        "mac", "locality", "state", "name", "gpci_work", "gpci_work_unfloored", "gpci_pe", "gpci_mp",
        "anesthesia_cf", "anesthesia_cf_qp", "alaska_work_floor", "frontier_pe_floor", "fee_schedule_area",
        "counties",
    ]

    public var cells: [Cell] {
        [
            .text(key.contractor), .text(key.number), .text(state), .text(name), .decimal(gpciWork),
            .decimal(gpciWorkUnfloored), .decimal(gpciPE), .decimal(gpciMP), .decimal(anesthesiaCF),
            .decimal(anesthesiaCFQP), hasAlaskaWorkFloor.map { .flag($0) } ?? .null,
            hasFrontierPEFloor.map { .flag($0) } ?? .null, .text(feeScheduleArea), .text(counties),
        ]
    }
}

/// One OPPSCAP row: the most that Medicare pays for an imaging service in a locality.
public struct OPPSCap: Sendable, Equatable {
    public var key: RowKey
    /// The locality as OPPSCAP prints it.
    public var locality: LocalityKey
    /// The contractor under which GPCI lists the locality: differs where OPPSCAP repeats southern
    /// California under MAC 01112.
    public var gpciContractor: Contractor
    /// PROCSTAT.
    public var status: Indicator
    /// FACILITY PRICE.
    public var facility: Money
    /// NON-FACILTY PRICE (CMS's spelling).
    public var nonfacility: Money
    public var source: Source

    public init(
        key: RowKey, locality: LocalityKey, status: Indicator, facility: Money, nonfacility: Money,
        source: Source
    ) {
        self.key = key
        self.locality = locality
        self.gpciContractor = locality.contractor
        self.status = status
        self.facility = facility
        self.nonfacility = nonfacility
        self.source = source
    }
}

extension OPPSCap: TableRow {
    public static let table = "opps_caps"

    public static let columns = [
        "code", "modifier", "mac", "locality", "facility", "nonfacility", "status", "gpci_mac",
    ]

    public var cells: [Cell] {
        [
            .text(key.code), .text(key.modifier), .text(locality.contractor), .text(locality.number),
            .decimal(facility), .decimal(nonfacility), .text(status), .text(gpciContractor),
        ]
    }
}
