import ArgumentParser
import FeeSchedule
import Model
import Payment
import Pipeline

struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show a code through all published releases.",
        discussion: """
            The newest revision of each release in the store, by date: status, relative values, payment (nationally, \
            with all GPCIs 1.000, or in a --locality), and where CMS changed the descriptor.
            """)

    @Argument(help: "A HCPCS code: five characters.")
    var code: String

    @Option(help: "26, TC or 53; left out for the global row.")
    var modifier = ""

    @Option(help: "Where payment is worked out: 01112-05, Ohio, Cook …; nationally when left out.")
    var locality: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        try reporting {
            let code = code.uppercased()
            let modifier = modifier.uppercased()
            let entries = try history(of: code, modifier: modifier, locality: locality, in: store.value)
            if format.format == .json {
                printData(historyJSON(entries, code: code, modifier: modifier, locality: locality))
            } else {
                print(text(entries, code: modifier.isEmpty ? code : "\(code)-\(modifier)"))
            }
        }
    }

    private func text(_ entries: [HistoryEntry], code: String) -> String {
        var rows = [
            [
                "release", "from", "status", "work", "PE non-fac.", "PE facility", "MP", "pays non-fac.",
                "pays facility",
                "",
            ]
        ]
        for entry in entries {
            guard let row = entry.row else {
                let reason = (entry.absence ?? "").replacing("_", with: " ")
                rows.append([
                    entry.revision.description, entry.effectiveFrom.description, "–", "", "", "", "", "", "", reason,
                ])
                continue
            }
            rows.append([
                entry.revision.description, entry.effectiveFrom.description, row.status.description,
                row.work.description,
                row.peNonfacility.description + (row.isNonfacilityNA ? " NA" : ""),
                row.peFacility.description + (row.isFacilityNA ? " NA" : ""), row.mp.description,
                amount(entry, .nonfacility), amount(entry, .facility),
                (row.unpricedReason ?? "").replacing("_", with: " "),
            ])
        }
        var lines = ["\(code), \(locality.map { "payment in \($0)" } ?? "national payment")", ""]
        lines.append(table(rows, rightAligned: [3, 4, 5, 6, 7, 8]))
        let pictures = [
            picture("work RVU", entries.map { $0.row?.work.units }),
            picture("non-facility", entries.map { $0.payment[.nonfacility]?.money?.units }),
            picture("facility", entries.map { $0.payment[.facility]?.money?.units }),
        ].compactMap(\.self)
        if !pictures.isEmpty { lines += ["", table(pictures)] }
        lines += descriptors(entries)
        return lines.joined(separator: "\n")
    }

    private func amount(_ entry: HistoryEntry, _ setting: Setting) -> String {
        guard let payment = entry.payment[setting] else { return "" }
        return payment.money?.description ?? (payment.reason == PricedRow.notApplicable ? "NA" : "none")
    }

    /// A bar for each release, from the lowest value (or zero, when that is near) to the highest.
    private func picture(_ name: String, _ values: [Int64?]) -> [String]? {
        let present = values.compactMap(\.self)
        guard present.count > 1, let least = present.min(), let most = present.max(), most > 0 else { return nil }
        let bars = Array("▁▂▃▄▅▆▇█")
        let drawn = values.map { value -> Character in
            guard let value else { return "·" }
            return most == least ? bars[3] : bars[Int((value - least) * Int64(bars.count - 1) / (most - least))]
        }
        let first = present.first ?? 0
        let change = (present.last ?? 0) - first
        let tenths = first == 0 ? nil : (change.magnitude * 1000 + first.magnitude / 2) / first.magnitude
        let percent = tenths.map { " (\(change < 0 ? "−" : "+")\($0 / 10).\($0 % 10) %)" } ?? ""
        return [
            "  \(name)", String(drawn),
            change == 0
                ? "\(RVU(units: first)) throughout" : "\(RVU(units: first)) → \(RVU(units: first + change))\(percent)",
        ]
    }

    /// The descriptor where it is new, or that it changed where the tier does not show it.
    private func descriptors(_ entries: [HistoryEntry]) -> [String] {
        var lines: [String] = []
        var last: String?
        for entry in entries {
            if let descriptor = entry.descriptor, descriptor != last {
                lines.append("  \(entry.revision)  \(descriptor)")
                last = descriptor
            } else if entry.descriptor == nil, entry.isReworded == true {
                lines.append("  \(entry.revision)  reworded (this tier does not show the text)")
            }
        }
        return lines.isEmpty ? [] : ["", "descriptor"] + lines
    }
}
