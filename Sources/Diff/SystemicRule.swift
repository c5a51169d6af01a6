import JSON
import Model
import Schemas

/// What explains many changes of one category at once.
public struct SystemicRule: Sendable {
    public enum Origin: String, Sendable {
        /// A row of `Schemas/values/systemic-rules.csv`.
        case listed
        /// A row of that table too; the changes are no news: they follow from others.
        case derived
        /// Found in the data.
        case discovered
        /// A side was made without the input, or does not have the column.
        case absent
    }

    /// `efficiency_adjustment_2026`, `factor:mp_changed:1.02`, `move:status_changed:E:A:Q4`.
    public let id: String
    public let origin: Origin
    /// Index into ``Difference/categories``.
    let category: Int
    public let title: String
    /// The document that says so; empty for what was found in the data.
    public let source: String
    /// How many changes of its category it explains exactly.
    public internal(set) var explains = 0
    /// The families of codes that share it, the largest first.
    var families: [(name: String, rows: Int)] = []
    /// What else changed in nearly all of its rows.
    var also: [String] = []
    /// Whether it is a part of status moves: nearly all of its rows have one.
    var accompanies = false
}

extension Difference {
    /// Finds what explains the changes: what a side cannot have, then the listed rules, then what the data shows.
    mutating func explain(_ schemas: Schemas) {
        explainAbsence(schemas)
        for definition in schemas.systemicRules { apply(definition) }
        for id in ["work", "pe_nonfacility", "pe_facility", "mp", "opps_pe_nonfacility", "opps_pe_facility", "opps_mp"]
        {
            discoverFactors("\(id)_changed")
        }
        discoverFactors("gpci_changed")
        discoverMoves()
        markAccompanying()
        rules = rules.filter { $0.explains > 0 }
    }

    /// Adds a rule and marks the changes that it explains.
    private mutating func add(_ rule: SystemicRule, explaining indices: [Int]) {
        guard !indices.isEmpty else { return }
        var rule = rule
        rule.explains = indices.count
        for index in indices { changes[index].rule = Int32(rules.count) }
        rules.append(rule)
        explained[rule.category] += indices.count
    }

    /// The changes of a category that nothing explains yet.
    private func open(_ category: Int) -> [Int] {
        changesOfCategory[category].filter { !changes[$0].isExplained }
    }

    // MARK: What a side cannot have

    private mutating func explainAbsence(_ schemas: Schemas) {
        guard let base else { return }
        for (index, category) in categories.enumerated() where !changesOfCategory[index].isEmpty {
            let columns = Set(oneSided.filter { $0.table == category.table }.map(\.column))
            let absent = category.input.flatMap { input -> (name: String, side: String)? in
                let isInBase = !base.missingInputs.contains(input.rawValue)
                let isInHead = !head.missingInputs.contains(input.rawValue)
                return isInBase == isInHead ? nil : (input.name, isInBase ? "HEAD" : "BASE")
            }
            if let absent {
                // Codes of PPRRVU come and go with their rows; only Level II's own list is missing.
                let explained = open(index).filter {
                    category.event != .changed || columns.contains(column(of: changes[$0])) || category.table == "codes"
                }.filter { category.table != "conversion_factors" || value("service", of: changes[$0]) == "anesthesia" }
                add(
                    SystemicRule(
                        id: "input_missing:\(category.id)", origin: .absent, category: index,
                        title: "\(absent.side) was made without \(absent.name)", source: "manifest.json"),
                    explaining: explained.filter { !hasRowChange(changes[$0], category) })
            }
            for column in category.columns where columns.contains(column) {
                guard let side = oneSided.first(where: { $0.table == category.table && $0.column == column }) else {
                    continue
                }
                add(
                    SystemicRule(
                        id: "column_absent:\(category.id):\(column)", origin: .absent, category: index,
                        title: "Only \(side.isInHead ? "HEAD" : "BASE") has \(category.table).\(column)",
                        source: "manifest.json"),
                    explaining: open(index).filter { self.column(of: changes[$0]) == column })
            }
        }
    }

    /// Whether a code comes or goes for its PPRRVU rows, whatever the HCPCS file says.
    private func hasRowChange(_ change: Change, _ category: ChangeCategory) -> Bool {
        category.table == "codes" && category.event != .changed
            && value("relative_values_absence", of: change).isEmpty
    }

    // MARK: Listed rules

    private mutating func apply(_ definition: SystemicRuleDefinition) {
        guard let category = category(definition.category), isInForce(definition) else { return }
        let candidates = open(category)
        guard !candidates.isEmpty else { return }
        let explained: [Int] =
            switch definition.kind {
            case .factor: candidates.filter { isScaled(changes[$0], by: definition.factor?.units ?? 0) }
            case .total: candidates.filter { isSum(changes[$0], of: definition.with) }
            case .companion: companions(candidates, of: definition.with)
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
    private func units(_ change: Change) -> (old: Int64, new: Int64)? {
        guard let old = digits(from(change)), let new = digits(to(change)) else { return nil }
        return (old, new)
    }

    /// Whether new = half_up(old × factor / 1000).
    private func isScaled(_ change: Change, by factor: Int64) -> Bool {
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

    // MARK: Discovered factors

    private static let fewestChanges = 20
    private static let largestFactor = 4000

    /// Looks for one factor, in thousandths, that makes most of a category's new values from the old ones with
    /// CMS's rounding. Values below 1.00 fit too many factors to be evidence; they are explained once larger ones
    /// have shown the factor.
    private mutating func discoverFactors(_ id: String) {
        guard let category = category(id) else { return }
        for _ in 0..<3 {
            let candidates = open(category)
            guard candidates.count >= Self.fewestChanges else { return }
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
            guard best.hits >= Self.fewestChanges, 2 * best.hits >= evidence else { return }
            var factor: [UInt8] = []
            appendDecimal(Int64(best.factor), places: 3, to: &factor)
            let text = String(decoding: factor, as: UTF8.self)
            add(
                SystemicRule(
                    id: "factor:\(id):\(text)", origin: .discovered, category: category,
                    title: "\(categories[category].meaning) × \(text), rounded half up", source: ""),
                explaining: candidates.filter { isScaled(changes[$0], by: Int64(best.factor)) })
        }
    }

    // MARK: Discovered moves

    private static let moveGroups: Set = ["status", "not_applicable", "indicator", "relative_value", "hcpcs"]
    private static let fewestInFamily = 5

    /// Looks for one value that became another in many rows: by family of codes, or everywhere.
    private mutating func discoverMoves() {
        let families = Families(self)
        for (index, category) in categories.enumerated()
        where Self.moveGroups.contains(category.group) && category.event == .changed {
            var moves: [Move: [Int]] = [:]
            for candidate in open(index) {
                let change = changes[candidate]
                let move = Move(column: column(of: change), from: from(change), to: to(change))
                // One RVU among many that are alike by chance is no policy, but one price given to many is.
                if category.group == "relative_value", digits(move.from) != 0, digits(move.to) != 0 { continue }
                moves[move, default: []].append(candidate)
            }
            for move in moves.keys.sorted() {
                var rest = moves[move] ?? []
                while rest.count >= Self.fewestInFamily {
                    let byFamily = Dictionary(grouping: rest) { families.family(of: changes[$0], in: self) }
                        .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
                    guard let largest = byFamily.first else { break }
                    let isOneFamily =
                        2 * largest.value.count >= rest.count && largest.value.count >= Self.fewestInFamily
                    guard isOneFamily || rest.count >= Self.fewestChanges else { break }
                    let rows = isOneFamily ? largest.value : rest
                    var rule = SystemicRule(
                        id: "move:\(category.id):\(move.column == category.columns.first ? "" : move.column + ":")"
                            + "\(move.from):\(move.to)" + (isOneFamily ? ":\(largest.key)" : ""),
                        origin: .discovered, category: index,
                        title: "\(category.meaning) \(described(move)), "
                            + (isOneFamily
                                ? families.title(largest.key) : "\(byFamily.count) families of codes"),
                        source: "")
                    rule.families =
                        isOneFamily
                        ? [(largest.key, rows.count)] : byFamily.map { ($0.key, $0.value.count) }
                    if category.group == "status" { rule.also = shared(by: rows, besides: index) }
                    add(rule, explaining: rows)
                    rest = isOneFamily ? rest.filter { !changes[$0].isExplained } : []
                }
            }
        }
    }

    /// A family that gets a status gets a price, a global period and indicators with it: one policy, not ten.
    private mutating func markAccompanying() {
        guard let status = category("status_changed") else { return }
        var moved: Set<Int32> = []
        for index in changesOfCategory[status] where changes[index].isExplained { moved.insert(changes[index].head) }
        var rows = Array(repeating: 0, count: rules.count)
        for (category, indices) in changesOfCategory.enumerated()
        where category != status && categories[category].table == "relative_values" {
            for change in indices.map({ changes[$0] }) where change.isExplained && moved.contains(change.head) {
                rows[Int(change.rule)] += 1
            }
        }
        for index in rules.indices where rules[index].origin == .discovered {
            rules[index].accompanies = 10 * rows[index] >= 9 * rules[index].explains
        }
    }

    private struct Move: Hashable, Comparable {
        let column, from, to: String
        static func < (left: Move, right: Move) -> Bool {
            (left.column, left.from, left.to) < (right.column, right.from, right.to)
        }
    }

    private func described(_ move: Move) -> String {
        switch (move.from, move.to) {
        case ("false", "true"): "set"
        case ("true", "false"): "taken away"
        default: "\(quoted(move.from)) → \(quoted(move.to))"
        }
    }

    private func quoted(_ value: String) -> String { value.isEmpty ? "none" : value }

    /// What else changed alike in at least nine of ten of the rows.
    private func shared(by rows: [Int], besides own: Int) -> [String] {
        let wanted = Set(rows.map { changes[$0].head })
        var counts: [String: Int] = [:]
        for (index, category) in categories.enumerated()
        where index != own && category.table == "relative_values" && Self.moveGroups.contains(category.group)
            && category.id != "unpriced_reason_changed"
        {
            for change in changesOfCategory[index].map({ changes[$0] })
            where change.column >= 0 && wanted.contains(change.head) && rule(of: change)?.origin != .absent {
                counts["\(column(of: change)) \(quoted(from(change))) → \(quoted(to(change)))", default: 0] += 1
            }
        }
        return counts.filter { 10 * $0.value >= 9 * rows.count }.keys.sorted()
    }
}

/// Which codes belong together: for Level II the letter and first digit, for CPT the category of our own table.
private struct Families {
    private var categories: [String: String] = [:]
    private var names: [String: String] = [:]

    init(_ difference: Difference) {
        for table in [difference.base?["codes"], difference.head["codes"]].compactMap(\.self) {
            for row in 0..<table.count {
                guard let first = table.bytes(row, 0).first, first < UInt8(ascii: "A") else { continue }
                let category = table.text(row, "category")
                categories[table.text(row, 0)] = category
                if names[category] == nil { names[category] = table.text(row, "category_name") }
            }
        }
    }

    func family(of change: Change, in difference: Difference) -> String {
        let code = difference.code(of: change)
        return categories[code] ?? String(code.prefix(2))
    }

    func title(_ family: String) -> String { names[family] ?? "codes \(family)…" }
}

/// A decimal's digits as one number: its units of the last place.
func digits(_ text: String) -> Int64? {
    var units: Int64 = 0
    var count = 0
    for byte in text.utf8 where byte != UInt8(ascii: ".") {
        guard (0x30...0x39).contains(byte), count < 17 else { return nil }
        units = units * 10 + Int64(byte - 0x30)
        count += 1
    }
    return count > 0 ? units : nil
}
