import Schemas

extension Difference {
    private static let moveGroups: Set = ["status", "not_applicable", "indicator", "relative_value", "hcpcs"]
    private static let fewestInFamily = 5

    static func hasMoves(_ category: ChangeCategory) -> Bool {
        moveGroups.contains(category.group) && category.event == .changed
    }

    /// Looks for one value that became another in many rows: by family of codes, or everywhere.
    func moves(in index: Int, of families: Families) -> [Discovery] {
        let category = categories[index]
        var moves: [Move: [Int]] = [:]
        for candidate in open(index) {
            let change = changes[candidate]
            // One RVU among many that are alike by chance is no policy, but one price given to many is.
            if category.group == "relative_value", withFrom(change, digits) != 0, withTo(change, digits) != 0 {
                continue
            }
            moves[Move(column: column(of: change), from: from(change), to: to(change)), default: []]
                .append(candidate)
        }
        var found: [Discovery] = []
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
                found.append(Discovery(rule: rule, changes: rows))
                rest = isOneFamily ? byFamily.dropFirst().flatMap(\.value).sorted() : []
            }
        }
        return found
    }

    /// A family that gets a status gets a price, a global period and indicators with it: one policy, not ten.
    mutating func markAccompanying() {
        guard let status = category("status_changed") else { return }
        var moved: Set<Int32> = []
        for index in changesOfCategory[status] where changes[index].isExplained { moved.insert(changes[index].head) }
        var rows = Array(repeating: 0, count: rules.count)
        for (category, indices) in changesOfCategory.enumerated()
        where category != status && categories[category].table == "relative_values" {
            for index in indices where changes[index].isExplained && moved.contains(changes[index].head) {
                rows[Int(changes[index].rule)] += 1
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
        let isWanted = categories.enumerated().map { index, category in
            index != own && category.event == .changed && Self.moveGroups.contains(category.group)
                && category.id != "unpriced_reason_changed"
        }
        var counts: [Move: Int] = [:]
        for row in rows {
            for change in changes[changesOfRow(row)] where isWanted[Int(change.category)] && !isAbsence(change) {
                counts[Move(column: column(of: change), from: from(change), to: to(change)), default: 0] += 1
            }
        }
        return counts.filter { 10 * $0.value >= 9 * rows.count }.keys.map { move in
            "\(move.column) \(quoted(move.from)) → \(quoted(move.to))"
        }.sorted()
    }
}

/// Which codes belong together: for Level II the letter and first digit, for CPT the category of our own table.
struct Families: Sendable {
    /// Of BASE, then HEAD.
    private let tables: [PublishedTable]
    private var names: [String: String] = [:]

    init(_ difference: Difference) {
        tables = [difference.base?["codes"], difference.head["codes"]].compactMap(\.self)
        for table in tables {
            guard let category = table.column("category") else { continue }
            // Codes of a family stand together.
            for row in 0..<table.count
            where row == 0 || !table.isEqual(row, category, to: table, row - 1, category) {
                let family = table.text(row, category)
                guard Self.isCPT(table.text(row, 0)) else { break }
                if names[family] == nil { names[family] = table.text(row, "category_name") }
            }
        }
    }

    func family(of change: Change, in difference: Difference) -> String {
        let code = difference.code(of: change)
        guard Self.isCPT(code) else { return String(code.prefix(2)) }
        for table in tables.reversed() {
            if let row = table.row(ofCode: code) { return table.text(row, "category") }
        }
        return String(code.prefix(2))
    }

    func title(_ family: String) -> String { names[family] ?? "codes \(family)…" }

    private static func isCPT(_ code: String) -> Bool { code.utf8.first.map { $0 < UInt8(ascii: "A") } ?? false }
}
