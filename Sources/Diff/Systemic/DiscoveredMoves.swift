import Schemas

extension Difference {
    private static let moveGroups: Set = ["status", "not_applicable", "indicator", "relative_value", "hcpcs"]
    private static let fewestInFamily = 5

    /// Looks for one value that became another in many rows: by family of codes, or everywhere.
    mutating func discoverMoves() {
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
    mutating func markAccompanying() {
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
