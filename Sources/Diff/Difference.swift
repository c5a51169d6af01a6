public import Schemas

/// A row that came or went, or a cell that changed, as indices into the tables of both sides: the texts are read
/// where they lie.
struct Change: Sendable {
    /// Index into ``Difference/categories``.
    let category: Int16
    /// Index into ``ComparedTable/columns``; -1 when a whole row came or went.
    let column: Int16
    /// Row in BASE; -1 when only HEAD has it.
    let base: Int32
    /// Row in HEAD; -1 when only BASE has it.
    let head: Int32
    /// Index into ``Difference/rules`` of the rule that explains it; -1 for none.
    var rule: Int32 = -1

    var isExplained: Bool { rule >= 0 }
}

/// A table of both sides.
struct ComparedTable: Sendable {
    /// A column with its index on each side; `nil` where a side has no such column.
    struct Column: Sendable {
        let name: String
        let category: Int16
        let base: Int?
        let head: Int?
    }

    let name: String
    let base: PublishedTable
    let head: PublishedTable
    /// All but the key.
    var columns: [Column] = []
}

/// What changed from one published revision to another, and what explains it. Applied to BASE, the changes give
/// HEAD: every table but payments (which follow) and provenance (which is no fact) is compared cell by cell.
public struct Difference: Sendable {
    /// `nil` for the first release of a store.
    public let base: Snapshot?
    public let head: Snapshot
    public let categories: [ChangeCategory]
    let tables: [ComparedTable]
    /// By category: the index of its table.
    let tableOfCategory: [Int]
    /// By table, then key, then column.
    var changes: [Change] = []
    /// By category: the indices of its changes.
    var changesOfCategory: [[Int]]
    /// What explains changes, in the order in which it was tried.
    var rules: [SystemicRule] = []
    /// By category: how many of its changes a rule explains.
    var explained: [Int]
    var rows = RowCounts()
    /// Columns or whole tables that one side has and the other has not.
    var oneSided: [OneSidedColumn] = []
    var payments: [PaymentChange] = []
    var descriptors: [DescriptorChange] = []
    /// Codes that BASE had not and an earlier release had.
    var reinstated: [String] = []
    /// Overlays of HEAD that want a person.
    var editorialWork: [EditorialTask] = []

    init(base: Snapshot?, head: Snapshot, tables: [ComparedTable], categories: [ChangeCategory]) {
        self.base = base
        self.head = head
        self.categories = categories
        self.tables = tables
        tableOfCategory = categories.map { category in tables.firstIndex { $0.name == category.table } ?? 0 }
        changesOfCategory = Array(repeating: [], count: categories.count)
        explained = Array(repeating: 0, count: categories.count)
    }

    /// Keeps what was found in each stretch of a table, all of it at once.
    mutating func keep(_ found: [[Change]]) {
        changes.reserveCapacity(found.reduce(0) { $0 + $1.count })
        for stretch in found { changes += stretch }
        for (index, change) in changes.enumerated() { changesOfCategory[Int(change.category)].append(index) }
    }

    func category(of change: Change) -> ChangeCategory { categories[Int(change.category)] }
    func tableIndex(of change: Change) -> Int { tableOfCategory[Int(change.category)] }
    func table(of change: Change) -> ComparedTable { tables[tableIndex(of: change)] }

    /// The name of the changed column; empty when a whole row came or went.
    func column(of change: Change) -> String {
        change.column < 0 ? "" : tables[tableIndex(of: change)].columns[Int(change.column)].name
    }

    func rule(of change: Change) -> SystemicRule? { change.isExplained ? rules[Int(change.rule)] : nil }

    /// Whether a change only says that a side cannot have the value.
    func isAbsence(_ change: Change) -> Bool { change.isExplained && rules[Int(change.rule)].origin == .absent }

    /// Gives `body` the row on the side where it is: HEAD when both have it.
    func withRow<Value>(of change: Change, _ body: (PublishedTable, Int) -> Value) -> Value {
        let index = tableIndex(of: change)
        return change.head >= 0
            ? body(tables[index].head, Int(change.head)) : body(tables[index].base, Int(change.base))
    }

    /// Names and values of the row's key.
    func key(of change: Change) -> [(name: String, value: String)] {
        withRow(of: change) { table, row in table.keyColumns.map { (table.columns[$0], table.text(row, $0)) } }
    }

    /// A value of the row by column.
    func value(_ column: String, of change: Change) -> String { withRow(of: change) { $0.text($1, column) } }

    /// The code, which is the first column of every table that has one.
    func code(of change: Change) -> String { withRow(of: change) { $0.text($1, 0) } }

    /// `99213`, `99213-26`, `01112-05`, …
    func name(of change: Change) -> String { withRow(of: change) { $0.name($1) } }

    func from(_ change: Change) -> String {
        withFrom(change) { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    func to(_ change: Change) -> String { withTo(change) { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Gives `body` the bytes of a changed cell in BASE; `nil` where there is none.
    func withFrom<Value>(_ change: Change, _ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value? {
        let index = tableIndex(of: change)
        guard change.base >= 0, change.column >= 0, let column = tables[index].columns[Int(change.column)].base else {
            return nil
        }
        return tables[index].base.withBytes(Int(change.base), column, body)
    }

    /// Gives `body` the bytes of a changed cell in HEAD; `nil` where there is none.
    func withTo<Value>(_ change: Change, _ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value? {
        let index = tableIndex(of: change)
        guard change.head >= 0, change.column >= 0, let column = tables[index].columns[Int(change.column)].head else {
            return nil
        }
        return tables[index].head.withBytes(Int(change.head), column, body)
    }

    /// The index of a category.
    func category(_ id: String) -> Int? { categories.firstIndex { $0.id == id } }

    /// How many changes a category has.
    public func count(_ id: String) -> Int { category(id).map { changesOfCategory[$0].count } ?? 0 }

    func unexplained(_ id: String) -> Int {
        category(id).map { changesOfCategory[$0].count - explained[$0] } ?? 0
    }

    /// The changes of a category.
    func changes(_ id: String) -> [Change] { category(id).map { changesOfCategory[$0].map { changes[$0] } } ?? [] }
}

/// Rows of PPRRVU, as its readers count them: by row, not by cell.
struct RowCounts: Sendable {
    /// On both sides.
    var common = 0
    /// Of these, rows that differ in anything but the conversion factor and columns that only one side has.
    var changed = 0
    /// Codes of which a row's descriptor changed.
    var rewordedCodes = 0
}

/// A column that only one side has, or that has values on one side only.
struct OneSidedColumn: Sendable {
    let table: String
    let column: String
    let isInHead: Bool
    /// Whether the other side has the column, without a value.
    let isEmptyElsewhere: Bool
    /// What most rows have in HEAD: changes to it are not listed one by one.
    let fill: String
}
