import ArgumentParser
import Foundation
import Model
import Pipeline
import Schemas
import Store

struct Releases: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "releases",
        abstract: "List what the store holds and which releases are known.",
        discussion: """
            With --remote, CMS's site is asked what it has that the store has not: newer releases, and other files \
            in the place of pinned ones. The exit code is then 0 when there is nothing new, 1 when there is, 69 \
            when the site did not answer.
            """)

    @Flag(help: "Ask CMS's site what it has that the store has not.")
    var remote = false

    @OptionGroup var network: NetworkOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        try reporting {
            let schemas = try Schemas()
            if remote { return try sayRemote(schemas) }
            let list = try releaseList(store.value, schemas: schemas)
            if format.format == .json {
                printData(releasesJSON(list))
                return
            }
            var rows = [["release", "effective", "conversion factor", "in the store"]]
            for entry in list {
                rows.append([
                    entry.label, "\(entry.effectiveFrom) to \(entry.effectiveTo)",
                    [entry.conversionFactor, entry.conversionFactorQP].compactMap(\.self).joined(separator: ", QP "),
                    entry.revisions.map { number in
                        let isWithdrawn = entry.withdrawals.contains { $0.revision.number == number }
                        return "r\(number)" + (isWithdrawn ? " (withdrawn)" : "")
                    }.joined(separator: " "),
                ])
            }
            print(table(rows))
            for withdrawal in list.flatMap(\.withdrawals) {
                print(
                    "\(withdrawal.revision) was withdrawn on \(withdrawal.date): \(withdrawal.reason)"
                        + (withdrawal.use.map { "; use \($0)" } ?? ""))
            }
        }
    }

    private func sayRemote(_ schemas: Schemas) throws {
        let talk = Talk()
        let report = try remoteReleases(store.value, client: try network.client(), schemas: schemas) {
            talk.progress("look", $0)
        }
        talk.endProgress()
        talk.report(report.diagnostics, severities: [.warning], shown: 3)
        if format.format == .json {
            printData(remoteJSON(report))
        } else if !report.releases.isEmpty {
            var rows = [["release", "effective from", "at CMS", "address"]]
            for release in report.releases {
                rows.append([release.label, "\(release.effectiveFrom)", release.state.rawValue, release.address])
            }
            print(table(rows))
        }
        if !report.isKnown {
            talk.say("CMS's site could not be asked")
            throw ExitCode(IngestError.Kind.unavailable.rawValue)
        }
        let news = report.releases.filter { $0.state == .new || $0.state == .reposted }
        talk.say(
            news.isEmpty
                ? "CMS has nothing that the store has not"
                : "next: " + news.map { "ingest fetch --release \($0.label)" }.joined(separator: ", "))
        if !news.isEmpty { throw ExitCode(IngestError.Kind.gateFailed.rawValue) }
    }
}
