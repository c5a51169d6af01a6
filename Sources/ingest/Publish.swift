import ArgumentParser
import Foundation
import JSON
import Model
import Pipeline
import Publish
import Store

struct PublishCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Lay out the store's revisions for a plain web server or bucket.",
        discussion: """
            Every revision of the store comes to DIR/releases/RVU26A/r1 as it is, with a JSON file for each code and a \
            .gz beside each file. releases/index.json lists them, feed.atom and feed.json tell of new ones, latest.json \
            points at the newest, index.html is for people. Withdrawn revisions are marked and stay.

            What was published before is looked through and never written again: a file that has changed is an error. A \
            run that was killed leaves what was there, and the next one completes it.
            """)

    @Option(help: "The folder to publish into.", completion: .directory)
    var out: String

    @Option(
        help: """
            Where the folder will be, https://example.org/fees/: the feeds then have absolute addresses, as JSON Feed \
            wants them.
            """)
    var baseUrl: String?

    @Option(
        help: """
            Which tier may be published. The licensed one holds descriptors of the AMA and the ADA: publish it only \
            where their licensees alone can read it.
            """)
    var tier: Tier = .public

    @Option(help: "For --tier licensed: confirm the licences, as for `ingest run`. Give it twice, with ama and ada.")
    var acceptLicense: [Run.License] = []

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        try Run.refuseWithoutLicenses(tier, acceptLicense)
        if let baseUrl, !baseUrl.hasPrefix("https://"), !baseUrl.hasPrefix("http://") {
            throw ValidationError("--base-url is a web address such as https://example.org/fees/")
        }
    }

    func run() throws {
        try reporting(consequence: "latest.json and the lists are as they were.") {
            let talk = Talk()
            let hosting = try hosting(
                of: store.value, tier: tier, baseURL: baseUrl.map { $0.hasSuffix("/") ? $0 : $0 + "/" })
            let place = URL(fileURLWithPath: out)
            let written = try hosting.write(to: place) { talk.progress("publish", $0) }
            talk.endProgress()
            talk.say(
                written.files == 0
                    ? "nothing changed: \(written.kept.count) revisions are there as they were"
                    : "published \(written.published.isEmpty ? "no new revision" : written.published.joined(separator: ", "))"
                        + ": \(written.files) files, \(written.bytes / 1_000_000) MB; "
                        + "\(written.kept.count) revisions were there")
            guard format.format == .json else {
                print(place.relativePath)
                return
            }
            var json = JSONWriter(indented: true)
            json.object { json in
                json.field("path", place.relativePath)
                json.field("published", texts: written.published)
                json.field("kept", texts: written.kept)
                json.field("files", written.files)
                json.field("bytes", written.bytes)
            }
            printData(json.bytes + [0x0A])
        }
    }
}

struct WithdrawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Mark a published revision as one that must no longer be used.",
        discussion: """
            A published revision never changes, so the mark lies beside it, in withdrawn.json of the store. latest.json \
            then points at what stands, a release's name means its newest revision that stands, and no run compares with \
            a withdrawn one. `ingest publish` tells its readers. The files stay.

            There is no way back. What was withdrawn by mistake is published again as the next revision.
            """)

    @Argument(help: "The revision, such as RVU26A-r1.")
    var revision: String

    @Option(help: "Why, in a sentence for those who use it.")
    var reason: String

    @Option(help: "The revision to use in its place, such as RVU26A-r2.")
    var use: String?

    @Option(help: "The day of the withdrawal, such as 2026-04-01: no output of this program follows the clock.")
    var date: String

    @OptionGroup var store: StoreOptions

    func validate() throws { _ = try withdrawal() }

    private func withdrawal() throws -> Withdrawal {
        func name(_ text: String) throws -> RevisionName {
            let parts = text.uppercased().split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let name = RevisionName("\(parts[0])-\(parts[1].lowercased())") else {
                throw ValidationError("'\(text)' is no revision; expected a release and a number, such as RVU26A-r1")
            }
            return name
        }
        guard let day = CalendarDate(iso: date) else {
            throw ValidationError("'\(date)' is no day; expected one such as 2026-04-01")
        }
        let reason = reason.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard !reason.isEmpty else { throw ValidationError("--reason says why the revision must not be used") }
        return Withdrawal(revision: try name(revision), reason: reason, use: try use.map(name), date: day)
    }

    func run() throws {
        try reporting(consequence: "Nothing was withdrawn.") {
            let talk = Talk()
            let withdrawal = try withdrawal()
            let isNew = try store.value.withdraw(withdrawal)
            talk.say("\(withdrawal.revision) \(isNew ? "is withdrawn" : "was withdrawn already, in the same words")")
            let latest = try? store.value.revision(nil)
            talk.say(latest.map { "latest.json points at \($0.name)" } ?? "nothing stands in this store any more")
            talk.say("next: ingest publish --out DIR tells those who read the published folder")
            print(withdrawal.revision)
        }
    }
}
