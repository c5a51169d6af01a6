import CPages
import Digest
import HTML
import JSON
import Model
import Payment

/// `diff.html`: the whole difference as one page for people, which loads nothing from anywhere.
public func diffPage(_ difference: Difference, _ verdict: Verdict) -> [UInt8] {
    let style = asset(diff_page_style())
    let script = asset(diff_page_script())
    let title = difference.pageTitle
    let policy =
        "default-src 'none'; style-src 'sha256-\(base64SHA256(style))'; script-src 'sha256-\(base64SHA256(script))'; "
        + "base-uri 'none'; form-action 'none'"
    let sections = difference.sections
    var html = beginPage(title: title, policy: policy)
    html += """
        <style>\(Markup(trusted: style))</style>
        </head>
        <body>
        <a class="skip" href="#main">To the content</a>
        <header><p class="kind">Physician Fee Schedule and HCPCS: what changed</p><h1>\(title)</h1></header>
        <nav aria-label="Sections"><ul>

        """
    for section in sections { html += "<li><a href=\"#\(section.id)\">\(section.title)</a></li>\n" }
    html += "</ul></nav>\n<main id=\"main\" tabindex=\"-1\">\n"
    html += difference.verdictSection(verdict)
    for section in sections {
        html += """
            <section id="\(section.id)" aria-labelledby="\(section.id)-title">
            <h2 id="\(section.id)-title">\(section.title)</h2>
            \(section.body)</section>

            """
    }
    html += "</main>\n<footer><p>The same for machines: diff.json. For a comment: diff.md.</p></footer>\n"
    html += "<script>\(Markup(trusted: script))</script>\n</body>\n</html>\n"
    return html.bytes
}

/// A part of the page with a heading of its own.
private struct PageSection {
    let id: String
    let title: String
    let body: Markup
}

extension Difference {
    fileprivate var pageTitle: String {
        base.map { "\($0.name) to \(head.name)" } ?? "\(head.name), the first release"
    }

    /// What the page holds behind the verdict. Without a base there is nothing to compare.
    fileprivate var sections: [PageSection] {
        var sections = [
            PageSection(id: "identity", title: "The two revisions", body: identityBody),
            PageSection(id: "trust", title: "Can they be trusted?", body: trustBody),
        ]
        let work = PageSection(
            id: "editorial", title: "Editorial work",
            body: workTable.markup(empty: "No text is stale, orphaned or without a review.")
                + (base == nil ? "" : editorialTable.markup(empty: "No editorial text changed.")))
        guard base != nil else {
            return [PageSection(id: "identity", title: "The revision", body: identityBody)] + sections.dropFirst()
                + [work]
        }
        sections += [
            PageSection(
                id: "count", title: "How much changed",
                body: countTable.markup(empty: "Nothing changed.") + absenceList),
            PageSection(
                id: "rules", title: "Systemic changes",
                body: ruleTable.markup(empty: "No rule explains anything here.")),
            PageSection(id: "payment", title: "Payment", body: paymentBody),
            PageSection(
                id: "relative-values", title: "Relative values",
                body: componentTable.markup(empty: "A rule explains every change of a relative value.")),
            PageSection(
                id: "status", title: "Statuses and indicators",
                body: moveTable.markup(empty: "No status and no indicator changed.")
                    + indicatorTable.markup(empty: "A rule explains every status and indicator.")),
            PageSection(
                id: "rows", title: "Added and deleted", body: addedTable.markup(empty: "No row came or went.")),
            PageSection(id: "descriptor", title: "Descriptors", body: descriptorBody),
            PageSection(
                id: "administrative", title: "Level II fields",
                body: levelTwoTable.markup(empty: "No further field of a Level II code changed.")),
            PageSection(
                id: "drugs", title: "Drugs",
                body: limitTable.markup(empty: "No drug payment limit changed.")
                    + productTable.markup(empty: "No drug product came, went or changed.")),
            work,
            PageSection(
                id: "locality", title: "Localities",
                body: localityTable.markup(empty: "No locality changed.")
                    + capTable.markup(empty: "A rule explains every OPPS cap.")),
            PageSection(id: "schema", title: "Schema", body: schemaBody),
        ]
        return sections
    }

    private var paymentBody: Markup {
        let totals = paymentTotals.filter { $0.rows > 0 }
        guard let base, !totals.isEmpty || !payments.isEmpty else {
            return "<p class=\"none\">No national payment changed.</p>\n"
        }
        var html: Markup = """
            <p>National payment, every GPCI 1.000, for those who are not qualifying APM participants. The OPPS cap is \
            left aside.</p>

            """
        if !totals.isEmpty {
            html += "<h3>One of each row that is paid on both sides</h3>\n<div class=\"pictures\">\n"
            for total in totals {
                let rows = PageNumber.count.text(total.rows)
                html += """
                    <figure>\(waterfall(total, from: base.name, to: head.name))<figcaption>\(total.setting.pageName): \
                    \(rows) \(total.rows == 1 ? "row" : "rows") whose payment changed, each counted once. The bars \
                    start at the old payment.\
                    </figcaption></figure>

                    """
            }
            html += "</div>\n"
            html += totalsTable(totals)
            let histograms = totals.map { Histogram(payments, $0.setting) }.filter { $0.rows >= 10 }
            if !histograms.isEmpty {
                html += "<h3>How the payments moved</h3>\n<div class=\"pictures\">\n"
                for histogram in histograms {
                    html += """
                        <figure>\(histogram.svg)<figcaption>\(histogram.setting.pageName): payments by change in \
                        percent, in steps of 2.</figcaption></figure>

                        """
                }
                html += "</div>\n"
                html += binsTable(histograms)
            }
        }
        html += "<h3>Movers</h3>\n"
        html += """
            <p>The largest unexplained part comes first. The parts are rounded to the cent; diff.json has them \
            exactly.</p>

            """
        html += moverTable.markup(empty: "Rules explain every payment that moved.")
        html += "<h3>Payments that come or go</h3>\n"
        html += """
            <p>These are no movers: the setting is NA on one side, or the status gives no price there.</p>

            """
        html += eventTable.markup(empty: "No payment comes or goes.")
        return html
    }

    private func totalsTable(_ totals: [PaymentTotal]) -> Markup {
        var html: Markup = """
            <div class="scroll" tabindex="0" role="region" aria-label="The same in numbers">
            <table><caption>The same in numbers</caption><thead><tr><th scope="col">Setting</th>
            <th scope="col" class="n">Rows</th><th scope="col" class="n">From</th><th scope="col" class="n">Work</th>
            <th scope="col" class="n">Practice expense</th><th scope="col" class="n">Malpractice</th>
            <th scope="col" class="n">Conversion factor</th><th scope="col" class="n">Rounding</th>
            <th scope="col" class="n">To</th><th scope="col" class="n">Change</th></tr></thead><tbody>

            """
        for total in totals {
            html += "<tr><th scope=\"row\" class=\"choice\">\(total.setting.pageName)</th>"
            html += "<td class=\"n\">\(PageNumber.count.text(total.rows))</td>"
            html += "<td class=\"n\">\(PageNumber.money.text(total.from))</td>"
            let parts = total.parts
            for part in [parts.work, parts.pe, parts.mp, parts.conversionFactor, parts.rounding] {
                let cents = PageNumber.cents(millionths: part)
                html += "<td class=\"n\">\(PageNumber.moneyChange.text(cents))</td>"
            }
            html += "<td class=\"n\">\(PageNumber.money.text(total.to))</td>"
            let percent = PageNumber.tenths(total.to - total.from, of: total.from)
            html += "<td class=\"n\">\(percent.map { PageNumber.percentChange.text($0) } ?? "")</td></tr>\n"
        }
        html += "</tbody></table></div>\n"
        return html
    }

    private func binsTable(_ histograms: [Histogram]) -> Markup {
        var html: Markup = """
            <details><summary>The same in numbers</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="Payments by change in percent">
            <table><caption>Payments by change in percent</caption><thead><tr><th scope="col">Change</th>
            """
        for histogram in histograms { html += "<th scope=\"col\" class=\"n\">\(histogram.setting.pageName)</th>" }
        html += "</tr></thead><tbody>\n"
        for bin in 0..<Histogram.binCount {
            html += "<tr><th scope=\"row\" class=\"choice\">\(Histogram.label(bin))</th>"
            for histogram in histograms {
                html += "<td class=\"n\">\(PageNumber.count.text(histogram.counts[bin]))</td>"
            }
            html += "</tr>\n"
        }
        html += "</tbody></table></div></details>\n"
        return html
    }

    private var descriptorBody: Markup {
        let hidden = descriptors.count { $0.words == nil && isHidden($0.code) }
        var html = Markup()
        if hidden > 0 {
            html += """
                <p>CPT and CDT descriptors belong to the AMA and the ADA. The public tier says that they changed and \
                does not show them: \(PageNumber.count.text(hidden)) of \
                \(PageNumber.count.text(descriptors.count)).</p>

                """
        }
        return html + descriptorTable.markup(empty: "No descriptor changed.")
    }
}

private func asset(_ asset: PageAsset) -> [UInt8] { Array(UnsafeBufferPointer(start: asset.bytes, count: asset.count)) }

/// The hash by which the page's policy knows its own style and script.
private func base64SHA256(_ bytes: [UInt8]) -> String {
    var digest = Digest()
    digest.update(bytes)
    return digest.base64()
}
