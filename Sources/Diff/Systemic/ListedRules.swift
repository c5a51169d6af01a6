import JSON
import Model
import Schemas

/// The rules of `Schemas/values/systemic-rules.csv`.
extension Difference {
    mutating func apply(_ definition: SystemicRuleDefinition) {
        guard let category = category(definition.category), isInForce(definition) else { return }
        let candidates = open(category)
        guard !candidates.isEmpty else { return }
        let explained: [Int] =
            switch definition.kind {
            case .factor: candidates.filter { isScaled(changes[$0], by: definition.factor?.units ?? 0) }
            case .total: candidates.filter { isSum(changes[$0], of: definition.with) }
            case .companion: companions(candidates, of: definition.with)
            case .uniform: isUniform(candidates) ? candidates : []
            case .certificate: definition.with.allSatisfy(isProvenOnBothSides) ? candidates : []
            }
        add(
            SystemicRule(
                id: definition.id, origin: definition.kind == .factor ? .listed : .derived, category: category,
                title: definition.title,
                source: definition.source), explaining: explained)
    }

    private func isInForce(_ definition: SystemicRuleDefinition) -> Bool {
        guard let day = definition.effectiveFrom else { return true }
        guard let before = base?.effectiveFrom, let after = head.effectiveFrom else { return false }
        return before < day && day <= after
    }

    /// Old and new value in units of the last place, for decimals of any number of places.
    func units(_ change: Change) -> (old: Int64, new: Int64)? {
        guard let old = digits(from(change)), let new = digits(to(change)) else { return nil }
        return (old, new)
    }

    /// Whether new = half_up(old × factor / 1000).
    func isScaled(_ change: Change, by factor: Int64) -> Bool {
        guard let (old, new) = units(change), old > 0 else { return false }
        return (old * factor + 500) / 1000 == new
    }

    private func isSum(_ change: Change, of components: [String]) -> Bool {
        guard let total = units(change) else { return false }
        let table = table(of: change)
        var sum: Int64 = 0
        for component in components {
            guard let before: RVU = table.base.decimal(Int(change.base), component),
                let after: RVU = table.head.decimal(Int(change.head), component)
            else { return false }
            sum += after.units - before.units
        }
        return total.new - total.old == sum
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
        var rows: Set<String> = []
        var codes: Set<String> = []
        for change in others.flatMap({ changes($0) }) {
            rows.insert(name(of: change))
            codes.insert(code(of: change))
        }
        return candidates.filter { index in
            let change = changes[index]
            return table(of: change).name == "codes"
                ? codes.contains(code(of: change)) : rows.contains(name(of: change))
        }
    }

    private func isProvenOnBothSides(_ check: String) -> Bool {
        [base, head].allSatisfy { side in
            let score = side?.manifest["verification"]?["checks"]?.elements.first { $0["id"]?.string == check }
            return (score?["checked"]?.integer ?? 0) > 0 && score?["failed"]?.integer == 0
        }
    }
}
