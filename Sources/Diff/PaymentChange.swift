public import Model
public import Payment

/// What a release does to Medicare's national payment (all GPCIs 1.000) for a row in one setting, with the
/// conversion factor of those who are not qualifying APM participants. The OPPS cap is left aside: it is local.
public struct PaymentChange: Sendable {
    public enum Event: String, Sendable {
        /// Paid on both sides.
        case revalued
        /// The setting was NA and is not any more, or the other way round. A price that comes or goes this way is
        /// no revaluation, whatever the difference.
        case applicable, notApplicable = "not_applicable"
        /// The status gave no price and does now, or the other way round.
        case priced, unpriced
    }

    /// Rows of `relative_values` on either side.
    let base: Int
    let head: Int
    public let setting: Setting
    public let event: Event
    /// `nil` where there is no payment.
    public let from: Money?
    public let to: Money?
    /// Only for ``Event/revalued``.
    public let parts: Parts?

    /// The parts of a change, in millionths of a dollar; together they are the change to the cent.
    public struct Parts: Sendable, Equatable {
        public var work: Int64 = 0
        public var pe: Int64 = 0
        public var mp: Int64 = 0
        /// New total × change of the conversion factor.
        public var conversionFactor: Int64 = 0
        /// What rounding both amounts to the cent adds.
        public var rounding: Int64 = 0
        /// Of work, PE and MP: what no systemic rule explains.
        public var unexplained: Int64 = 0

        public static func += (left: inout Parts, right: Parts) {
            left.work += right.work
            left.pe += right.pe
            left.mp += right.mp
            left.conversionFactor += right.conversionFactor
            left.rounding += right.rounding
            left.unexplained += right.unexplained
        }
    }

    /// To − from, in cents.
    public var change: Int64 { (to?.units ?? 0) - (from?.units ?? 0) }

    /// ``Parts/unexplained`` in percent of the old payment, in hundredths, rounded up, without its sign.
    var unexplainedPercent: Int64 {
        guard let parts, let from, from.units > 0 else { return 0 }
        return (Int64(parts.unexplained.magnitude) + from.units - 1) / from.units
    }
}

/// One of each row that is paid on both sides, in one setting: no volumes are known here.
struct PaymentTotal: Sendable {
    let setting: Setting
    var rows = 0
    /// In cents.
    var from: Int64 = 0
    var to: Int64 = 0
    var parts = PaymentChange.Parts()
}

extension Difference {
    /// The payment of every row that both sides have, where it is another.
    func paymentChanges() -> [PaymentChange] {
        guard let oldFactor = base?.conversionFactor, let newFactor = head.conversionFactor,
            let table = tables.first(where: { $0.name == "relative_values" }),
            let old = PricedColumns(table.base), let new = PricedColumns(table.head)
        else { return [] }
        let open = unexplainedComponents(rows: table.head.count)
        var found: [PaymentChange] = []
        found.reserveCapacity(Setting.allCases.count * table.head.count)
        table.merge { before, row in
            guard let before, let row else { return }
            for setting in Setting.allCases {
                let was = old.state(before, setting)
                let isNow = new.state(row, setting)
                guard was == .paid || isNow == .paid else { continue }
                let oldParts = old.components(before, setting)
                let newParts = new.components(row, setting)
                let event: PaymentChange.Event =
                    switch (was, isNow) {
                    case (.notApplicable, _): .applicable
                    case (_, .notApplicable): .notApplicable
                    case (.unpriced, _): .priced
                    case (_, .unpriced): .unpriced
                    default: .revalued
                    }
                let from = was == .paid ? oldParts.payment(oldFactor) : nil
                let to = isNow == .paid ? newParts.payment(newFactor) : nil
                if event == .revalued, from == to, oldParts == newParts { continue }
                var parts: PaymentChange.Parts?
                if event == .revalued {
                    parts = oldParts.parts(to: newParts, oldFactor, newFactor, open: open[row], setting)
                    parts?.rounding =
                        ((to?.units ?? 0) - (from?.units ?? 0)) * 10_000
                        - (newParts.total * newFactor.units - oldParts.total * oldFactor.units)
                }
                found.append(
                    PaymentChange(
                        base: before, head: row, setting: setting, event: event, from: from, to: to, parts: parts))
            }
        }
        return found
    }

    /// By row of HEAD: the components whose change no rule explains.
    private func unexplainedComponents(rows: Int) -> [OpenComponents] {
        var open = [OpenComponents](repeating: [], count: rows)
        for (id, component) in [
            ("work_changed", OpenComponents.work), ("pe_nonfacility_changed", .pe(.nonfacility)),
            ("pe_facility_changed", .pe(.facility)), ("mp_changed", .mp),
        ] {
            guard let category = category(id) else { continue }
            for index in changesOfCategory[category] where !changes[index].isExplained {
                open[Int(changes[index].head)].insert(component)
            }
        }
        return open
    }

    /// One of each row paid on both sides, by setting.
    var paymentTotals: [PaymentTotal] {
        Setting.allCases.map { setting in
            var total = PaymentTotal(setting: setting)
            for payment in payments where payment.setting == setting {
                guard let parts = payment.parts else { continue }
                total.rows += 1
                total.from += payment.from?.units ?? 0
                total.to += payment.to?.units ?? 0
                total.parts += parts
            }
            return total
        }
    }

    /// Revaluations with an unexplained part, the largest first: what a person reads.
    var movers: [PaymentChange] { movers { _ in true } }

    /// Those of ``movers`` that are wanted.
    func movers(where isWanted: (PaymentChange) -> Bool) -> [PaymentChange] {
        openPayments.filter { isWanted(payments[$0.index]) }.sorted().map { payments[$0.index] }
    }

    /// How many ``movers`` there are, and the first of them.
    func largestMovers(_ limit: Int) -> (count: Int, first: [PaymentChange]) {
        let all = openPayments
        var first: [OpenPayment] = []
        for payment in all where first.count < limit || payment < first[limit - 1] {
            first = Array((first + [payment]).sorted().prefix(limit))
        }
        return (all.count, first.map { payments[$0.index] })
    }

    /// Where the revaluations with an unexplained part stand: payments themselves are large to move.
    private var openPayments: [OpenPayment] {
        payments.indices.compactMap { index in
            let payment = payments[index]
            guard let unexplained = payment.parts?.unexplained, unexplained != 0 else { return nil }
            return OpenPayment(size: unexplained.magnitude, row: payment.head, setting: payment.setting, index: index)
        }
    }

    /// The code and modifier of a row of HEAD.
    func rowName(_ payment: PaymentChange) -> (code: String, modifier: String) {
        let table = head["relative_values"]
        return (table.text(payment.head, "code"), table.text(payment.head, "modifier"))
    }
}

/// A payment with an unexplained part, the largest first.
private struct OpenPayment: Comparable {
    let size: UInt64
    let row: Int
    let setting: Setting
    /// Index into ``Difference/payments``.
    let index: Int

    static func < (left: OpenPayment, right: OpenPayment) -> Bool {
        if left.size != right.size { return left.size > right.size }
        return left.row != right.row ? left.row < right.row : left.setting.rawValue < right.setting.rawValue
    }
}

/// Components of a payment whose change no rule explains.
private struct OpenComponents: OptionSet {
    let rawValue: UInt8
    static let work = OpenComponents(rawValue: 1)
    static let mp = OpenComponents(rawValue: 2)
    static func pe(_ setting: Setting) -> OpenComponents {
        OpenComponents(rawValue: setting == .nonfacility ? 4 : 8)
    }
}

/// The columns that decide what is paid.
private struct PricedColumns {
    /// A column for each setting; `nil` where the revision has none.
    private struct BySetting {
        let nonfacility, facility: Int?
        subscript(setting: Setting) -> Int? { setting == .nonfacility ? nonfacility : facility }
    }

    let table: PublishedTable
    private let priced, work, mp: Int
    private let pe, isNA: BySetting

    enum State { case paid, unpriced, notApplicable }

    /// Hundredths of an RVU.
    struct Components: Equatable {
        let work, pe, mp: Int64
        var total: Int64 { work + pe + mp }

        func payment(_ factor: ConversionFactor) -> Money {
            Fee.amount(work: RVU(units: work), pe: RVU(units: pe), mp: RVU(units: mp), .national, factor)
        }

        func parts(
            to new: Components, _ oldFactor: ConversionFactor, _ newFactor: ConversionFactor, open: OpenComponents,
            _ setting: Setting
        ) -> PaymentChange.Parts {
            var parts = PaymentChange.Parts()
            parts.work = (new.work - work) * oldFactor.units
            parts.pe = (new.pe - pe) * oldFactor.units
            parts.mp = (new.mp - mp) * oldFactor.units
            parts.conversionFactor = new.total * (newFactor.units - oldFactor.units)
            if open.contains(.work) { parts.unexplained += parts.work }
            if open.contains(.pe(setting)) { parts.unexplained += parts.pe }
            if open.contains(.mp) { parts.unexplained += parts.mp }
            return parts
        }
    }

    /// `nil` when the revision has no such table.
    init?(_ table: PublishedTable) {
        guard let priced = table.column("priced"), let work = table.column("work"), let mp = table.column("mp") else {
            return nil
        }
        self.table = table
        self.priced = priced
        self.work = work
        self.mp = mp
        pe = BySetting(nonfacility: table.column("pe_nonfacility"), facility: table.column("pe_facility"))
        isNA = BySetting(nonfacility: table.column("pe_nonfacility_na"), facility: table.column("pe_facility_na"))
    }

    func state(_ row: Int, _ setting: Setting) -> State {
        func isTrue(_ column: Int) -> Bool { table.withBytes(row, column) { $0.first == UInt8(ascii: "t") } }
        guard isTrue(priced) else { return .unpriced }
        guard let column = isNA[setting] else { return .paid }
        return isTrue(column) ? .notApplicable : .paid
    }

    func components(_ row: Int, _ setting: Setting) -> Components {
        func units(_ column: Int?) -> Int64 {
            column.flatMap { table.withBytes(row, $0) { RVU($0) } }?.units ?? 0
        }
        return Components(work: units(work), pe: units(pe[setting]), mp: units(mp))
    }
}
