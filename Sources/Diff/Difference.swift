import Model
public import Schemas

/// A row that came or went, or a cell that changed, as indices into the tables of both sides: the texts are read
/// where they lie.
public struct Change: Sendable {
    /// Index into ``Difference/categories``.
    let category: Int
    /// Row in BASE; `nil` when only HEAD has it.
    let base: Int?
    /// Row in HEAD; `nil` when only BASE has it.
    let head: Int?
    /// The changed column's name; empty when a whole row came or went.
    let column: String
    /// Index into ``Difference/rules`` of the rule that explains it.
    var rule: Int?
}

/// What changed from one published revision to another, and what explains it. Applied to BASE, the changes give
/// HEAD: every table but payments (which follow) and provenance (which is no fact) is compared cell by cell.
public struct Difference: Sendable {
    /// `nil` for the first release of a store.
    public let base: Snapshot?
    public let head: Snapshot
    public let categories: [ChangeCategory]
    /// By table, then key, then column.
    var changes: [Change] = []
    /// What explains changes, in the order in which it was tried.
    var rules: [SystemicRule] = []
    /// How many changes each category has, in the order of ``categories``.
    var totals: [Int]
    /// Of these, how many a rule explains.
    var explained: [Int]
    /// Rows of PPRRVU on both sides.
    var commonRows = 0
    /// Of these, rows that differ in anything but the conversion factor and columns that only one side has.
    var changedRows = 0
    /// Columns or whole tables that one side has and the other has not.
    var oneSided: [OneSidedColumn] = []
    /// Codes of PPRRVU of which a row's descriptor changed.
    var rewordedCodes = 0
    var payments: [PaymentChange] = []
    var descriptors: [DescriptorChange] = []
    /// Codes that BASE had not and an earlier release had.
    var reinstated: [String] = []
    /// Overlays of HEAD that want a person.
    var editorialWork: [EditorialTask] = []

    init(base: Snapshot?, head: Snapshot, categories: [ChangeCategory]) {
        self.base = base
        self.head = head
        self.categories = categories
        totals = Array(repeating: 0, count: categories.count)
        explained = totals
    }

    func table(of change: Change) -> String { categories[change.category].table }

    /// The row's table and row on the side where it is: HEAD when both have it.
    private func place(_ change: Change) -> (table: PublishedTable, row: Int) {
        if let row = change.head { return (head[table(of: change)], row) }
        return (base?[table(of: change)] ?? PublishedTable.empty, change.base ?? 0)
    }

    /// Names and values of the row's key.
    func key(of change: Change) -> [(name: String, value: String)] {
        let (table, row) = place(change)
        return table.keyColumns.map { (table.columns[$0], table.text(row, $0)) }
    }

    /// A value of the row by column, on the side where it is: HEAD when both have it.
    func value(_ column: String, of change: Change) -> String {
        let (table, row) = place(change)
        return table.text(row, column)
    }

    /// `99213`, `99213-26`, `01112-05`, …
    func name(of change: Change) -> String {
        key(of: change).map(\.value).filter { !$0.isEmpty }.joined(separator: "-")
    }

    func from(_ change: Change) -> String {
        change.base.map { base?[table(of: change)].text($0, change.column) ?? "" } ?? ""
    }

    func to(_ change: Change) -> String { change.head.map { head[table(of: change)].text($0, change.column) } ?? "" }

    /// The index of a category, which `Schemas/values/change-categories.csv` must have.
    func category(_ id: String) -> Int? { categories.firstIndex { $0.id == id } }

    /// How many changes a category has.
    public func count(_ id: String) -> Int { category(id).map { totals[$0] } ?? 0 }

    func unexplained(_ id: String) -> Int { category(id).map { totals[$0] - explained[$0] } ?? 0 }

    /// The changes of a category.
    func changes(_ id: String) -> [Change] {
        guard let index = category(id) else { return [] }
        return changes.filter { $0.category == index }
    }

    public var isEmpty: Bool { changes.isEmpty && oneSided.isEmpty }
}

/// A column that only one side has, or that has values on one side only.
struct OneSidedColumn: Sendable {
    let table: String
    let column: String
    let isInHead: Bool
    /// Whether the other side has the column, without a value.
    let isEmptyElsewhere: Bool
}
