public import Foundation
import JSON
public import Model
import Zlib

/// A store laid out for a plain web server or bucket:
///
///     latest.json                     as in the store: the newest revision of the release that is effective last
///     latest/                         a link to that revision's folder, for paths that stay
///     index.html                      the releases, for people
///     feed.atom, feed.json            the releases, for programs that tell people of new ones
///     releases/index.json             every release and revision, what was withdrawn, where each lies
///     releases/RVU26A/r1/             a revision's own files; never changed once it is there
///     releases/RVU26A/r1/codes/       a JSON file for each code, and an index of them
///     assets/                         the style of index.html, named by its hash
///
/// and beside each file its packed form with `.gz` at the end. All but `releases/…/rN/` and `assets/` may change.
public struct Hosting: Sendable {
    /// A revision of the store.
    public struct Source: Sendable {
        public let name: RevisionName
        public let folder: URL

        public init(name: RevisionName, folder: URL) {
            self.name = name
            self.folder = folder
        }
    }

    private let sources: [Source]
    private let withdrawals: [Withdrawal]
    private let latest: [UInt8]?
    private let tier: String
    private let baseURL: String?

    /// - Parameters:
    ///   - latest: the store's `latest.json`; `nil` where no revision stands.
    ///   - tier: the licence tier that may be published; a revision of another is refused.
    ///   - baseURL: where the folder will be, ending in `/`: feeds then have absolute addresses.
    public init(sources: [Source], withdrawals: [Withdrawal], latest: [UInt8]?, tier: String, baseURL: String?) {
        self.sources = sources
        self.withdrawals = withdrawals
        self.latest = latest
        self.tier = tier
        self.baseURL = baseURL
    }

    /// What was written.
    public struct Written: Sendable {
        /// The revisions that were not there before.
        public var published: [String] = []
        /// Those that were there, and are as they were.
        public var kept: [String] = []
        /// Files of the new revisions, and files that may change and did.
        public var files = 0
        public var bytes = 0
    }

    /// Publishes into `place`: first the revisions that it does not have, each whole or not at all, then what may change.
    /// - Throws: when a revision is damaged or of another tier, a published file has changed, or one cannot be written.
    public func write(to place: URL, progress: (String) -> Void) throws(IngestError) -> Written {
        var revisions: [RevisionFiles] = []
        for source in sources {
            let revision = try RevisionFiles(name: source.name, source: source.folder)
            try refuseOtherTier(revision.tier, source.name.description, source.folder)
            revisions.append(revision)
        }
        let folder = try HostedFolder.take(place)
        for hosted in try folder.revisions() {
            try refuseOtherTier(hosted.tier, hosted.name.description, place.appendingPathComponent(hosted.path))
        }
        var written = Written()
        for revision in revisions {
            let path = revision.name.path
            progress("\(revision.name)")
            if folder.isThere(path) {
                _ = try revision.check(path, in: folder)
                written.kept.append("\(revision.name)")
            } else {
                let aside = folder.aside.appendingPathComponent("revision")
                try HostedFolder.makeFolder(aside)
                let count = try revision.write(to: aside)
                try folder.show(aside, as: path)
                written.published.append("\(revision.name)")
                written.files += count.files
                written.bytes += count.bytes
            }
        }
        try writeChanging(in: folder, &written)
        return written
    }

    private func refuseOtherTier(_ found: String, _ name: String, _ folder: URL) throws(IngestError) {
        guard found != tier else { return }
        throw IngestError(
            .usage, "hosting_tier", at: Place(folder.path),
            "\(name) is of the \(found) tier, and what is published here is of the \(tier) tier",
            hint: found == "licensed"
                ? "It holds descriptors of the AMA and the ADA. Where only their licensees can read the folder: "
                    + "--tier licensed --accept-license ama --accept-license ada."
                : "Publish each tier into a folder of its own.")
    }

    /// Writes what may change: `releases/index.json` first, by which the folder is known as ours when this run is killed,
    /// and `latest.json` last, so that whoever reads it finds all that it leads to.
    private func writeChanging(in folder: borrowing HostedFolder, _ written: inout Written) throws(IngestError) {
        let list = ReleaseList(
            revisions: try folder.revisions(), withdrawals: try allWithdrawals(folder), latest: latestName)
        var gzip = Gzip()
        let style = style()
        let feed = Feed(
            list: list,
            entries: try list.newestFirst.map { revision throws(IngestError) in
                FeedEntry(revision, list.withdrawal(of: revision), diff: folder.bytes("\(revision.path)/diff.json"))
            }, baseURL: baseURL)
        var files: [(path: String, bytes: [UInt8])] = [
            ("releases/index.json", list.json()),
            ("assets/\(style.name)", style.bytes),
            ("feed.atom", feed.atom()),
            ("feed.json", feed.json()),
            ("index.html", ReleasesPage(list: list, style: style.name).bytes()),
        ]
        if let latest { files.append(("latest.json", latest)) }
        for (path, bytes) in files {
            if path == "latest.json", try folder.link("latest", to: latestName?.path) { written.files += 1 }
            if try folder.put(bytes, at: path, &gzip) { written.files += 2 }
        }
        if latest == nil {
            for path in ["latest.json", "latest.json.gz", "latest"] where try folder.remove(path) { written.files += 1 }
        }
    }

    private var latestName: RevisionName? {
        guard let latest, let json = try? JSONValue(latest), let label = json["release"]?.string,
            let number = json["revision"]?.integer
        else { return nil }
        return RevisionName(label: label, number: number)
    }

    /// The store's withdrawals, and those that were published before: none is taken back.
    private func allWithdrawals(_ folder: borrowing HostedFolder) throws(IngestError) -> [Withdrawal] {
        let before = folder.bytes("releases/index.json").flatMap { try? JSONValue($0) }
        return withdrawals
            + ReleaseList.withdrawals(in: before).filter { old in
                !withdrawals.contains { $0.revision == old.revision }
            }
    }
}
