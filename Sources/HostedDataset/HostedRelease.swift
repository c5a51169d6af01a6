import FeeSchedule
import JSON
public import Model

/// What `releases/index.json` says.
public struct HostedReleases: Sendable {
    /// What `latest.json` points at; `nil` where every revision was withdrawn.
    public let latest: RevisionName?
    /// One more with every publication: who has seen a number knows an older list by its lower one.
    public let sequence: Int
    /// By release, the one that is effective last first; of each the newest first. Withdrawn ones are among them.
    public let revisions: [HostedRevision]

    init?(_ json: JSONValue) {
        guard json["schema_version"]?.string?.hasPrefix("1.") == true, let releases = json["releases"]?.elements else {
            return nil
        }
        var revisions: [HostedRevision] = []
        for release in releases {
            for revision in release["revisions"]?.elements ?? [] {
                guard let revision = HostedRevision(revision, of: release) else { return nil }
                revisions.append(revision)
            }
        }
        self.revisions = revisions
        latest = json["latest"]?.string.flatMap { RevisionName($0) }
        sequence = json["sequence"]?.integer ?? 0
    }
}

/// A revision on a web server.
public struct HostedRevision: Sendable {
    public let name: RevisionName
    /// The first day of service for which the values hold.
    public let effectiveFrom: CalendarDate
    /// The last day of service for which they hold.
    public let effectiveTo: CalendarDate
    /// The day on which CMS posted PPRRVU; `nil` where the file does not say.
    public let released: CalendarDate?
    /// The revision's folder below the one that was published.
    public let path: String
    /// `sha256:` and the hash of what the tables say.
    public let contentHash: String
    /// Lower-case hex; of the manifest, which names every file by its hash.
    public let manifestSHA256: String
    /// The size in bytes of all files that the manifest names.
    public let bytes: Int
    /// What makes this revision of the one before: that one's name, and the delta's folder and its size in bytes; `nil`
    /// where there is none.
    public let delta: (base: RevisionName, path: String, bytes: Int)?
    /// Why it must no longer be used; `nil` for a revision that stands.
    public let withdrawal: Withdrawal?

    init?(_ json: JSONValue, of release: JSONValue) {
        func date(_ value: JSONValue?) -> CalendarDate? { value?.string.flatMap { CalendarDate(iso: $0) } }
        guard let name = json["name"]?.string.flatMap({ RevisionName($0) }), json["path"]?.string == name.path,
            let from = date(release["effective"]?["from"]), let to = date(release["effective"]?["to"]),
            let contentHash = json["content_hash"]?.string, let manifestSHA256 = json["manifest_sha256"]?.string,
            let bytes = json["bytes"]?.integer
        else { return nil }
        self.name = name
        effectiveFrom = from
        effectiveTo = to
        released = date(json["released"])
        path = name.path
        self.contentHash = contentHash
        self.manifestSHA256 = manifestSHA256
        self.bytes = bytes
        if let base = json["delta"]?["base"]?.string.flatMap({ RevisionName($0) }),
            let bytes = json["delta"]?["bytes"]?.integer
        {
            delta = (base, "\(name.path)/delta", bytes)
        } else {
            delta = nil
        }
        guard let withdrawn = json["withdrawn"], withdrawn != .null else {
            withdrawal = nil
            return
        }
        guard let reason = withdrawn["reason"]?.string, let day = date(withdrawn["date"]) else { return nil }
        withdrawal = Withdrawal(
            revision: name, reason: reason, use: withdrawn["use"]?.string.flatMap { RevisionName($0) }, date: day)
    }

    func refuseWithdrawn() throws(IngestError) {
        guard let withdrawal else { return }
        throw IngestError(
            .unavailable, "revision_withdrawn", at: Place(path),
            "\(name) was withdrawn on \(withdrawal.date): \(withdrawal.reason)",
            hint: withdrawal.use.map { "Use \($0) in its place." }
                ?? "Take another revision, or ask for it all the same.")
    }
}

/// A code as a revision's index lists it.
public struct HostedCode: Hashable, Sendable {
    /// Five characters.
    public let code: String
    /// The name to show; `nil` where the tier has none.
    public let title: String?
    /// `CPT`, `HCPCS` or `CDT`.
    public let system: String
    /// The section's identifier.
    public let section: String?
    /// CMS's status indicator of the code's first row; `nil` where PPRRVU has none.
    public let status: String?

    init?(_ json: JSONValue) {
        guard let code = json["code"]?.string, let system = json["system"]?.string else { return nil }
        self.code = code
        self.system = system
        title = json["title"]?.string
        section = json["section"]?.string
        status = json["status"]?.string
    }
}
