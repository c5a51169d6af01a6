import Model

// What reports say of drugs: payment limits one by one, products by code. A quarter brings some thousand products.

/// A payment limit that is another.
struct LimitMove {
    let change: Change
    let code: String
    /// In thousandths of a dollar.
    let from: Int64
    let to: Int64

    /// In tenths of a percent of the old limit; `nil` of nothing.
    var percent: Int64? { PageNumber.tenths(to - from, of: from) }
}

/// How many products of a code came, went and have another value.
struct ProductCount {
    let code: String
    var added = 0
    var removed = 0
    var changed = 0
}

extension Difference {
    /// The payment limits that changed, those that moved most in percent first.
    var limitMoves: [LimitMove] {
        let moves = changes("payment_limit_changed").compactMap { change -> LimitMove? in
            guard column(of: change) == "payment_limit", !isAbsence(change), let from = PaymentLimit(from(change)),
                let to = PaymentLimit(to(change))
            else { return nil }
            return LimitMove(change: change, code: code(of: change), from: from.units, to: to.units)
        }
        return moves.sorted { left, right in
            let (first, second) = ((left.percent ?? 0).magnitude, (right.percent ?? 0).magnitude)
            return first != second ? first > second : left.code < right.code
        }
    }

    /// Codes with products that came, went or changed, in their order. A new quarter alone is no change.
    var productCounts: [ProductCount] {
        var counts: [String: ProductCount] = [:]
        func count(_ category: String, _ body: (inout ProductCount) -> Void) {
            for change in changes(category) where !change.isExplained {
                let code = code(of: change)
                body(&counts[code, default: ProductCount(code: code)])
            }
        }
        count("drug_products_added") { $0.added += 1 }
        count("drug_products_removed") { $0.removed += 1 }
        var rows: Set<Int32> = []
        for category in ["drug_product_renamed", "drug_product_changed"] {
            for change in changes(category) where !change.isExplained && rows.insert(change.head).inserted {
                let code = code(of: change)
                counts[code, default: ProductCount(code: code)].changed += 1
            }
        }
        return counts.values.sorted { $0.code < $1.code }
    }

    /// The name of a code's first product, on the side that has one.
    func drugName(_ code: String) -> String {
        for side in [head, base].compactMap(\.self) {
            let products = side["drug_products"]
            if let row = products.row(ofCode: code) { return products.text(row, "drug_name") }
        }
        return ""
    }

    /// Every payment limit that came, went or changed, for the page.
    var limitTable: PageTable {
        var table = PageTable(
            "payment-limits", "Drug payment limits",
            [
                .init("Code", .code), .init("Drug"), .init("What", .choice), .init("From", .number(.limit)),
                .init("To", .number(.limit)), .init("Change %", .number(.percentChange)),
            ])
        for move in limitMoves {
            table.add([
                .text(move.code), .text(drugName(move.code)), .text("Changed"), .number(move.from), .number(move.to),
                .number(move.percent),
            ])
        }
        for (category, what) in [("payment_limits_added", "Added"), ("payment_limits_removed", "Deleted")] {
            for change in changes(category) where !change.isExplained {
                let limit = PaymentLimit(value("payment_limit", of: change))?.units
                table.add([
                    .text(code(of: change)), .text(drugName(code(of: change))), .text(what),
                    .number(change.head < 0 ? limit : nil), .number(change.head < 0 ? nil : limit), .number(nil),
                ])
            }
        }
        return table
    }

    /// Products by code, for the page.
    var productTable: PageTable {
        var table = PageTable(
            "drug-products", "Drug products by code",
            [
                .init("Code", .code), .init("Drug"), .init("Added", .number(.count)), .init("Deleted", .number(.count)),
                .init("Changed", .number(.count)),
            ])
        for count in productCounts {
            table.add([
                .text(count.code), .text(drugName(count.code)), .number(count.added), .number(count.removed),
                .number(count.changed),
            ])
        }
        return table
    }
}
