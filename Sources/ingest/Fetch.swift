public import ArgumentParser
import Fetch
import Foundation
import Model
import Pipeline
public import Schemas
import Store

struct FetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Download and pin the files of a release.",
        discussion: """
            Files come from CMS, or from a --mirror with CMS's paths, and are kept in the store under sources/. \
            What each source is pinned to is written to sources/sources.lock.json. A pinned file is not downloaded \
            again; the server is asked whether it is still the same. One that CMS has re-posted is shown as a \
            difference of members and taken only with --accept-repost.

            `ingest run` without --input fetches what is missing and uses what is pinned.

            Proxies are those of the environment: https_proxy, http_proxy, no_proxy. Behind a proxy with a \
            certificate of its own, name its file with SSL_CERT_FILE.
            """)

    @Option(help: "CMS's label of the release, such as RVU26A.")
    var release: String

    @Option(help: "What to fetch: rvu, hcpcs (both by default) or asp. Repeat it for each.")
    var source: [SourceKind] = [.rvu, .hcpcs]

    @Option(help: "Accept a licence that CMS puts before some files (asp): ama. The lock file keeps a record.")
    var acceptLicense: [Run.License] = []

    @OptionGroup var fetching: FetchingOptions
    @OptionGroup var network: NetworkOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        try reporting {
            let fetched = try fetching.fetch(
                release, kinds: source, store: store.value, client: try network.client(), checksServer: true,
                licenses: acceptLicense)
            if format.format == .json {
                printData(fetchedJSON(fetched))
            } else {
                for source in fetched { print(source.path.relativePath) }
            }
        }
    }
}

extension SourceKind: ExpressibleByArgument {}

/// How files are fetched, for `fetch` and for a `run` without inputs.
struct FetchingOptions: ParsableArguments {
    @Flag(help: "Ask no server: use the pinned files that the store has.")
    var offline = false

    @Flag(help: "Take the file that CMS has put in the place of a pinned one.")
    var acceptRepost = false

    func fetch(
        _ label: String, kinds: [SourceKind], store: Store, client: Client, checksServer: Bool, licenses: [Run.License]
    ) throws -> [FetchedSource] {
        let talk = Talk()
        let options = FetchOptions(
            label: label, kinds: kinds, store: store, client: client, isOffline: offline, checksServer: checksServer,
            acceptsRepost: acceptRepost, acceptedLicenses: Set(licenses.map(\.rawValue)))
        let schemas = try Schemas()
        defer { talk.endProgress() }
        let clock = ContinuousClock()
        var shown = clock.now
        return try fetchSources(options, schemas: schemas) { event in
            switch event {
            case .waiting: talk.say("fetch … another fetch into this store is under way")
            case .asking(let address): talk.progress("fetch", address)
            case .progress(let progress):
                guard clock.now - shown > .milliseconds(100) else { return }
                shown = clock.now
                talk.move(
                    "fetch",
                    "\(megabytes(progress.bytes))\(progress.total.map { " of \(megabytes($0))" } ?? "") MB  \(progress.address)"
                )
            case .fetched(let source): talk.say(source)
            case .reposted(let old, let new, let difference): talk.say(old, new, difference)
            case .warning(let diagnostic): talk.say(diagnostic)
            }
        }
    }

    /// The release's files of the store, fetched where they are missing. Drug prices are behind a licence: they are
    /// used when they were fetched before.
    func files(
        of label: String, store: Store, network: NetworkOptions, licenses: [Run.License] = []
    ) throws -> [String] {
        var sources = try fetch(
            label, kinds: [.rvu, .hcpcs], store: store, client: try network.client(), checksServer: false,
            licenses: licenses)
        if let drugs = try fetchedDrugSource(of: label, in: store, schemas: try Schemas()) { sources.append(drugs) }
        return sources.map(\.path.path)
    }

    func validate() throws {
        if offline, acceptRepost { throw ValidationError("--accept-repost asks the server, and --offline forbids it.") }
    }
}

/// How CMS's site is asked.
struct NetworkOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Ask this copy of CMS's site, at CMS's paths below it.", valueName: "url"))
    var mirror: String?

    @Option(help: ArgumentHelp("Repeat a request that brought nothing this often.", valueName: "n"))
    var retries = 4

    @Option(help: ArgumentHelp("Wait before the first repetition; doubled for each further one.", valueName: "seconds"))
    var retryDelay = 1

    @Option(help: ArgumentHelp("Give up a file that takes longer.", valueName: "seconds"))
    var maxTime = 1800

    @Option(help: ArgumentHelp("Count a server as stalled that sends nothing for this long.", valueName: "seconds"))
    var stallTime = 30

    @Option(help: ArgumentHelp("Refuse a file that is larger.", valueName: "megabytes"))
    var maxSize = 1024

    func client() throws -> Client {
        var client = Client(program: "ingest/\(toolVersion)", mirror: try mirror.map { try Mirror($0) })
        client.retries = retries
        client.retrySeconds = retryDelay
        client.limits.seconds = maxTime
        client.limits.stallSeconds = stallTime
        client.limits.bytes = maxSize << 20
        return client
    }

    func validate() throws {
        guard (0...100).contains(retries), (0...3600).contains(retryDelay), (1...86_400).contains(maxTime),
            (1...3600).contains(stallTime), (1...1_000_000).contains(maxSize)
        else {
            throw ValidationError(
                "--retries, --retry-delay, --max-time, --stall-time and --max-size are small numbers.")
        }
    }
}

/// Megabytes with one place.
private func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000).\(bytes / 100_000 % 10)" }

extension Talk {
    fileprivate func say(_ source: FetchedSource) {
        endProgress()
        let state =
            switch source.state {
            case .downloaded: "fetched"
            case .kept: "kept"
            case .replaced: "replaced"
            case .accepted: "accepted"
            }
        let released = source.file.released.map { ", released \($0)" } ?? ""
        say(
            "\(state) \(source.kind.rawValue) \(source.subject): \(source.file.name), \(source.file.bytes) bytes, "
                + "sha256 \(source.file.sha256.prefix(12))…\(released)")
    }

    fileprivate func say(_ old: PostedFile?, _ new: PostedFile, _ difference: MemberDifference?) {
        endProgress()
        func line(_ file: PostedFile) -> String {
            "\(file.name), \(file.bytes) bytes, sha256 \(file.sha256.prefix(12))…"
                + (file.released.map { ", released \($0)" } ?? "")
        }
        say("re-posted")
        if let old { say("  pinned   \(line(old))") }
        say("  offered  \(line(new))")
        guard let difference else {
            say("  the members cannot be compared: the older file is not kept")
            return
        }
        for member in difference.added { say("  + \(printable(member.name)), \(member.bytes) bytes") }
        for member in difference.removed { say("  - \(printable(member.name)), \(member.bytes) bytes") }
        for (before, after) in difference.changed {
            say("  ~ \(printable(after.name)), \(before.bytes) → \(after.bytes) bytes")
        }
        say("  \(difference.equal) members are the same")
    }

    fileprivate func say(_ diagnostic: Diagnostic) {
        endProgress()
        var diagnostics = Diagnostics()
        diagnostics.add(diagnostic)
        report(diagnostics, severities: [.warning], shown: 1)
    }
}
