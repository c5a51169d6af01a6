import ArgumentParser
import FeeSchedule
import Foundation
import JSON
import Model
import Payment
import Pipeline
import Schemas
import Store

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show everything the dataset says of a code.",
        discussion: "The JSON is the code's document of codes.ndjson, byte for byte.")

    @Argument(help: "A HCPCS code: five characters.")
    var code: String

    @Option(help: "A release or revision, such as RVU26A or RVU26A-r2; the newest when left out.")
    var release: String?

    @Option(help: "Show what Medicare pays there: a key (01112-05), a state, a county or a locality's name.")
    var locality: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        try reporting {
            let revision = try store.value.revision(release)
            let name = code.uppercased()
            guard let bytes = try FeeSchedule.Dataset.documentBytes(of: name, in: revision.folder) else {
                throw IngestError(
                    .badData, "code_unknown", "\(revision.name) has no code \(name)",
                    hint: "Codes have five characters, zeros included (00100). `ingest search TEXT` finds codes by "
                        + "words.")
            }
            let payment = try locality.map { place throws(IngestError) in
                let dataset = try revision.dataset()
                let locality = try dataset.locality(named: place)
                return (locality: locality, quotes: try dataset.payments(of: name, in: locality))
            }
            guard format.format == .human else {
                printData(payment.map { quotesJSON($0.locality, $0.quotes, document: bytes) } ?? bytes + [0x0A])
                return
            }
            guard let document = try? JSONValue(bytes) else {
                throw IngestError(
                    .badData, "document_unreadable", "\(revision.name) has a damaged document of \(name)",
                    hint: "ingest validate \(revision.folder.relativePath)")
            }
            print(CodePage(document: document, revision: revision, schemas: try Schemas()).text())
            if let payment { print("\n" + amounts(payment.locality, payment.quotes)) }
        }
    }
}

/// What Medicare pays in a locality: a line for each modifier, setting and track.
private func amounts(_ locality: Locality, _ quotes: [QuotedRow]) -> String {
    var rows = [["", "setting", "track", "fee", "OPPS cap", "payment", "non-part.", "limiting charge"]]
    for row in quotes {
        let quote = row.quote
        rows.append([
            "  \(row.key.modifier.isBlank ? "global" : row.key.modifier.description)", row.setting.rawValue,
            row.track.rawValue, quote.fee.money?.description ?? "", quote.cap?.description ?? "",
            quote.payment.money?.description ?? (quote.payment.reason ?? "").words,
            quote.nonparticipating?.description ?? "", quote.limitingCharge?.description ?? "",
        ])
    }
    return "Payment in \(locality.key) \(locality.name ?? "")\n"
        + table(rows, rightAligned: [3, 4, 5, 6, 7])
}

/// A code's document as a page of text: the same content, in the same order, as a public page.
struct CodePage {
    let document: JSONValue
    let revision: Revision
    let schemas: Schemas
    private static let width = 100

    func text() -> String {
        var parts: [String] = []
        let code = document["code"]?.string ?? ""
        let title = document["title"]?.string
        let isSuggested = document["title_origin"]?.string == "suggested"
        parts.append(
            "\(code)  \(title ?? "(no descriptor in this tier: \(document["system"]?.string ?? "") text is licensed)")"
                + (isSuggested ? "  (suggested)" : ""))
        let place = [document["section"]?["name"]?.string, document["category"]?["name"]?.string].compactMap(\.self)
        if !place.isEmpty { parts.append("  \(place.joined(separator: " › "))") }

        let editorial = document["editorial"]
        add("Also known as", editorial?["synonyms"]?.elements.map(\.text).joined(separator: "; "), to: &parts)
        add("Description", editorial?["summary"]?.string ?? document["long_descriptor"]?.string, to: &parts)
        if editorial?["summary"]?.string != nil {
            add("CMS descriptor", document["long_descriptor"]?.string, to: &parts)
        }
        add("In plain language", editorial?["plain_language"]?.elements.map(\.text).joined(separator: " "), to: &parts)
        add("Clinical context", editorial?["clinical_context"]?.string, to: &parts)
        parts.append("\n" + relativeValues())
        add("Note", editorial?["relative_value_note"]?.string, to: &parts)
        add("Billing", editorial?["billing"]?.string, to: &parts)
        add("Documentation", editorial?["documentation"]?.string, to: &parts)
        add("Specialties", editorial?["specialties"]?.elements.map(\.text).joined(separator: ", "), to: &parts)
        let questions = editorial?["faq"]?.elements ?? []
        if !questions.isEmpty { parts.append("\nQuestions") }
        for question in questions {
            parts.append(wrapped(question["question"]?.string ?? "", indent: "  ", first: "  Q "))
            parts.append(wrapped(question["answer"]?.string ?? "", indent: "    ", first: "    "))
        }
        if let drug = document["drug"], drug != .null { parts.append("\n" + drugFacts(drug)) }
        if let hcpcs = administrative() { parts.append("\nHCPCS Level II\n" + hcpcs) }
        if let review = editorial?["review"], let state = review["state"]?.string {
            parts.append("\nTexts reviewed against \(review["against"]?.string ?? "nothing"): \(state)")
        }
        parts.append("\n\(revision.name) · \(sources().joined(separator: " · "))")
        return parts.joined(separator: "\n")
    }

    private func add(_ heading: String, _ text: String?, to parts: inout [String]) {
        guard let text, !text.isEmpty else { return }
        parts.append("\n\(heading)\n\(wrapped(text, indent: "  ", first: "  "))")
    }

    private func relativeValues() -> String {
        let rows = document["relative_values"]?.elements ?? []
        guard !rows.isEmpty else {
            return "Relative values\n  none: \(document["relative_values_absence"]?.text.words ?? "")"
        }
        func amount(_ row: JSONValue, _ field: String, na: String? = nil) -> String {
            let isNA = na.flatMap { row[$0] } == .bool(true)
            return (row[field]?.text ?? "") + (isNA ? " NA" : "")
        }
        var cells = [
            ["", "status", "work", "PE non-fac.", "PE facility", "MP", "total non-fac.", "total facility", "global"]
        ]
        for row in rows {
            let modifier = row["modifier"]?.text ?? ""
            cells.append([
                "  \(modifier.isEmpty ? "global" : modifier)", row["status"]?.text ?? "", amount(row, "work"),
                amount(row, "pe_nonfacility", na: "pe_nonfacility_na"),
                amount(row, "pe_facility", na: "pe_facility_na"),
                amount(row, "mp"), amount(row, "total_nonfacility"), amount(row, "total_facility"),
                row["global_days"]?.text ?? "",
            ])
        }
        var text = "Relative values\n" + table(cells, rightAligned: [2, 3, 4, 5, 6, 7])
        var explained: [String] = []
        for row in rows {
            guard let status = row["status"]?.string, let indicator = Indicator(status), !explained.contains(status),
                let entry = schemas.statuses[indicator]
            else { continue }
            explained.append(status)
            let reason = row["unpriced_reason"]?.string
            text +=
                "\n"
                + wrapped(
                    "\(status): \(entry.meaning)" + (reason.map { " Not priced: \($0.words)." } ?? ""), indent: "  ",
                    first: "  ")
        }
        return text
    }

    /// Payment limit, names and the first products.
    private func drugFacts(_ drug: JSONValue) -> String {
        let shown = 5
        let limit = drug["payment_limit"]?.text ?? ""
        var rows = [
            [
                "  payment limit",
                (limit.isEmpty ? "none" : "$\(limit)") + (drug["dosage"]?.string.map { " per \($0)" } ?? ""),
            ]
        ]
        for (title, field) in [
            ("coinsurance", "coinsurance"), ("clotting factor", "clotting_factor"), ("notes", "notes"),
        ] {
            let text = drug[field]?.text ?? ""
            guard !text.isEmpty, drug[field] != .bool(false) else { continue }
            rows.append(["  \(title)", text + (field == "coinsurance" ? " percent" : "")])
        }
        for (title, field) in [("brand names", "brand_names"), ("labelers", "labelers")] {
            let names = drug[field]?.elements.map(\.text) ?? []
            guard !names.isEmpty else { continue }
            rows.append(["  \(title)", names.prefix(shown).joined(separator: "; ") + more(names.count - shown)])
        }
        let products = drug["products"]?.elements ?? []
        for (index, product) in products.prefix(shown).enumerated() {
            rows.append([
                index == 0 ? "  products" : "",
                "\(product["ndc"]?.text ?? "")  \(product["drug_name"]?.text ?? ""), "
                    + "\(product["billing_units_per_package"]?.text ?? "") billing units"
                    + (index == shown - 1 ? more(products.count - shown) : ""),
            ])
        }
        return "Drug, \(drug["quarter"]?.text ?? "")\n" + table(rows)
    }

    private func more(_ count: Int) -> String { count > 0 ? " … and \(count) more" : "" }

    private func administrative() -> String? {
        guard let hcpcs = document["hcpcs"], case .object(let members) = hcpcs else {
            return nil
        }
        let rows = members.filter { !$0.value.text.isEmpty }.map { member -> [String] in
            let meaning =
                Indicator(member.value.text).flatMap { schemas.hcpcsValues.meaning(member.key, $0) }
            return ["  \(member.key.words)", member.value.text + (meaning.map { "  \($0)" } ?? "")]
        }
        return table(rows)
    }

    private func sources() -> [String] {
        let provenance = document["provenance"]
        let all =
            (provenance?["relative_values"]?.elements ?? []) + [provenance?["hcpcs"]].compactMap(\.self)
            + (provenance?["hcpcs_corrections"]?.elements ?? [])
            + [provenance?["drug_payment_limit"]].compactMap(\.self) + (provenance?["editorial"]?.elements ?? [])
        return all.compactMap { source in
            source["file"]?.string.map { "\($0):\(source["line"]?.text ?? "")" }
        }
    }

    private func wrapped(_ text: String, indent: String, first: String) -> String {
        text.wrapped(first: first, indent: indent, width: Self.width).joined(separator: "\n")
    }
}

extension String {
    /// An identifier as words.
    fileprivate var words: String { replacing("_", with: " ") }
}
