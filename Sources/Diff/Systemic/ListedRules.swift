import JSON
import Model
import Schemas

/// The rules of `Schemas/values/systemic-rules.csv`.
extension Difference {
    /// What a rule explains; `nil` where it is not in force, or its category has nothing to explain.
    func discovery(by definition: SystemicRuleDefinition) -> Discovery? {
        guard let category = category(definition.category), isInForce(definition) else { return nil }
        let candidates = open(category)
        guard !candidates.isEmpty else { return nil }
        let explained: [Int] =
            switch definition.kind {
            case .factor: candidates.filter { isScaled(changes[$0], by: definition.factor?.units ?? 0) }
            case .total: sums(candidates, of: definition.with)
            case .companion: companions(candidates, of: definition.with)
            case .uniform: isUniform(candidates) ? candidates : []
            case .certificate: definition.with.allSatisfy(isProvenOnBothSides) ? candidates : []
            }
        let rule = SystemicRule(
            id: definition.id, origin: definition.kind == .factor ? .listed : .derived, category: category,
            title: definition.title, source: definition.source)
        return Discovery(rule: rule, changes: explained)
    }

    private func isInForce(_ definition: SystemicRuleDefinition) -> Bool {
        guard let day = definition.effectiveFrom else { return true }
        guard let before = base?.effectiveFrom, let after = head.effectiveFrom else { return false }
        return before < day && day <= after
    }

    /// Old and new value in units of the last place, for decimals of any number of places.
    func units(_ change: Change) -> (old: Int64, new: Int64)? {
        guard let old = withFrom(change, digits) ?? nil, let new = withTo(change, digits) ?? nil else { return nil }
        return (old, new)
    }

    /// Whether new = half_up(old × factor / 1000).
    func isScaled(_ change: Change, by factor: Int64) -> Bool {
        guard let (old, new) = units(change), old > 0 else { return false }
        return (old * factor + 500) / 1000 == new
    }

    /// Those whose change is the sum of the changes of other columns of the row.
    private func sums(_ candidates: [Int], of components: [String]) -> [Int] {
        guard let table = candidates.first.map({ table(of: changes[$0]) }) else { return [] }
        let columns = components.map { (base: table.base.column($0), head: table.head.column($0)) }
        return candidates.filter { index in
            let change = changes[index]
            guard let total = units(change) else { return false }
            var sum: Int64 = 0
            for column in columns {
                guard let old = column.base, let new = column.head,
                    let before = table.base.withBytes(Int(change.base), old, { RVU($0) }),
                    let after = table.head.withBytes(Int(change.head), new, { RVU($0) })
                else { return false }
                sum += after.units - before.units
            }
            return total.new - total.old == sum
        }
    }

    /// Whether every row that both sides have changes, all from one value to one other.
    private func isUniform(_ candidates: [Int]) -> Bool {
        guard let first = candidates.first.map({ changes[$0] }) else { return false }
        let (from, to) = (from(first), to(first))
        let table = table(of: first)
        let removed = table.base.count - candidates.count
        let added = table.head.count - candidates.count
        let gone = changes.count { tableIndex(of: $0) == tableIndex(of: first) && $0.head < 0 }
        let new = changes.count { tableIndex(of: $0) == tableIndex(of: first) && $0.base < 0 }
        return removed == gone && added == new
            && candidates.allSatisfy { self.from(changes[$0]) == from && self.to(changes[$0]) == to }
    }

    /// Those whose row, or whose code, has a change of another category.
    private func companions(_ candidates: [Int], of others: [String]) -> [Int] {
        let areCodes = candidates.first.map { categories[Int(changes[$0].category)].table } == "codes"
        func owner(_ change: Change) -> String { areCodes ? code(of: change) : name(of: change) }
        let owners = Set(others.flatMap { changes($0) }.map(owner))
        return candidates.filter { owners.contains(owner(changes[$0])) }
    }

    private func isProvenOnBothSides(_ check: String) -> Bool {
        [base, head].allSatisfy { side in
            let score = side?.manifest["verification"]?["checks"]?.elements.first { $0["id"]?.string == check }
            return (score?["checked"]?.integer ?? 0) > 0 && score?["failed"]?.integer == 0
        }
    }
}
