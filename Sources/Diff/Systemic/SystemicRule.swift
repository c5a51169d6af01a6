import Model
import Parallel
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

/// A rule and what it explains of the data.
struct Discovery: Sendable {
    let rule: SystemicRule
    /// The indices of the changes that it explains.
    let changes: [Int]
}

extension Difference {
    /// Finds what explains the changes: what a side cannot have, then the listed rules, then what the data shows.
    mutating func explain(_ schemas: Schemas) {
        explainAbsence(schemas)
        for discovery in inParallel(schemas.systemicRules, { [self] in discovery(by: $0) }) {
            guard let discovery else { continue }
            // What two rules explain is the first one's.
            add(discovery.rule, explaining: discovery.changes.filter { !changes[$0].isExplained })
        }
        discover(in: categories.indices.filter { Self.valuesWithFactors.contains(categories[$0].id) }) {
            $0.factors(in: $1)
        }
        let families = Families(self)
        discover(in: categories.indices.filter { Self.hasMoves(categories[$0]) }) { $0.moves(in: $1, of: families) }
        markAccompanying()
        rules = rules.filter { $0.explains > 0 }
    }

    /// Adds the rules that `find` finds in each category by itself, in the order of the categories.
    private mutating func discover(
        in categories: [Int], _ find: @escaping @Sendable (Difference, Int) -> [Discovery]
    ) {
        for discovery in inParallel(categories, { [self] in find(self, $0) }).joined() {
            add(discovery.rule, explaining: discovery.changes)
        }
    }

    /// Adds a rule and marks the changes that it explains.
    mutating func add(_ rule: SystemicRule, explaining indices: [Int]) {
        guard !indices.isEmpty else { return }
        var rule = rule
        rule.explains = indices.count
        for index in indices { changes[index].rule = Int32(rules.count) }
        rules.append(rule)
        explained[rule.category] += indices.count
    }

    /// The indices of all changes of the row of a change: they stand together.
    func changesOfRow(_ index: Int) -> Range<Int> {
        func isOfRow(_ other: Int) -> Bool {
            changes[other].head == changes[index].head && changes[other].base == changes[index].base
                && tableIndex(of: changes[other]) == tableIndex(of: changes[index])
        }
        let first = (0..<index).last { !isOfRow($0) }.map { $0 + 1 } ?? 0
        return first..<(((index + 1)..<changes.count).first { !isOfRow($0) } ?? changes.count)
    }

    /// The changes of a category that nothing explains yet.
    func open(_ category: Int) -> [Int] {
        changesOfCategory[category].filter { !changes[$0].isExplained }
    }
}

/// A decimal's digits as one number: its units of the last place. More digits than any value of CMS's has give `nil`, so
/// that products of two of them cannot overflow.
func digits(_ text: some Sequence<UInt8>) -> Int64? {
    var units: Int64 = 0
    var count = 0
    for byte in text where byte != UInt8(ascii: ".") {
        guard (0x30...0x39).contains(byte), count < 12 else { return nil }
        units = units * 10 + Int64(byte - 0x30)
        count += 1
    }
    return count > 0 ? units : nil
}
