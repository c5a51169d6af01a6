import Model
import Schemas

extension Difference {
    /// Fewer changes than this are no rule, unless they are of one family.
    static let fewestChanges = 20
    private static let largestFactor = 4000
    static let valuesWithFactors: Set = [
        "work_changed", "pe_nonfacility_changed", "pe_facility_changed", "mp_changed", "opps_pe_nonfacility_changed",
        "opps_pe_facility_changed", "opps_mp_changed", "gpci_changed",
    ]

    /// Looks for one factor, in thousandths, that makes most of a category's new values from the old ones with
    /// CMS's rounding. Values below 1.00 fit too many factors to be evidence; they are explained once larger ones
    /// have shown the factor.
    func factors(in category: Int) -> [Discovery] {
        let id = categories[category].id
        var found: [Discovery] = []
        var candidates = open(category)
        while found.count < 3, candidates.count >= Self.fewestChanges {
            var starts = [Int](repeating: 0, count: Self.largestFactor + 2)
            var evidence = 0
            for index in candidates {
                guard let (old, new) = units(changes[index]), old >= 100, new > 0 else { continue }
                evidence += 1
                // new = ⌊(old · factor + 500) / 1000⌋ holds for these factors.
                let first = (1000 * new - 500 + old - 1) / old
                let last = (1000 * new + 499) / old
                guard first <= last, last <= Self.largestFactor else { continue }
                starts[Int(first)] += 1
                starts[Int(last) + 1] -= 1
            }
            var hits = 0
            var best = (factor: 0, hits: 0)
            for factor in 1...Self.largestFactor {
                hits += starts[factor]
                if hits > best.hits { best = (factor, hits) }
            }
            guard best.hits >= Self.fewestChanges, 2 * best.hits >= evidence else { break }
            var factor: [UInt8] = []
            appendDecimal(Int64(best.factor), places: 3, to: &factor)
            let text = String(decoding: factor, as: UTF8.self)
            let rule = SystemicRule(
                id: "factor:\(id):\(text)", origin: .discovered, category: category,
                title: "\(categories[category].meaning) × \(text), rounded half up", source: "")
            let byFit = Dictionary(grouping: candidates) { isScaled(changes[$0], by: Int64(best.factor)) }
            found.append(Discovery(rule: rule, changes: byFit[true] ?? []))
            candidates = byFit[false] ?? []
        }
        return found
    }
}
