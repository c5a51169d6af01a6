import Model
import Parallel
import Payment
import Schemas

extension Tables {
    /// Every payable row in every locality, setting and track: fee, cap and the lesser of them, by the functions that
    /// `tables/payments.csv` is written with.
    func payments(rounds: Int) throws -> Answer {
        let canonical = try self.canonical(
            try documents.map { document throws(IngestError) in try read(document, document.load()) })
        let applies = schemas.payment.workFloorApplies(on: canonical.release.effectiveFrom)
        let localities = canonical.localities.compactMap { $0.gpcis(workFloorApplies: applies) }
        let factors = [canonical.conversionFactors.nonQP] + (canonical.conversionFactors.qp.map { [$0] } ?? [])
        let rows = canonical.codes.flatMap { entry in
            entry.relativeValues.filter(\.isPriced).map { PricedRow($0, siblings: entry.relativeValues) }
        }
        let parts = pieces(of: rows.count, size: 256).map { rows[$0] }

        var answer = Answer()
        for _ in 0..<rounds {
            let sums = answer.time("compute") {
                inParallel(parts) { Sums($0, localities, factors) }.reduce(into: Sums()) { $0.add($1) }
            }
            answer.numbers = [
                "amounts": sums.amounts, "not_applicable": sums.notApplicable, "fee": sums.fee, "cap": sums.cap,
                "payment": sums.payment,
            ]
        }
        return answer
    }
}

/// Counts of payment rows and sums in cents.
private struct Sums: Sendable {
    var amounts: Int64 = 0
    var notApplicable: Int64 = 0
    var fee: Int64 = 0
    var cap: Int64 = 0
    var payment: Int64 = 0

    init() {}

    init(_ rows: ArraySlice<PricedRow>, _ localities: [GPCIs], _ factors: [ConversionFactor]) {
        for row in rows {
            for setting in Setting.allCases {
                for gpci in localities {
                    for factor in factors { count(row, setting, gpci, factor) }
                }
            }
        }
    }

    private mutating func count(_ row: PricedRow, _ setting: Setting, _ gpci: GPCIs, _ factor: ConversionFactor) {
        amounts += 1
        let cap = row.hasCap ? row.cap(setting, gpci, factor) : nil
        self.cap += cap?.units ?? 0
        guard !row.isNA(setting) else {
            notApplicable += 1
            return
        }
        let fee = row.fee(setting, gpci, factor)
        self.fee += fee.units
        payment += min(fee, cap ?? fee).units
    }

    mutating func add(_ other: Sums) {
        amounts += other.amounts
        notApplicable += other.notApplicable
        fee += other.fee
        cap += other.cap
        payment += other.payment
    }
}
