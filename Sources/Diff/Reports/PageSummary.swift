import HTML
import JSON
import Model
import Payment
import Schemas

// What stands first: the verdict, which revisions, whether they can be trusted, and the counts.

extension Difference {
    func verdictSection(_ verdict: Verdict) -> Markup {
        let word =
            switch verdict.outcome {
            case .pass: "Pass"
            case .waived: "Pass with waivers"
            case .fail: "Fail"
            }
        var html: Markup = """
            <section id="verdict" class="verdict \(verdict.outcome.rawValue)" aria-labelledby="verdict-title">
            <h2 id="verdict-title">\(word)</h2>
            <p>Exit code \(verdict.exitCode) · Policy: \(verdict.policy)</p>

            """
        if base == nil {
            html += """
                <p>\(head.name) is the first release here. It has no base, so nothing is compared.</p>

                """
        }
        if verdict.findings.isEmpty {
            html += "<p>Nothing is beyond the policy's limits.</p>\n"
        } else {
            html += """
                <div class="scroll" tabindex="0" role="region" aria-label="Gate findings">
                <table><caption>Gate findings</caption><thead><tr><th scope="col">Finding</th><th scope="col">State</th>
                <th scope="col">What is wrong</th><th scope="col">Reason of the waiver</th><th scope="col">Owner</th>
                <th scope="col">Expires</th></tr></thead><tbody>

                """
            for finding in verdict.findings {
                html += """
                    <tr><th scope="row" class="code">\(finding.key)</th>\
                    <td><span class="state \(finding.state.rawValue)">\(finding.state.rawValue)</span></td>\
                    <td>\(finding.message)</td><td>\(finding.reason ?? "")</td><td>\(finding.owner ?? "")</td>\
                    <td class="choice">\(finding.expires?.description ?? "")</td></tr>

                    """
            }
            html += "</tbody></table></div>\n"
        }
        if !verdict.unused.isEmpty {
            html += "<p>Waivers that waived nothing: \(verdict.unused.joined(separator: ", ")).</p>\n"
        }
        html += keyFigures
        html += "</section>\n"
        return html
    }

    /// The few numbers that say how large the release is.
    private var keyFigures: Markup {
        guard base != nil else { return "" }
        var html: Markup = "<dl class=\"figures\">\n"
        func figure(_ name: String, _ value: String, _ note: String = "") -> Markup {
            "<div><dt>\(name)</dt><dd>\(value) <small>\(note)</small></dd></div>\n"
        }
        let count = PageNumber.count
        html += figure("Rows changed", count.text(rows.changed), "of \(count.text(rows.common))")
        html += figure("Rows added", count.text(self.count("rows_added")))
        html += figure("Rows deleted", count.text(self.count("rows_removed")))
        html += figure("Descriptors changed", count.text(descriptors.count))
        for total in paymentTotals where total.rows > 0 {
            html += figure(
                "\(total.setting.pageName) payment",
                PageNumber.tenths(total.to - total.from, of: total.from).map { PageNumber.percentChange.text($0) }
                    ?? "",
                "one of each row")
        }
        html += figure("Changes left to read", count.text(changes.count { !$0.isExplained }), "no rule explains them")
        html += figure("Texts to edit", count.text(editorialWork.count))
        html += "</dl>\n"
        return html
    }

    /// Both sides, line by line.
    var identityBody: Markup {
        func row(_ title: String, _ value: (Snapshot) -> String) -> Markup {
            var html: Markup = "<tr><th scope=\"row\">\(title)</th>"
            if let base { html += "<td>\(value(base))</td>" }
            html += "<td>\(value(head))</td></tr>\n"
            return html
        }
        var html: Markup = """
            <div class="scroll" tabindex="0" role="region" aria-label="Identity">
            <table class="identity"><caption>Identity</caption><thead><tr><td></td>
            """
        if base != nil { html += "<th scope=\"col\">Base</th>" }
        html += "<th scope=\"col\">Head</th></tr></thead><tbody>\n"
        html += row("Revision") { $0.name }
        html += row("In effect") { $0.window }
        html += row("Posted by CMS") { $0.manifest["release"]?["released"]?.string ?? "not known" }
        for key in factorKeys { html += row(key.title) { factorText(key, $0) } }
        html += row("Schema") { $0.schemaVersion }
        html += row("Tier") { $0.tier }
        html += row("Made without") {
            $0.missingNames.isEmpty ? "nothing is missing" : $0.missingNames.joined(separator: ", ")
        }
        html += row("Content") { $0.manifest["content_hash"]?.string ?? "" }
        html += "</tbody></table></div>\n"
        return html
    }

    /// The certificates of both sides, check by check.
    var trustBody: Markup {
        struct Score {
            var base: JSONValue?
            var head: JSONValue?
            var allowed: String? { head?["allowed"]?.string ?? base?["allowed"]?.string }
        }
        var order: [String] = []
        var scores: [String: Score] = [:]
        func note(_ side: Snapshot?, _ body: (inout Score, JSONValue) -> Void) {
            for check in side?.manifest["verification"]?["checks"]?.elements ?? [] {
                let id = check["id"]?.string ?? ""
                if scores[id] == nil { order.append(id) }
                body(&scores[id, default: Score()], check)
            }
        }
        note(head) { $0.head = $1 }
        note(base) { $0.base = $1 }

        var html = Markup()
        for side in [base, head].compactMap(\.self) {
            let score = side.score
            html += """
                <p><strong>\(side.name)</strong>: \(score.checks) checks, \(PageNumber.count.text(score.checked)) \
                values recomputed or compared, \(PageNumber.count.text(score.explained)) differences explained, \
                \(PageNumber.count.text(score.warned)) warned of, \(PageNumber.count.text(score.failed)) failed.</p>

                """
        }
        html += """
            <div class="scroll" tabindex="0" role="region" aria-label="Checks">
            <table><caption>Checks</caption><thead><tr><th scope="col" rowspan="2">Check</th>
            """
        let columns: Markup = """
            <th scope="col" class="n">Checked</th><th scope="col" class="n">Explained</th>\
            <th scope="col" class="n">Failed</th>
            """
        let sides = [base, head].compactMap(\.self)
        for side in sides { html += "<th scope=\"colgroup\" colspan=\"3\" class=\"group\">\(side.name)</th>" }
        let isAllowed = scores.values.contains { $0.allowed != nil }
        if isAllowed { html += "<th scope=\"col\" rowspan=\"2\">Failures are allowed because</th>" }
        html += "</tr>\n<tr>"
        for _ in sides { html += columns }
        html += "</tr></thead><tbody>\n"
        for id in order {
            html += "<tr><th scope=\"row\">\(checkName(id))</th>"
            let score = scores[id]
            for check in base == nil ? [score?.head] : [score?.base, score?.head] {
                for key in ["checked", "explained", "failed"] {
                    let number = check?[key]?.integer
                    html +=
                        key == "failed" && (number ?? 0) > 0
                        ? "<td class=\"n bad\">\(number.map(PageNumber.count.text) ?? "")</td>"
                        : "<td class=\"n\">\(number.map(PageNumber.count.text) ?? "–")</td>"
                }
            }
            if isAllowed { html += "<td>\(score?.allowed ?? "")</td>" }
            html += "</tr>\n"
        }
        html += "</tbody></table></div>\n"
        return html
    }

    /// Each category of which something changed, without those that only say what a side lacks.
    var countTable: PageTable {
        var table = PageTable(
            "counts", "Changes by category",
            [
                .init("What changed"), .init("Key", .code), .init("Total", .number(.count)),
                .init("Explained", .number(.count)), .init("Residual", .number(.count)),
            ])
        for (index, category) in categories.enumerated() {
            let all = changesOfCategory[index].count
            let absent = rules.reduce(0) { $0 + ($1.origin == .absent && $1.category == index ? $1.explains : 0) }
            guard all > absent else { continue }
            table.add([
                .text(named(category.meaning)), .text(category.id), .number(all), .number(explained[index]),
                .number(all - explained[index]),
            ])
        }
        return table
    }

    /// What a side lacks: one line each, however many changes follow.
    var absenceList: Markup {
        var order: [String] = []
        var counts: [String: Int] = [:]
        for rule in rules where rule.origin == .absent {
            if counts[rule.title] == nil { order.append(rule.title) }
            counts[rule.title, default: 0] += rule.explains
        }
        guard !order.isEmpty else { return "" }
        var html: Markup = """
            <h3>What one side does not have</h3>
            <p>These differences say nothing of CMS's values. They are left out of the tables below.</p>
            <ul>

            """
        for title in order {
            let count = PageNumber.count.text(counts[title] ?? 0)
            html += "<li>\(named(title)): \(count) \(counts[title] == 1 ? "difference" : "differences")</li>\n"
        }
        html += "</ul>\n"
        return html
    }

    /// The rules: what is news before what follows from it, and what explains most first.
    var ruleTable: PageTable {
        var table = PageTable(
            "systemic", "Rules that explain many changes at once",
            [
                .init("Rule"), .init("Explains", .number(.count)), .init("Of", .number(.count)),
                .init("Category", .choice), .init("Families, and what else changed"),
                .init("Known from"),
            ])
        // Moves of a status and what a rule book says come first; what only follows from other changes comes last.
        func rank(_ rule: SystemicRule) -> Int {
            if rule.origin == .derived { return 2 }
            return rule.origin == .listed || categories[rule.category].id == "status_changed" ? 0 : 1
        }
        let telling = rules.enumerated().filter { $0.element.origin != .absent }
            .sorted { left, right in
                (rank(left.element), right.element.explains, left.offset)
                    < (rank(right.element), left.element.explains, right.offset)
            }
        for (_, rule) in telling {
            table.add([
                .text(named(rule.title)), .number(rule.explains), .number(changesOfCategory[rule.category].count),
                .text(title(rule.category)), .text(details(rule)),
                .text(rule.source.isEmpty ? "the data" : rule.source),
            ])
        }
        return table
    }

    /// The families of a rule that has several, and what else changed in its rows.
    private func details(_ rule: SystemicRule) -> String {
        var parts: [String] = []
        if rule.families.count > 1 {
            let families = rule.families.prefix(8).map { "\(words($0.name)) (\(PageNumber.count.text($0.rows)))" }
            let rest = rule.families.count - families.count
            parts.append(families.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : ""))
        }
        if !rule.also.isEmpty { parts.append("Also " + rule.also.map(moveText).joined(separator: "; ")) }
        return parts.joined(separator: ". ")
    }

    /// The overlays that want a person.
    var workTable: PageTable {
        var table = PageTable(
            "editorial-work", "Texts that want a person",
            [
                .init("Code", .code), .init("State", .choice), .init("Reviewed against", .choice),
                .init("File and line", .code),
            ])
        for task in editorialWork {
            table.add([
                .text(task.code), .text(task.state), .text(task.reviewed.isEmpty ? "nothing" : task.reviewed),
                .text(task.file.isEmpty ? "" : "\(task.file):\(task.line)"),
            ])
        }
        return table
    }

    /// Columns that only one side has.
    var schemaBody: Markup {
        var html = Markup()
        if let base {
            html +=
                base.schemaVersion == head.schemaVersion
                ? "<p>Both sides have schema \(head.schemaVersion).</p>\n"
                : "<p>The schema went from \(base.schemaVersion) to \(head.schemaVersion).</p>\n"
        }
        guard !oneSided.isEmpty else { return html + "<p class=\"none\">Both sides have the same columns.</p>\n" }
        html += """
            <div class="scroll" tabindex="0" role="region" aria-label="Columns of one side">
            <table><caption>Columns of one side</caption><thead><tr><th scope="col">Column</th>
            <th scope="col">Only in</th><th scope="col">On the other side</th><th scope="col">Most rows have</th>
            </tr></thead><tbody>

            """
        for column in oneSided {
            let side = column.isInHead ? head.name : base?.name ?? ""
            html += """
                <tr><th scope="row" class="code">\(column.table).\(column.column)</th><td>\(side)</td>\
                <td>\(column.isEmptyElsewhere ? "the column is empty" : "there is no such column")</td>\
                <td class="code">\(column.fill)</td></tr>

                """
        }
        html += "</tbody></table></div>\n"
        return html
    }
}

extension Markup {
    static func + (left: Markup, right: Markup) -> Markup {
        var sum = left
        sum += right
        return sum
    }
}

/// A conversion factor: whose it is, and for what.
private struct FactorKey: Hashable {
    let service, track: String

    var title: String {
        (service == "physician" ? "Conversion factor" : "Conversion factor, \(service)")
            + (track == "qp" ? ", qualifying APM participants" : "")
    }
}

extension Difference {
    /// The factors of either side, HEAD's first.
    fileprivate var factorKeys: [FactorKey] {
        var keys: [FactorKey] = []
        for table in [head["conversion_factors"], base?["conversion_factors"] ?? .empty] {
            for row in 0..<table.count {
                let key = FactorKey(service: table.text(row, "service"), track: table.text(row, "track"))
                if !keys.contains(key) { keys.append(key) }
            }
        }
        return keys.sorted { $0.service > $1.service }
    }

    /// `$33.4009 (+3.3 %)`: the change stands with HEAD. Those of anesthesia have six places, which the others fit into.
    fileprivate func factorText(_ key: FactorKey, _ side: Snapshot) -> String {
        func text(_ side: Snapshot?) -> String? {
            guard let table = side?["conversion_factors"] else { return nil }
            let row = (0..<table.count).first {
                table.text($0, "service") == key.service && table.text($0, "track") == key.track
            }
            return row.map { table.text($0, "conversion_factor") }
        }
        guard let factor = text(side) else { return "none" }
        guard side.name == head.name, let before = text(base).flatMap({ AnesthesiaConversionFactor($0) }),
            let after = AnesthesiaConversionFactor(factor),
            let percent = PageNumber.tenths(after.units - before.units, of: before.units), percent != 0
        else { return "$\(factor)" }
        return "$\(factor) (\(PageNumber.percentChange.text(percent)))"
    }
}
