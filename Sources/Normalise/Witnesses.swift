import Model
import Schemas

/// A table read from one form, with the same table read from another as its witness.
enum Witness {
    /// Compares two forms of PPRRVU on every field of every row.
    static func compare(_ primary: PPRRVUFile, with witness: PPRRVUFile) -> Check {
        var pairs = Pairs(primary: primary.raw, witness: witness.raw)
        // Rows are long, and compared where they lie.
        let (own, others) = (primary.rows, witness.rows)
        mergePlaces(own, others, key: \.value.key) { place, other in
            pairs.pair(
                place.map { own[$0].value.source }, other.map { others[$0].value.source },
                key: place.map { own[$0].value.key } ?? other.map { others[$0].value.key }
            ) {
                guard let place, let other, !own[place].hasValues(of: others[other]) else { return [] }
                let (left, right) = (own[place], others[other])
                var differences: [Difference] = []
                if left.descriptor != right.descriptor {
                    differences.append(Difference("descriptor", "(text)", "(other text)"))
                }
                if left.value.conversionFactor != right.value.conversionFactor {
                    differences.append(
                        Difference(
                            "conversion_factor", left.value.conversionFactor.description,
                            right.value.conversionFactor.description))
                }
                return differences + cellDifferences(left.value, right.value)
            }
        }
        return pairs.check
    }

    static func cellDifferences<Row: TableRow>(_ left: Row, _ right: Row) -> [Difference] {
        zip(Row.columns, zip(left.cells, right.cells)).compactMap { column, cells in
            cells.0 == cells.1 ? nil : Difference(column, cells.0.shown, cells.1.shown)
        }
    }

    /// Walks two sorted lists side by side.
    static func merge<Element, Key: Comparable>(
        _ left: [Element], _ right: [Element], key: (Element) -> Key, _ body: (Element?, Element?) -> Void
    ) {
        mergePlaces(left, right, key: key) { own, other in body(own.map { left[$0] }, other.map { right[$0] }) }
    }

    /// The same by their places in the lists.
    private static func mergePlaces<Element, Key: Comparable>(
        _ left: [Element], _ right: [Element], key: (Element) -> Key, _ body: (Int?, Int?) -> Void
    ) {
        var i = 0
        var j = 0
        while i < left.count || j < right.count {
            if j == right.count || (i < left.count && key(left[i]) < key(right[j])) {
                body(i, nil)
                i += 1
            } else if i == left.count || key(right[j]) < key(left[i]) {
                body(nil, j)
                j += 1
            } else {
                body(i, j)
                i += 1
                j += 1
            }
        }
    }

    struct Difference {
        let field: String
        let primary: String
        let witness: String

        init(_ field: String, _ primary: String, _ witness: String) {
            self.field = field
            self.primary = primary
            self.witness = witness
        }
    }

    /// Counts pairs of rows and collects what differs.
    struct Pairs {
        let primary: RawTable
        let witness: RawTable
        /// Why a difference is no error: the identifier of a listed defect, and its meaning here.
        var explanation: (_ key: String, Difference) -> (defect: String, meaning: String)? = { _, _ in nil }
        private(set) var check: Check
        private(set) var notes = Diagnostics()

        init(primary: RawTable, witness: RawTable) {
            self.primary = primary
            self.witness = witness
            check = Check(
                id: witness.form == .xlsx ? "csv_equals_xlsx" : "csv_equals_txt",
                detail: "\(primary.table.name) \(primary.form.rawValue) = \(witness.form.rawValue), every field")
        }

        /// - Parameter key: asked for only where something differs.
        mutating func pair<Key: CustomStringConvertible>(
            _ left: Source?, _ right: Source?, key: @autoclosure () -> Key?, _ differences: () -> [Difference]
        ) {
            guard let left, let right else {
                check.fail(
                    Place(left?.file ?? right?.file ?? "", line: left?.line ?? right?.line),
                    "\(key()?.description ?? "") stands in the \((left == nil ? witness : primary).form.rawValue) and not in the "
                        + "\((left == nil ? primary : witness).form.rawValue)",
                    hint: "One of the two files is cut, or they are of different releases.")
                return
            }
            let found = differences()
            let name = found.isEmpty ? "" : key()?.description ?? ""
            var defect: String?
            var isCounted = false
            for difference in found {
                if let reason = explanation(name, difference) {
                    defect = reason.defect
                    notes.add(
                        Diagnostic(
                            .note, "known_difference", at: left.place,
                            "\(name) \(difference.field): \(reason.meaning)"))
                    continue
                }
                let place = Place(
                    left.file, line: left.line, column: primary.column(difference.field).map { $0 + 1 })
                let message =
                    "\(name) \(difference.field) is \(difference.primary) in the \(primary.form.rawValue) and "
                    + "\(difference.witness) in the \(witness.form.rawValue) (\(right.file):\(right.line))"
                let hint = "The two forms are of different releases, or one was changed."
                if isCounted {
                    check.note(place, message, hint: hint)
                } else {
                    check.fail(place, message, hint: hint)
                }
                isCounted = true
            }
            if isCounted { return }
            if let defect { check.explain(defect) } else { check.match() }
        }
    }
}

extension PPRRVURow {
    /// Whether all values are equal, wherever they stand.
    fileprivate func hasValues(of other: PPRRVURow) -> Bool {
        var value = value
        value.source = other.value.source
        return value == other.value && descriptor == other.descriptor
    }
}

extension KnownDifference {
    /// Whether this is the listed difference.
    func explains(_ key: String, _ difference: Witness.Difference) -> Bool {
        func fits(_ listed: String, _ found: String) -> Bool { listed == "*" || listed == found }
        return field == difference.field && fits(self.key, key)
            && fits(published, difference.primary.withoutQuotes) && fits(witness, difference.witness.withoutQuotes)
    }
}

extension String {
    /// The value that ``Cell/shown`` shows.
    var withoutQuotes: String {
        self == "empty" ? "" : hasPrefix("'") && hasSuffix("'") ? String(dropFirst().dropLast()) : self
    }
}

extension Cell {
    /// The value as a message shows it.
    var shown: String {
        switch self {
        case .null: "empty"
        case .text, .short: "'\(text)'"
        case .flag(let flag): flag ? "set" : "not set"
        default: text
        }
    }
}
