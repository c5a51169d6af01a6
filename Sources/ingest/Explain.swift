public import ArgumentParser
import FeeSchedule
import Foundation
import JSON
import Model
public import Payment
import Pipeline
import Schemas
import Store

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain an amount, or any other field, down to the line of the file it came from.",
        discussion: """
            With --locality the payment is derived step by step: each RVU × GPCI, the conversion factor, the one \
            rounding, the OPPS cap, the reductions. A locality is named by its key (01112-05), a state, a county or \
            its name; when several fit, the choices are listed. With --field a single field is looked up: a column of \
            tables/relative_values.csv or codes.csv, or an editorial field such as synonyms.
            """)

    @Argument(help: "A HCPCS code: five characters.")
    var code: String

    @Option(help: "26, TC or 53; left out for the global row.")
    var modifier = ""

    @Option(help: "Where the service is given: 01112-05, Ohio, Cook, Manhattan …")
    var locality: String?

    @Option(help: "nonfacility or facility.")
    var setting = Setting.nonfacility

    @Option(help: "non_qp, or qp for qualifying APM participants (since 2026).")
    var track = Track.nonQP

    @Option(help: "The day of service (YYYY-MM-DD), for the work GPCI floor; the release's first when left out.")
    var date: String?

    @Option(help: "A field to look up instead of an amount.")
    var field: String?

    @Option(help: "Anesthesia: base units. With --minutes and --locality.")
    var baseUnits: Int?

    @Option(help: "Anesthesia: minutes of anesthesia time.")
    var minutes: Int?

    @Option(help: "A release or revision; the newest when left out.")
    var release: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        guard field != nil || locality != nil else {
            throw ValidationError("Say what to explain: --locality for an amount, or --field for a field.")
        }
        if let date, CalendarDate(iso: date) == nil { throw ValidationError("--date is a day such as 2026-02-01.") }
        if (baseUnits == nil) != (minutes == nil) {
            throw ValidationError("Anesthesia needs both --base-units and --minutes.")
        }
    }

    func run() throws {
        try reporting {
            let revision = try store.value.revision(release)
            if let field {
                try explainField(field, revision)
            } else if let locality, let baseUnits, let minutes {
                try explainAnesthesia(revision.dataset(), locality, baseUnits: baseUnits, minutes: minutes)
            } else if let locality {
                let derivation = try revision.dataset().derive(
                    PaymentQuestion(
                        code: code.uppercased(), modifier: modifier.uppercased(), locality: locality, setting: setting,
                        track: track, date: date.flatMap { CalendarDate(iso: $0) }))
                if format.format == .json {
                    printData(derivationJSON(derivation))
                } else {
                    print(text(derivation))
                }
            }
        }
    }

    private func text(_ derivation: Derivation) -> String {
        var lines = ["\(derivation.title)  (\(derivation.revision))"]
        lines.append(table(derivation.steps.map { ["  \($0.name)", $0.expression, "= \($0.result)"] }))
        lines.append(
            "\nMedicare pays "
                + (derivation.quote.payment.money.map(\.description)
                    ?? "no amount: \((derivation.quote.payment.reason ?? "").replacing("_", with: " "))"))
        var sources: [String] = []
        for source in derivation.steps.flatMap(\.sources) where !sources.contains(source) { sources.append(source) }
        lines.append("from " + sources.joined(separator: "\n     "))
        return lines.joined(separator: "\n")
    }

    private func explainAnesthesia(
        _ dataset: FeeSchedule.Dataset, _ name: String, baseUnits: Int, minutes: Int
    ) throws {
        let locality = try dataset.locality(named: name)
        let result = try dataset.anesthesiaPayment(baseUnits: baseUnits, minutes: minutes, in: locality, track: track)
        let units = "\(result.timeTenths / 10).\(result.timeTenths % 10)"
        if format.format == .json {
            print(
                """
                {"code":"\(code.uppercased())","locality":"\(locality.key)","base_units":\(baseUnits),\
                "time_units":\(units),"conversion_factor":\(result.factor),"payment":\(result.payment)}
                """)
        } else {
            print(
                """
                \(code.uppercased()) in \(locality.key) \(locality.name ?? ""), anesthesia
                  (\(baseUnits) base units + \(units) time units of 15 minutes) × \(result.factor)
                Medicare pays \(result.payment)
                """)
        }
    }

    private func explainField(_ field: String, _ revision: Revision) throws {
        guard let bytes = try FeeSchedule.Dataset.documentBytes(of: code.uppercased(), in: revision.folder),
            let document = try? JSONValue(bytes)
        else {
            throw IngestError(.badData, "code_unknown", "\(revision.name) has no code \(code.uppercased())")
        }
        let name = modifier.uppercased()
        let found = FieldLookup(document: document, modifier: name, schemas: try Schemas()).find(field)
        guard let found else {
            throw IngestError(
                .usage, "field_unknown", "\(code.uppercased()) has no field '\(field)'",
                hint: "Fields are the columns of tables/relative_values.csv and codes.csv, and the editorial fields "
                    + "of the document: ingest show \(code.uppercased()) --format json")
        }
        if format.format == .json {
            printData(fieldJSON(code: code.uppercased(), field: field, found))
        } else {
            print(
                "\(code.uppercased())\(name.isEmpty ? "" : "-\(name)") \(field): \(found.value.isEmpty ? "(none)" : found.value)"
            )
            print("  \(found.meaning)")
            for place in found.places { print("  \(place)") }
        }
    }
}

extension Setting: ExpressibleByArgument {}
extension Track: ExpressibleByArgument {}
