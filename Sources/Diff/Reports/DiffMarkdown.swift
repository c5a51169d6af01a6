import JSON
import Model
import Schemas

/// `diff.md`: the difference for a pull request comment. Never longer than GitHub takes; what does not fit is counted
/// and left to `diff.html`.
public func diffMarkdown(_ difference: Difference, _ verdict: Verdict) -> String {
    let mostBytes = 60_000
    for rows in [40, 20, 10, 5] {
        let text = Markdown(difference: difference, verdict: verdict, rows: rows).text()
        if text.utf8.count <= mostBytes { return text }
    }
    return Markdown(difference: difference, verdict: verdict, rows: 1).text()
}

private struct Markdown {
    let difference: Difference
    let verdict: Verdict
    /// How many rows a table has at most.
    let rows: Int

    func text() -> String {
        var parts = [heading, findings, identity, trust]
        if difference.base != nil {
            parts += [
                counts, systemic, payment, movers, events, statuses, addedAndDeleted, descriptors, drugs, editorial,
                localities, schema,
            ]
        } else {
            parts.append(editorial)
        }
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    // MARK: Sections

    private var heading: String {
        let mark =
            switch verdict.outcome {
            case .pass: "✅ passes"
            case .waived: "☑️ passes with waivers"
            case .fail: "❌ fails"
            }
        let title =
            difference.base.map { "\($0.name) → \(difference.head.name)" }
            ?? "\(difference.head.name), the first release"
        return "# \(title): \(mark)\n\nExit code \(verdict.exitCode), policy `\(verdict.policy)`."
            + (difference.base == nil
                ? " Nothing was published before it took effect, so there is nothing to compare it with." : "")
    }

    private var findings: String {
        var lines = verdict.findings.map { finding in
            "- **\(finding.state.rawValue)** `\(finding.key)`: \(escaped(finding.message))"
                + (finding.reason.map {
                    " — waived by \(escaped(finding.owner ?? "")) until \(finding.expires?.description ?? ""): \(escaped($0))"
                } ?? "")
        }
        if lines.count > rows { lines = Array(lines.prefix(rows)) + ["- … and \(verdict.findings.count - rows) more"] }
        lines += verdict.unused.prefix(rows).map { "- the waiver `\($0)` waives nothing here" }
        if verdict.unused.count > rows { lines.append("- … nor do \(verdict.unused.count - rows) more") }
        return lines.joined(separator: "\n")
    }

    private var identity: String {
        let sides = [difference.base, difference.head].compactMap(\.self)
        let cells = sides.map { side in
            [
                side.name, side.window, side.conversionFactors, side.schemaVersion, side.tier,
                side.missingNames.isEmpty ? "" : side.missingNames.joined(separator: ", "),
            ]
        }
        return table(
            ["release", "effective", "conversion factor", "schema", "tier", "made without"], cells, limit: .max)
    }

    private var trust: String {
        let cells = [difference.base, difference.head].compactMap(\.self).map { side in
            let score = side.score
            return [
                side.name, grouped(score.checks), grouped(score.checked), grouped(score.explained),
                grouped(score.warned), grouped(score.failed), score.allowed == 0 ? "" : grouped(score.allowed),
            ]
        }
        return "## Trust\n\n"
            + table(
                [
                    "release", "checks", "values checked", "explained by a CMS defect", "warned of", "failed",
                    "checks allowed to fail",
                ],
                cells, limit: .max, numbers: [1, 2, 3, 4, 5, 6])
    }

    private var counts: String {
        var cells: [[String]] = []
        for index in difference.categories.indices where !difference.changesOfCategory[index].isEmpty {
            let total = difference.changesOfCategory[index].count
            cells.append([
                difference.categories[index].meaning, grouped(total), grouped(difference.explained[index]),
                grouped(total - difference.explained[index]),
            ])
        }
        return """
            ## Counts

            \(grouped(difference.rows.changed)) of \(grouped(difference.rows.common)) common PPRRVU rows changed. \
            Explained and left to read are all changes there are.

            \(table(["what changed", "changes", "explained", "left to read"], cells, limit: .max, numbers: [1, 2, 3]))
            """
    }

    private var systemic: String {
        let cells = difference.tellingRules.map { rule in
            [
                escaped(rule.title), difference.title(rule.category), grouped(rule.explains),
                grouped(difference.changesOfCategory[rule.category].count),
                rule.source.isEmpty ? "the data" : escaped(rule.source),
            ]
        }
        guard !cells.isEmpty || !difference.absences.isEmpty else { return "" }
        let derived =
            difference.derivations.isEmpty
            ? "" : "These follow from others: \(difference.derivations.joined(separator: ", "))."
        let accompanying =
            difference.accompanyingMoves.isEmpty
            ? "" : "In the rows of status moves: \(difference.accompanyingMoves.joined(separator: ", "))."
        let absent = difference.absences.map { "- \($0)" }.joined(separator: "\n")
        let moves = difference.tellingRules.filter { !$0.also.isEmpty }.prefix(rows).map {
            "- \(escaped($0.title)): \($0.also.map(difference.moveText).joined(separator: ", "))"
        }.joined(separator: "\n")
        return
            ([
                "## Systemic changes",
                cells.isEmpty
                    ? ""
                    : table(
                        ["rule", "of", "explains", "of all", "known from"], cells, limit: 3 * rows, numbers: [2, 3]),
                moves.isEmpty ? "" : "What else changed in the rows of a status move:\n\n\(moves)", accompanying,
                derived, absent,
            ] as [String]).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var payment: String {
        let cells = difference.paymentTotals.filter { $0.rows > 0 }.map { total in
            [
                total.setting.name, grouped(total.rows), dollars(total.from), dollars(millionths: total.parts.work),
                dollars(millionths: total.parts.pe), dollars(millionths: total.parts.mp),
                dollars(millionths: total.parts.conversionFactor), dollars(millionths: total.parts.rounding),
                dollars(total.to),
                percent(total.to - total.from, of: total.from),
            ]
        }
        guard !cells.isEmpty else { return "" }
        return """
            ## National payment

            One of each row that is paid on both sides; all GPCIs 1.000, no volumes.

            \(table(
                ["setting", "rows", "from", "work", "PE", "MP", "conversion factor", "rounding", "to", "change"], cells, limit: .max,
                numbers: Set(1...9)))
            """
    }

    private var movers: String {
        func cells(_ payments: [PaymentChange]) -> [[String]] {
            payments.map { payment in
                let parts = payment.parts ?? PaymentChange.Parts()
                return [
                    difference.name(payment), payment.setting.name, dollars(payment.from?.units ?? 0),
                    dollars(payment.to?.units ?? 0), dollars(payment.change, signed: true),
                    percent(payment.change, of: payment.from?.units ?? 0), dollars(millionths: parts.unexplained),
                    percent(parts.unexplained / 10_000, of: payment.from?.units ?? 0),
                ]
            }
        }
        let all = difference.movers
        guard !all.isEmpty else { return "" }
        let columns = ["row", "setting", "from", "to", "change", "%", "unexplained", "%"]
        return """
            ## Movers that no rule explains

            \(grouped(all.count)) payments have an unexplained part. The largest in dollars:

            \(table(columns, cells(Array(all.prefix(rows))), limit: rows, of: all.count, numbers: Set(2...7)))

            The largest in percent, of payments of $10 and more:

            \(table(columns, cells(Array(difference.moversByPercent.prefix(rows / 2))), limit: rows, numbers: Set(2...7)))
            """
    }

    private var events: String {
        let all = difference.paymentEvents
        guard !all.isEmpty else { return "" }
        let cells = all.map { payment in
            [
                difference.name(payment), payment.setting.name, payment.event.name,
                payment.from.map { dollars($0.units) } ?? "none", payment.to.map { dollars($0.units) } ?? "none",
            ]
        }
        return
            "## Prices that come or go\n\nNo revaluations: the setting became NA or applicable, or the status changed.\n\n"
            + table(["row", "setting", "event", "from", "to"], cells, limit: rows, numbers: [3, 4])
    }

    private var statuses: String {
        let groups: Set = ["status", "not_applicable", "indicator"]
        var cells: [[String]] = []
        for change in difference.changes where !change.isExplained {
            guard groups.contains(difference.category(of: change).group) else { continue }
            cells.append([
                difference.name(of: change), fieldName(difference.column(of: change)), difference.from(change),
                difference.to(change),
            ])
        }
        guard !cells.isEmpty else { return "" }
        return "## Status and indicators that no move explains\n\n"
            + table(["row", "field", "from", "to"], cells, limit: rows)
    }

    private var addedAndDeleted: String {
        func list(_ title: String, _ names: [String]) -> String {
            guard !names.isEmpty else { return "" }
            let shown = names.prefix(5 * rows).joined(separator: " ")
            return "**\(title) (\(grouped(names.count))):** \(shown)"
                + (names.count > 5 * rows ? " … and \(grouped(names.count - 5 * rows)) more" : "")
        }
        func names(_ category: String) -> [String] {
            difference.changes(category).filter { !$0.isExplained }.map { difference.name(of: $0) }
        }
        let parts = [
            list("Rows added", names("rows_added")), list("Rows deleted", names("rows_removed")),
            list("Codes added", names("codes_added")), list("Codes deleted", names("codes_removed")),
            list("Codes reinstated", difference.reinstated),
        ].filter { !$0.isEmpty }
        return parts.isEmpty ? "" : "## Added and deleted\n\n" + parts.joined(separator: "\n\n")
    }

    private var descriptors: String {
        let all = difference.descriptors
        guard !all.isEmpty else { return "" }
        let shown = all.filter { $0.words != nil }
        let cells = shown.map { descriptor in
            [
                descriptor.code, words(descriptor.kind.rawValue),
                descriptor.words.map { "\($0.similarity) %" } ?? "", marked(descriptor.words),
            ]
        }
        let kinds = [DescriptorChange.Kind.reuseSuspected, .reworded, .cosmetic].compactMap { kind -> String? in
            let count = all.count { $0.kind == kind }
            return count == 0 ? nil : "\(grouped(count)) \(words(kind.rawValue))"
        }
        return """
            ## Descriptors

            \(grouped(all.count)) codes: \(kinds.joined(separator: ", ")). \
            \(all.count == shown.count ? "" : "The texts of \(grouped(all.count - shown.count)) are not shown in this tier or did not change in HCPCS.")

            \(cells.isEmpty ? "" : table(["code", "kind", "similar", "words"], cells, limit: rows))
            """
    }

    private var drugs: String {
        func name(_ code: String) -> String { escaped(difference.drugName(code)) }
        let moves = difference.limitMoves
        var parts: [String] = []
        if !moves.isEmpty {
            let cells = moves.prefix(rows / 2).map { move in
                [
                    move.code, name(move.code), PageNumber.limit.text(move.from), PageNumber.limit.text(move.to),
                    percent(move.to - move.from, of: move.from),
                ]
            }
            parts.append(
                "\(grouped(moves.count)) payment limits changed; those that moved most in percent:\n\n"
                    + table(
                        ["code", "drug", "from", "to", "change"], cells, limit: rows / 2, of: moves.count,
                        numbers: [2, 3, 4]))
        }
        let products = difference.productCounts
        if !products.isEmpty {
            let most = products.sorted {
                let (left, right) = ($0.added + $0.removed + $0.changed, $1.added + $1.removed + $1.changed)
                return left != right ? left > right : $0.code < $1.code
            }
            let cells = most.prefix(rows / 4).map {
                [$0.code, name($0.code), grouped($0.added), grouped($0.removed), grouped($0.changed)]
            }
            parts.append(
                "Products of \(grouped(products.count)) codes came, went or changed; the codes with most of them:\n\n"
                    + table(
                        ["code", "drug", "added", "deleted", "changed"], cells, limit: rows / 4, of: products.count,
                        numbers: [2, 3, 4]))
        }
        return parts.isEmpty ? "" : "## Drugs\n\n" + parts.joined(separator: "\n\n")
    }

    private var editorial: String {
        let cells = difference.editorialWork.map { task in
            [task.code, task.state, task.reviewed, task.file.isEmpty ? "" : "`\(task.file):\(task.line)`"]
        }
        guard !cells.isEmpty else { return "" }
        return "## Editorial work\n\n" + table(["code", "state", "reviewed against", "overlay"], cells, limit: rows)
    }

    private var localities: String {
        let groups: Set = ["locality"]
        let cells = difference.changes.filter {
            groups.contains(difference.category(of: $0).group) && !difference.isAbsence($0)
        }.map { change in
            [
                difference.name(of: change), difference.value("name", of: change),
                change.column < 0
                    ? words(difference.category(of: change).id) : fieldName(difference.column(of: change)),
                escaped(difference.from(change)), escaped(difference.to(change)),
            ]
        }
        guard !cells.isEmpty else { return "" }
        return "## Localities\n\n"
            + table(["locality", "name", "field", "from", "to"], cells, limit: rows, numbers: [3, 4])
    }

    private var schema: String {
        let old = difference.base?.schemaVersion ?? ""
        var lines = old == difference.head.schemaVersion ? [] : ["- version \(old) → \(difference.head.schemaVersion)"]
        lines += difference.oneSided.filter { !$0.isEmptyElsewhere }.map {
            "- only \($0.isInHead ? "HEAD" : "BASE") has the column `\($0.table).\($0.column)`"
        }
        return lines.isEmpty ? "" : "## Schema\n\n" + lines.joined(separator: "\n")
    }

    // MARK: Forms

    private func table(
        _ header: [String], _ cells: [[String]], limit: Int, of total: Int? = nil, numbers: Set<Int> = []
    ) -> String {
        var lines = [
            "| " + header.joined(separator: " | ") + " |",
            "|" + header.indices.map { numbers.contains($0) ? "---:|" : "---|" }.joined(),
        ]
        lines += cells.prefix(limit).map { "| " + $0.joined(separator: " | ") + " |" }
        let rest = (total ?? cells.count) - min(cells.count, limit)
        if rest > 0 { lines.append("\n… and \(grouped(rest)) more in `diff.html`.") }
        return lines.joined(separator: "\n")
    }

    private func marked(_ words: WordDifference?) -> String {
        let text = (words?.runs ?? []).map { run in
            switch run.kind {
            case .same: escaped(run.text)
            case .removed: "~~\(escaped(run.text))~~"
            case .added: "**\(escaped(run.text))**"
            }
        }.joined(separator: " ")
        return text.count > 600 ? text.prefix(600) + " …" : text
    }

    /// What CMS and editors write must not become a table, a link, a mention or a tag.
    private func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "|", "*", "_", "~", "`", "[", "]", "\\", "#": result += "\\\(character)"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "@": result += "&#64;"
            case "\n", "\r", "\r\n": result += " "
            default: result.append(character)
            }
        }
        return result
    }
}
