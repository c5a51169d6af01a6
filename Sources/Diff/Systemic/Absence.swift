import Model
import Schemas

/// Changes that only say that a side was made without an input, or does not have a column.
extension Difference {
    mutating func explainAbsence(_ schemas: Schemas) {
        guard let base else { return }
        for (index, category) in categories.enumerated() where !changesOfCategory[index].isEmpty {
            let columns = Set(oneSided.filter { $0.table == category.table }.map(\.column))
            let absent = category.input.flatMap { input -> (name: String, side: String)? in
                let isInBase = base.has(input, for: category.table)
                let isInHead = head.has(input, for: category.table)
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
                guard let side = oneSided.first(where: { $0.table == category.table && $0.column == column }),
                    let place = tables[tableOfCategory[index]].columns.firstIndex(where: { $0.name == column })
                else { continue }
                add(
                    SystemicRule(
                        id: "column_absent:\(category.id):\(column)", origin: .absent, category: index,
                        title: "Only \(side.isInHead ? "HEAD" : "BASE") has \(category.table).\(column)",
                        source: "manifest.json"),
                    explaining: open(index).filter { changes[$0].column == place })
            }
        }
    }

    /// Whether a code comes or goes for its PPRRVU rows, whatever the HCPCS file says.
    private func hasRowChange(_ change: Change, _ category: ChangeCategory) -> Bool {
        category.table == "codes" && category.event != .changed
            && value("relative_values_absence", of: change).isEmpty
    }
}
