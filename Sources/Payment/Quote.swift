public import Model

/// An amount, or the reason why there is none. Never a zero in place of a reason.
public enum Amount: Sendable, Equatable {
    case money(Money)
    case none(String)

    public var money: Money? { if case .money(let money) = self { money } else { nil } }
    public var reason: String? { if case .none(let reason) = self { reason } else { nil } }
}

/// What Medicare pays for a code and modifier in a setting, a locality and a track, with the steps that lead
/// to it.
public struct Quote: Sendable, Equatable {
    /// The fee from work, PE and MP; a reason for rows that are not priced and settings marked NA.
    public let fee: Amount
    /// What the OPPS imaging cap allows; `nil` for a service without one.
    public let cap: Money?
    /// The lesser of fee and cap.
    public let payment: Amount
    /// 95 % of the payment.
    public let nonparticipating: Money?
    /// 115 % of 95 % of the payment.
    public let limitingCharge: Money?
    /// The fee of a second or later unit of therapy (MULT PROC 5).
    public let therapyReduced: Money?
}

/// A relative value row with what its payment needs from its neighbours.
public struct PricedRow: Sendable {
    public let row: RelativeValue
    /// The work RVU of the `26` row: a status C global row shows none, and its cap includes it.
    public let capWork: RVU

    /// - Parameter siblings: all rows of the code.
    public init(_ row: RelativeValue, siblings: [RelativeValue]) {
        self.row = row
        let professional = siblings.first { $0.key.modifier == Modifier("26") }
        let borrows = row.status == Indicator("C") && row.key.modifier.isBlank
        capWork = borrows ? professional?.work ?? row.work : row.work
    }

    public func pe(_ setting: Setting) -> RVU { setting == .nonfacility ? row.peNonfacility : row.peFacility }

    public func oppsPE(_ setting: Setting) -> RVU {
        setting == .nonfacility ? row.oppsPENonfacility : row.oppsPEFacility
    }

    public func isNA(_ setting: Setting) -> Bool { setting == .nonfacility ? row.isNonfacilityNA : row.isFacilityNA }

    /// Whether CMS gives the row values for the OPPS cap.
    public var hasCap: Bool {
        row.oppsPENonfacility != .zero || row.oppsPEFacility != .zero || row.oppsMP != .zero
    }

    /// The fee by the formula, whatever the setting's NA flag: what CMS's payment file prints.
    public func fee(_ setting: Setting, _ gpci: GPCIs, _ factor: ConversionFactor) -> Money {
        Fee.amount(work: row.work, pe: pe(setting), mp: row.mp, gpci, factor)
    }

    /// The OPPS cap by the formula.
    public func cap(_ setting: Setting, _ gpci: GPCIs, _ factor: ConversionFactor) -> Money {
        Fee.amount(work: capWork, pe: oppsPE(setting), mp: row.oppsMP, gpci, factor)
    }

    /// Why there is no amount in a setting that CMS marks NA.
    public static let notApplicable = "not_applicable_in_setting"

    /// The full quote.
    public func quote(_ setting: Setting, _ gpci: GPCIs, _ factor: ConversionFactor) -> Quote {
        let cap = hasCap ? cap(setting, gpci, factor) : nil
        let fee: Amount =
            if let reason = row.unpricedReason { .none(reason) } else if isNA(setting) {
                .none(Self.notApplicable)
            } else { .money(self.fee(setting, gpci, factor)) }
        let payment: Amount = fee.money.map { .money(min($0, cap ?? $0)) } ?? fee
        let isTherapy = row.multipleProcedure == Indicator("5")
        return Quote(
            fee: fee, cap: cap, payment: payment, nonparticipating: payment.money.map(Fee.nonparticipating),
            limitingCharge: payment.money.map(Fee.limitingCharge),
            therapyReduced: fee.money != nil && isTherapy
                ? Fee.therapyReducedAmount(work: row.work, pe: pe(setting), mp: row.mp, gpci, factor) : nil)
    }
}

extension Locality {
    /// The indices for a day of service; `nil` when the release has no GPCI.
    ///
    /// Where CMS publishes the work index with and without the floor, the day decides; elsewhere there is
    /// only the one in force.
    public func gpcis(workFloorApplies: Bool) -> GPCIs? {
        guard let floored = gpciWork, let pe = gpciPE, let mp = gpciMP else { return nil }
        return GPCIs(work: workFloorApplies ? floored : gpciWorkUnfloored ?? floored, pe: pe, mp: mp)
    }
}
