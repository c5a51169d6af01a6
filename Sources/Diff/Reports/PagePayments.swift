import Model
import Payment
import Schemas

// The tables of what is paid.

extension Difference {
    /// Revaluations with a part that no rule explains, the largest part first.
    var moverTable: PageTable {
        var table = PageTable(
            "movers", "Payment changes with a part that no rule explains",
            [
                .init("Code", .code), .init("Setting", .choice), .init("From", .number(.money)),
                .init("To", .number(.money)), .init("Change", .number(.moneyChange)),
                .init("Change %", .number(.percentChange)), .init("Work", .number(.moneyChange)),
                .init("Practice expense", .number(.moneyChange)), .init("Malpractice", .number(.moneyChange)),
                .init("Conversion factor", .number(.moneyChange)), .init("Unexplained", .number(.moneyChange)),
            ])
        for payment in movers {
            guard let parts = payment.parts, let from = payment.from, let to = payment.to else { continue }
            table.add([
                .text(head["relative_values"].name(payment.head)), .text(payment.setting.pageName),
                .number(from.units), .number(to.units), .number(payment.change),
                .number(PageNumber.tenths(payment.change, of: from.units)),
                .number(PageNumber.cents(millionths: parts.work)), .number(PageNumber.cents(millionths: parts.pe)),
                .number(PageNumber.cents(millionths: parts.mp)),
                .number(PageNumber.cents(millionths: parts.conversionFactor)),
                .number(PageNumber.cents(millionths: parts.unexplained)),
            ])
        }
        return table
    }

    /// Payments that come or go, which are no revaluations whatever the difference.
    var eventTable: PageTable {
        var table = PageTable(
            "events", "Payments that come or go",
            [
                .init("Code", .code), .init("Setting", .choice), .init("What happened", .choice),
                .init("Status from", .code), .init("Status to", .code), .init("From", .number(.money)),
                .init("To", .number(.money)),
            ])
        guard let base else { return table }
        for payment in payments where payment.event != .revalued {
            table.add([
                .text(head["relative_values"].name(payment.head)), .text(payment.setting.pageName),
                .text(payment.event.pageName), .text(base["relative_values"].text(payment.base, "status")),
                .text(head["relative_values"].text(payment.head, "status")), .number(payment.from?.units),
                .number(payment.to?.units),
            ])
        }
        return table
    }

    /// Components of relative values that no rule explains, the largest change of each first.
    var componentTable: PageTable {
        var table = PageTable(
            "components", "Relative values that no rule explains",
            [
                .init("Code", .code), .init("Component", .choice), .init("From", .number(.rvu)),
                .init("To", .number(.rvu)), .init("Change", .number(.rvuChange)),
                .init("Change %", .number(.percentChange)),
            ])
        for (index, category) in categories.enumerated()
        where ["relative_value", "total"].contains(category.group) || category.id.hasPrefix("opps_pe")
            || category.id == "opps_mp_changed"
        {
            let open = changesOfCategory[index].map { changes[$0] }.filter { !$0.isExplained }
            guard let first = open.first else { continue }
            let label = label(first)
            let compared = self.table(of: first)
            let column = column(of: first)
            let moves = open.map { change in
                Move(
                    row: Int(change.head), from: compared.base.decimal(Int(change.base), column),
                    to: compared.head.decimal(Int(change.head), column))
            }
            for move in moves.sorted(by: Move.isLarger) {
                table.add([
                    .text(compared.head.name(move.row)), .text(label), .number(move.from?.units),
                    .number(move.to?.units), .number(move.change),
                    .number(PageNumber.tenths(move.change, of: move.from?.units ?? 0)),
                ])
            }
        }
        return table
    }
}

/// A component that changed.
private struct Move {
    /// In HEAD.
    let row: Int
    let from, to: RVU?
    var change: Int64 { (to?.units ?? 0) - (from?.units ?? 0) }

    static func isLarger(_ left: Move, _ right: Move) -> Bool {
        left.change.magnitude != right.change.magnitude
            ? left.change.magnitude > right.change.magnitude : left.row < right.row
    }
}
