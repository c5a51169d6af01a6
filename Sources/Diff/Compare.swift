import Model
public import Schemas

/// Compares two revisions table by table, explains what is systemic, and works out what it does to payment.
///
/// - Parameters:
///   - base: `nil` for the first release of a store: nothing is compared.
///   - earlier: whether an earlier release than BASE had a code.
public func compare(
    base: Snapshot?, head: Snapshot, schemas: Schemas, earlier: (String) -> Bool = { _ in false }
) -> Difference {
    var difference = Difference(base: base, head: head, categories: schemas.changeCategories)
    if let base {
        for table in Snapshot.compared(schemas) { difference.compare(table, base[table.name], head[table.name]) }
        difference.countRows()
        difference.explain(schemas)
        difference.comparePayments()
        difference.describeDescriptors()
        difference.reinstated = difference.changes("codes_added").map { difference.name(of: $0) }.filter(earlier)
    }
    difference.listEditorialWork()
    return difference
}

extension Difference {
    fileprivate mutating func compare(_ schema: TableSchema, _ base: PublishedTable, _ head: PublishedTable) {
        let added = categories.firstIndex { $0.table == schema.name && $0.event == .added }
        let removed = categories.firstIndex { $0.table == schema.name && $0.event == .removed }
        let columns = compareColumns(schema, base, head)

        var found: [(key: String, changes: [Change])] = []
        var rest = base.rowsByKey()
        for row in 0..<head.count {
            let key = head.key(row)
            guard let old = rest.removeValue(forKey: key) else {
                if let added { found.append((key, [Change(category: added, base: nil, head: row, column: "")])) }
                continue
            }
            var changes: [Change] = []
            for column in columns where !column.isEqual(base, old, head, row) {
                changes.append(Change(category: column.category, base: old, head: row, column: column.name))
            }
            if !changes.isEmpty { found.append((key, changes)) }
        }
        if let removed {
            for (key, row) in rest {
                found.append((key, [Change(category: removed, base: row, head: nil, column: "")]))
            }
        }
        found.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (_, changes) in found {
            for change in changes {
                self.changes.append(change)
                totals[change.category] += 1
            }
        }
    }

    /// A column to compare, with its index on each side.
    private struct Column {
        let name: String
        let category: Int
        let base: Int?
        let head: Int?

        func isEqual(_ old: PublishedTable, _ oldRow: Int, _ new: PublishedTable, _ newRow: Int) -> Bool {
            switch (base, head) {
            case (let base?, let head?): old.bytes(oldRow, base) == new.bytes(newRow, head)
            case (let base?, nil): old.bytes(oldRow, base).isEmpty
            case (nil, let head?): new.bytes(newRow, head).isEmpty
            case (nil, nil): true
            }
        }
    }

    /// Pairs the columns of both sides and notes those that only one side has.
    private mutating func compareColumns(
        _ schema: TableSchema, _ base: PublishedTable, _ head: PublishedTable
    ) -> [Column] {
        var columns: [Column] = []
        let names = schema.columns.filter { !$0.isKey }.map(\.name)
        for name in names {
            guard
                let category = categories.firstIndex(where: { $0.table == schema.name && $0.columns.contains(name) })
            else { continue }
            columns.append(Column(name: name, category: category, base: base.column(name), head: head.column(name)))
            guard base.count > 0, head.count > 0 else { continue }
            let isInBase = base.hasValues(name)
            let isInHead = head.hasValues(name)
            if isInBase != isInHead {
                oneSided.append(
                    OneSidedColumn(
                        table: schema.name, column: name, isInHead: isInHead,
                        isEmptyElsewhere: (isInHead ? base : head).column(name) != nil))
            }
        }
        return columns
    }

    /// Counts PPRRVU rows as their readers do: by row, not by cell, without what one side cannot have.
    fileprivate mutating func countRows() {
        let table = "relative_values"
        let old = base?[table].count ?? 0
        commonRows = old - count("rows_removed")
        let ignored = Set(oneSided.filter { $0.table == table || $0.table == "descriptor_digests" }.map(\.column))
        var changed: Set<String> = []
        var reworded: Set<String> = []
        let descriptor = category("descriptor_changed")
        for change in changes where change.base != nil && change.head != nil {
            let changedTable = self.table(of: change)
            guard changedTable == table || change.category == descriptor, !ignored.contains(change.column) else {
                continue
            }
            changed.insert(name(of: change))
            if change.category == descriptor { reworded.insert(value("code", of: change)) }
        }
        changedRows = changed.count
        rewordedCodes = reworded.count
    }
}
