import JSON
import Model
import Payment
import Schemas

/// The difference as a screenful for the terminal: the same order of content as the other reports, the largest of
/// each only.
public func diffText(_ difference: Difference, _ verdict: Verdict) -> String {
    ScreenText(difference: difference, verdict: verdict).text()
}

private struct ScreenText {
    let difference: Difference
    let verdict: Verdict

    func text() -> String {
        var lines = [heading] + findings + identity
        guard difference.base != nil else {
            return
                (lines + ["nothing was published before it took effect: there is nothing to compare it with"]
                + editorial)
                .joined(separator: "\n")
        }
        lines += counts + systemic + payment + movers + events + rest + editorial
        return lines.joined(separator: "\n")
    }

    private var heading: String {
        let verdict =
            switch verdict.outcome {
            case .pass: "passes"
            case .waived: "passes with waivers"
            case .fail: "FAILS"
            }
        let names = difference.base.map { "\($0.name) → \(difference.head.name)" } ?? difference.head.name
        return "\(names)  \(verdict) (exit code \(self.verdict.exitCode), policy \(self.verdict.policy))"
    }

    private var findings: [String] {
        let shown = 8
        var lines = verdict.findings.prefix(shown).map { finding in
            "  \(finding.state == .waived ? "waived" : "✗ \(finding.state.rawValue)")  \(finding.message)"
                + (finding.reason.map {
                    " (\(finding.owner ?? ""), until \(finding.expires?.description ?? ""): \($0))"
                }
                    ?? "")
        }
        if verdict.findings.count > shown { lines.append("  … and \(verdict.findings.count - shown) more") }
        if !verdict.unused.isEmpty {
            lines.append(
                "  \(verdict.unused.count) waivers waive nothing here: \(verdict.unused.prefix(3).joined(separator: ", "))"
                    + (verdict.unused.count > 3 ? " …" : ""))
        }
        return lines
    }

    private var identity: [String] {
        [difference.base, difference.head].compactMap(\.self).map { side in
            let score = side.score
            return "  \(side.name)  \(side.window)  conversion factor \(side.conversionFactors)  "
                + "\(grouped(score.checked)) checked, \(grouped(score.failed)) failed"
                + (side.missingNames.isEmpty ? "" : "  without \(side.missingNames.joined(separator: ", "))")
        }
    }

    private var counts: [String] {
        var lines = [
            "\(grouped(difference.rows.changed)) of \(grouped(difference.rows.common)) common rows changed; "
                + "\(grouped(difference.count("rows_added"))) added, \(grouped(difference.count("rows_removed"))) deleted"
        ]
        let groups: Set = [
            "relative_value", "status", "not_applicable", "descriptor", "conversion_factor", "locality", "drug",
        ]
        let parts = difference.categories.indices.compactMap { index -> String? in
            let total = difference.changesOfCategory[index].count
            let category = difference.categories[index]
            guard groups.contains(category.group), category.event == .changed, total > 0,
                ![
                    "priced_changed", "unpriced_reason_changed", "descriptor_words_changed", "title_changed",
                    "payment_limit_quarter_changed", "drug_product_quarter_changed", "title_origin_changed",
                    "suggested_title_changed",
                ].contains(category.id)
            else { return nil }
            return "\(difference.title(index)) \(grouped(total)) (\(grouped(total - difference.explained[index])))"
        }
        if !parts.isEmpty { lines += wrapped("changes (left to read): " + parts.joined(separator: " · ")) }
        return lines
    }

    private var systemic: [String] {
        let shown = 6
        let rules = difference.tellingRules.filter {
            ["relative_value", "status", "not_applicable"].contains(difference.categories[$0.category].group)
                && !["priced_follows_status", "reason_follows_status"].contains($0.id)
        }.sorted { ($1.explains, $0.id) < ($0.explains, $1.id) }
        var lines = rules.prefix(shown).map { rule in
            "  \(grouped(rule.explains)) of \(grouped(difference.changesOfCategory[rule.category].count)) "
                + "\(difference.title(rule.category)): \(rule.title)"
        }
        lines += difference.absences.map { "  \($0)" }.prefix(4)
        return lines.isEmpty ? [] : ["systemic"] + lines
    }

    private var payment: [String] {
        let lines = difference.paymentTotals.filter { $0.rows > 0 && $0.from > 0 }.map { total in
            "  \(total.setting.name), \(grouped(total.rows)) rows: \(percent(total.to - total.from, of: total.from)) = work "
                + "\(percent(total.parts.work / 10_000, of: total.from)), PE \(percent(total.parts.pe / 10_000, of: total.from)), MP "
                + "\(percent(total.parts.mp / 10_000, of: total.from)), conversion factor "
                + "\(percent(total.parts.conversionFactor / 10_000, of: total.from))"
        }
        return lines.isEmpty ? [] : ["national payment, one of each row"] + lines
    }

    private var movers: [String] {
        let movers = difference.largestMovers(5)
        guard movers.count > 0 else { return [] }
        return ["\(grouped(movers.count)) payments that no rule explains in full"]
            + movers.first.map { payment in
                "  \(difference.name(payment)) \(payment.setting.name): \(dollars(payment.from?.units ?? 0)) → "
                    + "\(dollars(payment.to?.units ?? 0)) (\(percent(payment.change, of: payment.from?.units ?? 0)))"
            }
    }

    private var events: [String] {
        let parts = [PaymentChange.Event.priced, .unpriced, .applicable, .notApplicable].compactMap { event in
            let count = difference.payments.count { $0.event == event }
            return count == 0 ? nil : "\(event.name) \(grouped(count))"
        }
        return parts.isEmpty ? [] : ["prices that come or go: " + parts.joined(separator: " · ")]
    }

    private var rest: [String] {
        var lines: [String] = []
        if !difference.descriptors.isEmpty {
            let kinds = [DescriptorChange.Kind.reuseSuspected, .reworded, .cosmetic].compactMap { kind -> String? in
                let count = difference.descriptors.count { $0.kind == kind }
                return count == 0 ? nil : "\(grouped(count)) \(words(kind.rawValue))"
            }
            lines.append(
                "descriptors of \(grouped(difference.descriptors.count)) codes: \(kinds.joined(separator: ", "))")
        }
        if !difference.reinstated.isEmpty {
            lines += wrapped("reinstated: " + difference.reinstated.prefix(20).joined(separator: " "))
        }
        let columns = difference.oneSided.filter { !$0.isEmptyElsewhere }
        if !columns.isEmpty {
            lines += wrapped(
                "columns of one side only: " + columns.map { "\($0.table).\($0.column)" }.joined(separator: ", "))
        }
        return lines
    }

    private var editorial: [String] {
        guard !difference.editorialWork.isEmpty else { return [] }
        let states = EditorialTask.states.compactMap { state -> String? in
            let codes = difference.editorialWork.filter { $0.state == state }.map(\.code)
            guard !codes.isEmpty else { return nil }
            return
                "\(codes.count) \(words(state)) (\(codes.prefix(6).joined(separator: " "))\(codes.count > 6 ? " …" : ""))"
        }
        return wrapped("overlays to look at: " + states.joined(separator: ", "))
    }

    /// Lines of at most a hundred characters, the later ones indented.
    private func wrapped(_ text: String) -> [String] {
        text.wrapped(first: "", indent: "  ", width: 100)
    }
}
