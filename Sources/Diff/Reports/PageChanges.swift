import Model
import Schemas

// The tables of what changed beside the values.

extension Difference {
    /// The groups of categories whose values are statuses and indicators.
    private static let indicatorGroups: Set = ["status", "not_applicable", "indicator"]

    /// One value that became another, with how many rows did so: explained and not.
    var moveTable: PageTable {
        var table = PageTable(
            "moves", "Statuses and indicators: what became what",
            [
                .init("Field", .choice), .init("From"), .init("To"), .init("Rows", .number(.count)),
                .init("Explained", .number(.count)), .init("Residual", .number(.count)),
            ])
        struct Move: Hashable {
            let category: Int
            let from, to: String
        }
        var rows: [Move: (all: Int, explained: Int)] = [:]
        var labels: [Int: (label: String, column: String)] = [:]
        for change in changes(of: Self.indicatorGroups) {
            let move = Move(category: Int(change.category), from: from(change), to: to(change))
            rows[move, default: (0, 0)].all += 1
            if change.isExplained { rows[move, default: (0, 0)].explained += 1 }
            if labels[move.category] == nil { labels[move.category] = (label(change), column(of: change)) }
        }
        let order = rows.sorted { left, right in
            left.key.category != right.key.category
                ? left.key.category < right.key.category
                : left.value.all != right.value.all
                    ? left.value.all > right.value.all
                    : (left.key.from, left.key.to) < (right.key.from, right.key.to)
        }
        for (move, count) in order {
            let (label, column) = labels[move.category] ?? ("", "")
            table.add([
                .text(label), .text(valueText(move.from, column: column)), .text(valueText(move.to, column: column)),
                .number(count.all), .number(count.explained), .number(count.all - count.explained),
            ])
        }
        return table
    }

    /// Statuses and indicators that no rule explains.
    var indicatorTable: PageTable {
        var table = PageTable(
            "indicators", "Statuses and indicators that no rule explains",
            [.init("Code", .code), .init("Field", .choice), .init("From"), .init("To")])
        for change in changes(of: Self.indicatorGroups) where !change.isExplained {
            let column = column(of: change)
            table.add([
                .text(name(of: change)), .text(label(change)), .text(valueText(from(change), column: column)),
                .text(valueText(to(change), column: column)),
            ])
        }
        return table
    }

    /// Rows and codes that came and went.
    var addedTable: PageTable {
        var table = PageTable(
            "added", "Added and deleted",
            [
                .init("Code", .code), .init("What", .choice), .init("The code is", .choice), .init("Status", .choice),
                .init("Work", .number(.rvu)), .init("Non-facility total", .number(.rvu)),
                .init("Facility total", .number(.rvu)), .init("Descriptor"),
            ])
        let known = Set(reinstated)
        let new = Set(changes("codes_added").map { code(of: $0) })
        let gone = Set(changes("codes_removed").map { code(of: $0) })
        func add(_ change: Change, _ what: String, hasRow: Bool) {
            let (rows, row) = withRow(of: change) { ($0, $1) }
            let code = rows.text(row, 0)
            let state =
                known.contains(code)
                ? "reinstated" : new.contains(code) ? "new" : gone.contains(code) ? "gone" : "on both sides"
            let side = change.head >= 0 ? head["codes"] : base?["codes"] ?? .empty
            let descriptor = side.row(ofCode: code).map { side.text($0, "short_descriptor") } ?? ""
            let isPriced = hasRow && rows.text(row, "priced") == "true"
            func units(_ column: String) -> Value {
                // CMS prints 0.00 where there is no price; a reader is told nothing by it.
                let value: RVU? = hasRow ? rows.decimal(row, column) : nil
                return .number(isPriced || value != .zero ? value?.units : nil)
            }
            table.add([
                .text(rows.name(row)), .text(what), .text(state), .text(hasRow ? rows.text(row, "status") : ""),
                units("work"), units("total_nonfacility"), units("total_facility"), .text(descriptor),
            ])
        }
        typealias Value = PageTable.Value
        for change in changes("rows_added") { add(change, "Row added", hasRow: true) }
        for change in changes("rows_removed") { add(change, "Row deleted", hasRow: true) }
        for change in changes("codes_added") where !change.isExplained { add(change, "Code added", hasRow: false) }
        for change in changes("codes_removed") where !change.isExplained {
            add(change, "Code deleted", hasRow: false)
        }
        return table
    }

    /// Codes whose descriptor changed.
    var descriptorTable: PageTable {
        var table = PageTable(
            "descriptors", "Changed descriptors",
            [
                .init("Code", .code), .init("Kind", .choice), .init("Similarity", .number(.percent)),
                .init("Rows", .number(.count)), .init("Words", .words),
            ])
        for descriptor in descriptors {
            let runs =
                descriptor.words?.runs ?? [
                    WordDifference.Run(
                        kind: .same,
                        text: isHidden(descriptor.code)
                            ? "Text not shown in the public tier"
                            : "Same text in the code list; reworded in PPRRVU only")
                ]
            table.add([
                .text(descriptor.code), .text(descriptor.kind.pageName),
                .number(descriptor.words.map { Int64($0.similarity) }), .number(descriptor.rows), .words(runs),
            ])
        }
        return table
    }

    /// Whether the tier keeps a code's descriptor to itself: CPT's and CDT's.
    func isHidden(_ code: String) -> Bool {
        guard head.tier == "public", let first = code.utf8.first else { return false }
        return first < UInt8(ascii: "A") || first == UInt8(ascii: "D")
    }

    /// Level II fields and modifiers that no rule explains.
    var levelTwoTable: PageTable {
        listing("level-two", "Level II fields and modifiers that no rule explains", key: "Code", of: ["hcpcs"]) {
            name(of: $0)
        }
    }

    /// The OPPS caps that no rule explains; their components stand with the relative values.
    var capTable: PageTable {
        listing("caps", "OPPS caps that no rule explains", key: "Code and locality", of: ["opps"]) {
            $0.column >= 0 && table(of: $0).name == "relative_values" ? nil : name(of: $0)
        }
    }

    /// What changed in the editors' texts.
    var editorialTable: PageTable {
        var table = PageTable(
            "editorial-changes", "Changed editorial texts",
            [.init("Text of", .code), .init("What", .choice), .init("Field", .choice), .init("Words", .words)])
        for change in changes(of: ["editorial"]) {
            let isWhole = change.column < 0
            let text = isWhole ? wholeText(change) : ""
            let runs: [WordDifference.Run] =
                isWhole
                ? [.init(kind: change.head >= 0 ? .added : .removed, text: text)]
                : WordDifference(from(change), to(change)).runs
            table.add([
                .text(name(of: change)), .text(eventText(change)),
                .text(isWhole ? words(self.table(of: change).name) : words(column(of: change))), .words(runs),
            ])
        }
        return table
    }

    /// The text of a row that came or went: its first free text.
    private func wholeText(_ change: Change) -> String {
        for column in ["text", "question", "title", "summary"] {
            let text = value(column, of: change)
            if !text.isEmpty { return text }
        }
        return ""
    }

    /// GPCIs, anesthesia factors and areas, explained or not.
    var localityTable: PageTable {
        var table = PageTable(
            "localities", "Localities",
            [
                .init("Locality", .code), .init("State", .choice), .init("Name"), .init("Field", .choice),
                .init("From"), .init("To"), .init("Change %", .number(.percentChange)), .init("Explained by"),
            ])
        for change in changes(of: ["locality"]) {
            let isWhole = change.column < 0
            let old = isWhole ? nil : digits(from(change).utf8)
            let new = isWhole ? nil : digits(to(change).utf8)
            let isDecimal = from(change).contains(".") && to(change).contains(".")
            var percent: Int64?
            if let old, let new, isDecimal { percent = PageNumber.tenths(new - old, of: old) }
            table.add([
                .text(name(of: change)), .text(value("state", of: change)), .text(value("name", of: change)),
                .text(isWhole ? eventText(change) : label(change)), .text(from(change)), .text(to(change)),
                .number(percent), .text(rule(of: change).map { named($0.title) } ?? ""),
            ])
        }
        return table
    }

    // MARK: Parts

    /// Changes of some groups that no rule explains, one line each; `key` gives `nil` for what stands elsewhere.
    private func listing(
        _ id: String, _ caption: String, key title: String, of groups: Set<String>, key: (Change) -> String?
    ) -> PageTable {
        var table = PageTable(
            id, caption,
            [.init(title, .code), .init("What", .choice), .init("Field", .choice), .init("From"), .init("To")])
        for change in changes(of: groups) where !change.isExplained {
            guard let key = key(change) else { continue }
            table.add([
                .text(key), .text(eventText(change)), .text(change.column < 0 ? "" : label(change)),
                .text(from(change)), .text(to(change)),
            ])
        }
        return table
    }

    /// The changes of some groups of categories, without what a side lacks.
    private func changes(of groups: Set<String>) -> [Change] {
        categories.indices.filter { groups.contains(categories[$0].group) }
            .flatMap { changesOfCategory[$0].map { changes[$0] } }.filter { !isAbsence($0) }
    }

    private func eventText(_ change: Change) -> String {
        change.column >= 0 ? "Changed" : change.head >= 0 ? "Added" : "Deleted"
    }
}
