import Parallel
public import Schemas

/// Compares two revisions table by table, explains what is systemic, and works out what it does to payment.
///
/// - Parameters:
///   - base: `nil` for the first release of a store: nothing is compared.
///   - earlier: those of some codes that a release before BASE had.
public func compare(
    base: Snapshot?, head: Snapshot, schemas: Schemas, earlier: ([String]) -> [String] = { _ in [] }
) -> Difference {
    let categories = schemas.changeCategories
    let tables = Snapshot.compared(schemas).map { schema in
        ComparedTable(schema, base?[schema.name] ?? PublishedTable.empty, head[schema.name], categories)
    }
    var difference = Difference(base: base, head: head, tables: tables, categories: categories)
    if base != nil {
        let (changes, oneSided) = sideBySide {
            inParallel(tables.flatMap(\.stretches)) { $0.table.changes(categories, $0) }
        } and: {
            inParallel(tables, \.oneSided)
        }
        difference.keep(changes)
        difference.oneSided = oneSided.flatMap(\.self)
        difference.explain(schemas)
        let explained = difference
        (difference.payments, (difference.descriptors, difference.rows)) = sideBySide {
            explained.paymentChanges()
        } and: {
            (explained.descriptorChanges(), explained.rowCounts())
        }
        difference.reinstated = earlier(
            difference.changes("codes_added").filter { !difference.isAbsence($0) }
                .map { difference.code(of: $0) })
    }
    difference.listEditorialWork()
    return difference
}

extension ComparedTable {
    fileprivate init(
        _ schema: TableSchema, _ base: PublishedTable, _ head: PublishedTable, _ categories: [ChangeCategory]
    ) {
        name = schema.name
        self.base = base
        self.head = head
        for column in schema.columns where !column.isKey {
            guard
                let category = categories.firstIndex(where: {
                    $0.table == schema.name && $0.columns.contains(column.name)
                })
            else { continue }
            columns.append(
                Column(
                    name: column.name, category: Int16(category), base: base.column(column.name),
                    head: head.column(column.name)))
        }
    }

    /// Whether the cell is the same on both sides; no column is as good as no value.
    fileprivate func isEqual(_ column: (base: Int?, head: Int?), _ baseRow: Int, _ headRow: Int) -> Bool {
        switch column {
        case (let old?, let new?): base.isEqual(baseRow, old, to: head, headRow, new)
        case (let old?, nil): base.isEmpty(baseRow, old)
        case (nil, let new?): head.isEmpty(headRow, new)
        case (nil, nil): true
        }
    }

    /// Walks the rows of both sides in the order of their keys.
    func merge(_ body: (_ base: Int?, _ head: Int?) -> Void) {
        merge(base: 0..<base.count, head: 0..<head.count, body)
    }

    /// Walks a stretch of the rows of each side, by their places in the order of keys.
    fileprivate func merge(
        base lefts: Range<Int>, head rights: Range<Int>, _ body: (_ base: Int?, _ head: Int?) -> Void
    ) {
        var left = lefts.lowerBound
        var right = rights.lowerBound
        while left < lefts.upperBound || right < rights.upperBound {
            let order =
                left == lefts.upperBound
                ? 1
                : right == rights.upperBound
                    ? -1 : base.compareKey(base.row(at: left), to: head, head.row(at: right))
            body(order <= 0 ? base.row(at: left) : nil, order >= 0 ? head.row(at: right) : nil)
            if order <= 0 { left += 1 }
            if order >= 0 { right += 1 }
        }
    }

    /// Neighbouring rows of both sides.
    fileprivate struct Stretch: Sendable {
        let table: ComparedTable
        let base, head: Range<Int>
    }

    /// The table in parts that can be compared side by side.
    fileprivate var stretches: [Stretch] {
        let starts = stride(from: 0, to: max(base.count, 1), by: 4096).map { place in
            (base: place, head: place == 0 ? 0 : head.place(of: base.row(at: place), in: base))
        }
        let ends = starts.dropFirst() + [(base.count, head.count)]
        return zip(starts, ends).map { start, end in
            Stretch(table: self, base: start.base..<end.base, head: start.head..<end.head)
        }
    }
}

extension ComparedTable {
    /// What differs in a stretch, row by row in the order of the keys.
    fileprivate func changes(_ categories: [ChangeCategory], _ stretch: Stretch) -> [Change] {
        func category(_ event: ChangeCategory.Event) -> Int16? {
            categories.firstIndex { $0.table == name && $0.event == event }.map(Int16.init)
        }
        let added = category(.added)
        let removed = category(.removed)
        var found: [Change] = []
        let hasSameColumns = base.columns == head.columns
        let pairs = columns.map { (base: $0.base, head: $0.head) }
        merge(base: stretch.base, head: stretch.head) { old, new in
            switch (old, new) {
            case (let old?, let new?):
                if hasSameColumns, base.isEqual(row: old, to: head, row: new) { return }
                for index in pairs.indices where !isEqual(pairs[index], old, new) {
                    found.append(
                        Change(
                            category: columns[index].category, column: Int16(index), base: Int32(old), head: Int32(new))
                    )
                }
            case (let old?, nil):
                if let removed { found.append(Change(category: removed, column: -1, base: Int32(old), head: -1)) }
            case (nil, let new?):
                if let added { found.append(Change(category: added, column: -1, base: -1, head: Int32(new))) }
            case (nil, nil): break
            }
        }
        return found
    }

    /// The columns that only one side has.
    fileprivate var oneSided: [OneSidedColumn] {
        guard base.count > 0, head.count > 0 else { return [] }
        let (inBase, inHead) = (base.columnsWithValues(), head.columnsWithValues())
        return columns.compactMap { column in
            let isInBase = column.base.map { inBase[$0] } ?? false
            let isInHead = column.head.map { inHead[$0] } ?? false
            guard isInBase != isInHead else { return nil }
            return OneSidedColumn(
                table: name, column: column.name, isInHead: isInHead,
                isEmptyElsewhere: (isInHead ? column.base : column.head) != nil,
                fill: isInHead ? head.commonest(column.name) : "")
        }
    }
}

extension Difference {
    /// Without what one side cannot have.
    fileprivate func rowCounts() -> RowCounts {
        let values = "relative_values"
        var counts = RowCounts()
        counts.common = (base?[values].count ?? 0) - count("rows_removed")
        let reworded = changes("descriptor_changed")
        counts.rewordedCodes = Set(reworded.map { code(of: $0) }).count
        guard let index = tables.firstIndex(where: { $0.name == values }) else { return counts }
        var isReworded = [Bool](repeating: false, count: tables[index].head.count)
        for change in reworded {
            let row = withRow(of: change) { tables[index].head.row(like: $1, of: $0) }
            if let row { isReworded[row] = true }
        }
        counts.changed = isReworded.count(where: \.self)
        let isIgnored = tables[index].columns.map { column in
            oneSided.contains { $0.table == values && $0.column == column.name }
        }
        var lastRow: Int32 = -1
        for change in changes where change.column >= 0 && change.head != lastRow && tableIndex(of: change) == index {
            guard !isIgnored[Int(change.column)] else { continue }
            lastRow = change.head
            if !isReworded[Int(change.head)] { counts.changed += 1 }
        }
        return counts
    }
}
