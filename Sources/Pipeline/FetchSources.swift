public import Fetch
public import Foundation
public import Model
public import Schemas
public import Store

/// What is to be fetched and how.
public struct FetchOptions: Sendable {
    public var label: String
    public var kinds: [SourceKind]
    public var store: Store
    public var client: Client
    /// Asks nobody: what the store has must do.
    public var isOffline: Bool
    /// Asks the server whether a pinned file is still the one that it serves.
    public var checksServer: Bool
    public var acceptsRepost: Bool
    public var acceptedLicenses: Set<String>

    public init(
        label: String, kinds: [SourceKind], store: Store, client: Client, isOffline: Bool, checksServer: Bool,
        acceptsRepost: Bool, acceptedLicenses: Set<String>
    ) {
        self.label = label
        self.kinds = kinds
        self.store = store
        self.client = client
        self.isOffline = isOffline
        self.checksServer = checksServer
        self.acceptsRepost = acceptsRepost
        self.acceptedLicenses = acceptedLicenses
    }
}

/// A file that a release needs, as it now lies in the store.
public struct FetchedSource: Sendable {
    public enum State: String, Sendable {
        case downloaded
        /// It was there.
        case kept
        /// It was there and damaged.
        case replaced
        /// It takes the place of the file that was pinned before.
        case accepted
    }

    public let kind: SourceKind
    public let subject: String
    public let file: PostedFile
    public let path: URL
    public let state: State
}

/// What happens while files are fetched.
public enum FetchEvent: Sendable {
    case waiting
    case asking(String)
    case progress(DownloadProgress)
    case fetched(FetchedSource)
    /// CMS has put another file in the place of the pinned one; no difference where the older is not kept.
    case reposted(old: PostedFile?, new: PostedFile, MemberDifference?)
    case warning(Diagnostic)
}

/// Brings the files of a release into the store, unless they are there, and pins them.
/// - Throws: when one cannot be had, is not what it should be, or was re-posted and that is not accepted. What was
///   fetched until then stays.
public func fetchSources(
    _ options: FetchOptions, schemas: Schemas, report: @escaping (FetchEvent) -> Void
) throws(IngestError) -> [FetchedSource] {
    let release = try schemas.catalogue.entry(options.label).release
    let folder = SourceFolder(options.store.sources)
    var fetched: [FetchedSource] = []
    if options.isOffline {
        let pins = try Pins(folder.root)
        for kind in options.kinds {
            let source = try offline(kind, release, pins, folder, schemas: schemas)
            report(.fetched(source))
            fetched.append(source)
        }
        return fetched
    }
    do { try folder.make() } catch {
        throw IngestError(
            .cannotWrite, "cannot_write", at: Place(folder.root.path),
            "the store cannot be written: \(error.localizedDescription)", hint: "Check the folder's permissions.")
    }
    let lock = try options.store.lockSources(seconds: options.client.limits.seconds) { report(.waiting) }
    defer { _ = lock }
    folder.clearForgotten()
    for kind in options.kinds {
        var source = Source(
            kind: kind, release: release, options: options, schemas: schemas, folder: folder,
            pins: try Pins(folder.root),
            report: report)
        let result = Result { () throws(IngestError) in try source.fetch() }
        // What was learnt is kept, whatever came of it.
        try source.pins.write()
        let found = try result.get()
        report(.fetched(found))
        fetched.append(found)
    }
    return fetched
}

/// The ASP archive of the release's quarter, when somebody has accepted its licence and fetched it into the store.
/// Nobody is asked for it.
/// - Throws: when the copy that was fetched is damaged or gone.
public func fetchedDrugSource(
    of label: String, in store: Store, schemas: Schemas
) throws(IngestError) -> FetchedSource? {
    let release = try schemas.catalogue.entry(label).release
    let folder = SourceFolder(store.sources)
    let pins = try Pins(folder.root)
    guard pins[.asp, schemas.sources.subject(.asp, of: release)].pinned != nil else { return nil }
    return try offline(.asp, release, pins, folder, schemas: schemas)
}

private func offline(
    _ kind: SourceKind, _ release: Release, _ pins: Pins, _ folder: SourceFolder, schemas: Schemas
) throws(IngestError) -> FetchedSource {
    let subject = schemas.sources.subject(kind, of: release)
    let name = schemas.sources.definition(kind)?.name ?? kind.rawValue
    guard let file = pins[kind, subject].pinned else {
        throw IngestError(
            .unavailable, "offline_missing", at: Place(folder.root.relativePath),
            "\(name) of \(subject) was never fetched into this store",
            hint: "Fetch it without --offline, or give it with --input.")
    }
    guard case .whole(let path) = folder.kept(file.sha256, name: file.name) else {
        throw IngestError(
            .unavailable, "offline_damaged", at: Place(folder.root.relativePath),
            "\(file.name) of \(subject) is pinned, but its copy is damaged or gone",
            hint: "Fetch it again: ingest fetch --release \(release.label) --source \(kind.rawValue).")
    }
    return FetchedSource(kind: kind, subject: subject, file: file, path: path, state: .kept)
}

/// One file of a release on its way into the store.
private struct Source {
    let kind: SourceKind
    let release: Release
    let options: FetchOptions
    let schemas: Schemas
    let folder: SourceFolder
    var pins: Pins
    let report: (FetchEvent) -> Void

    private var subject: String { schemas.sources.subject(kind, of: release) }
    private var name: String { schemas.sources.definition(kind)?.name ?? kind.rawValue }

    mutating func fetch() throws(IngestError) -> FetchedSource {
        var pin = pins[kind, subject]
        var state = FetchedSource.State.downloaded
        var pinnedPath: URL?
        if let file = pin.pinned {
            switch folder.kept(file.sha256, name: file.name) {
            case .whole(let path):
                (pinnedPath, state) = (path, .kept)
                noteNewer(than: file)
                guard options.checksServer || options.acceptsRepost else {
                    if let offered = pin.offered { warnOffered(file, offered) }
                    return FetchedSource(kind: kind, subject: subject, file: file, path: path, state: .kept)
                }
            case .damaged(let path):
                state = .replaced
                report(
                    .warning(
                        Diagnostic(
                            .warning, "source_damaged", at: Place(path.relativePath),
                            "the kept file is no longer what was fetched; it is fetched again")))
                try? FileManager.default.removeItem(at: path)
            case .missing: break
            }
        }
        try requireLicense(pin)

        let found: (latest: PostedFile, expected: String?)
        do throws(IngestError) {
            found = try latest(&pin, isPinnedKept: pinnedPath != nil)
        } catch {
            guard let file = pin.pinned, let path = pinnedPath, error.kind == .unavailable,
                let reason = error.diagnostics.kinds.first?.first.first
            else { throw error }
            report(
                .warning(
                    Diagnostic(
                        .warning, "source_unchecked", at: reason.place,
                        "it could not be asked whether \(file.name) is still CMS's: \(reason.message). The kept file is used"
                    )))
            return FetchedSource(kind: kind, subject: subject, file: file, path: path, state: .kept)
        }
        let (latest, expected) = found
        if latest.sha256 == pin.pinned?.sha256 {
            pin.pinned = latest
            pin.offered = nil
        } else if pin.pinned == nil, expected == nil || expected == latest.sha256 {
            pin.pinned = latest
            pin.offered = nil
        } else {
            try repost(&pin, latest, expected: expected)
            state = .accepted
        }
        pins[kind, subject] = pin
        guard let file = pin.pinned, case .whole(let path) = folder.kept(file.sha256, name: file.name) else {
            throw IngestError(
                .cannotWrite, "source_lost", at: Place(folder.root.relativePath),
                "\(latest.name) was fetched and is not there any more", hint: "Is something else clearing the folder?")
        }
        return FetchedSource(kind: kind, subject: subject, file: file, path: path, state: state)
    }

    // MARK: Licences

    private func requireLicense(_ pin: Pin) throws(IngestError) {
        guard let id = schemas.sources.definition(kind)?.license, !options.acceptedLicenses.contains(id),
            let license = schemas.sources.licenses.first(where: { $0.id == id })
        else { return }
        let url = schemas.sources.candidates(kind, of: release).first?.url ?? ""
        throw IngestError(
            .usage, "license_needed", at: Place(license.address(for: url)),
            "CMS gives \(name) to those who accept the licence of \(license.owner)",
            hint: "Read it, and if you agree say so with --accept-license \(license.id).")
    }

    private var licensePages: [LicensePage] {
        schemas.sources.licenses.map { license in
            LicensePage(
                license: license.id, marks: license.marks,
                answer: options.acceptedLicenses.contains(license.id) ? license.answer : nil)
        }
    }

    private func acceptance(_ downloaded: Downloaded, url: String) -> Pin.Acceptance? {
        let id = downloaded.license ?? schemas.sources.definition(kind)?.license
        return schemas.sources.licenses.first { $0.id == id }.map { license in
            Pin.Acceptance(license: license.id, text: license.address(for: url), on: today())
        }
    }

    // MARK: What the server has

    /// What CMS serves now, and the hash that the catalogue expects of it.
    private mutating func latest(
        _ pin: inout Pin, isPinnedKept: Bool
    ) throws(IngestError) -> (PostedFile, expected: String?) {
        var candidates = schemas.sources.candidates(kind, of: release)
        if let pinned = pin.pinned {
            let newest = schemas.sources.listed(kind, of: release).last
            let isNewer = newest.map { $0.url != pinned.url && $0.sha256 != pinned.sha256 } ?? false
            // To replace a lost file its own address comes first; to look for a newer one, that one's.
            if !isNewer || !isPinnedKept {
                candidates.removeAll { $0.url == pinned.url }
                candidates.insert(SourceCatalogue.Posting(url: pinned.url), at: 0)
            }
            if isPinnedKept { candidates = Array(candidates.prefix(1)) }
        }
        var failures: [DownloadFailure] = []
        let known = candidates.count
        var next = 0
        while true {
            // Only when no known address has it are CMS's pages read.
            if next == known, !isPinnedKept { candidates += linked(beyond: candidates) }
            guard next < candidates.count else { throw notFound(failures) }
            let candidate = candidates[next]
            next += 1
            let known = [pin.offered, isPinnedKept ? pin.pinned : nil].compactMap(\.self).first { file in
                guard file.url == candidate.url, case .whole = folder.kept(file.sha256, name: file.name) else {
                    return false
                }
                return true
            }
            report(.asking(candidate.url))
            let wanted = Wanted(
                candidate.url,
                sha256: candidate.sha256 ?? (pin.pinned?.url == candidate.url ? pin.pinned?.sha256 : nil),
                known: known.map { Validators(etag: $0.etag, lastModified: $0.lastModified, bytes: $0.bytes) },
                licensePages: licensePages)
            switch ask(wanted) {
            case .success(.unchanged):
                if let known { return (known, candidate.sha256) }
            case .success(.file(let downloaded)):
                if let acceptance = acceptance(downloaded, url: candidate.url), pin.license?.text != acceptance.text {
                    pin.license = acceptance
                }
                return (try examine(downloaded, url: candidate.url), candidate.sha256)
            case .failure(let failure):
                failures.append(failure)
                guard [.notFound, .page].contains(failure.reason) else { throw failure.error }
            }
        }
    }

    /// What CMS's pages link to and nobody has tried yet; nothing where they cannot be read.
    private func linked(beyond tried: [SourceCatalogue.Posting]) -> [SourceCatalogue.Posting] {
        guard let definition = schemas.sources.definition(kind) else { return [] }
        report(.asking(definition.index))
        do throws(DownloadFailure) {
            return try IndexPage(definition, client: options.client).archives(of: release)
                .filter { address in !tried.contains { $0.url == address } }.map { SourceCatalogue.Posting(url: $0) }
        } catch {
            return []
        }
    }

    private func ask(_ wanted: Wanted) -> Result<Fetched, DownloadFailure> {
        do throws(DownloadFailure) {
            return .success(
                try download(wanted, client: options.client, folder: folder) { [report] in report(.progress($0)) })
        } catch {
            return .failure(error)
        }
    }

    /// Every address that was tried, with what it answered.
    private func notFound(_ failures: [DownloadFailure]) -> IngestError {
        if failures.count == 1, let only = failures.first { return only.error }
        var diagnostics = Diagnostics()
        for failure in failures { diagnostics.add(failure.error.diagnostics) }
        diagnostics.add(
            Diagnostic(
                .error, "source_not_found", "\(name) of \(subject) is at none of the addresses that are known",
                hint: "See `ingest releases --remote`, or fetch the file with a browser and give it with --input."))
        return IngestError(.unavailable, diagnostics)
    }

    /// Looks into an archive that has arrived; one that cannot be used is not kept.
    private func examine(_ downloaded: Downloaded, url: String) throws(IngestError) -> PostedFile {
        let fileName = downloaded.file.lastPathComponent
        var file = PostedFile(
            name: fileName, url: url, finalURL: downloaded.address, sha256: downloaded.sha256, bytes: downloaded.bytes,
            etag: downloaded.validators.etag, lastModified: downloaded.validators.lastModified)
        do throws(IngestError) {
            guard let contents = try contents(of: downloaded.file, name: fileName) else {
                report(
                    .warning(
                        Diagnostic(
                            .warning, "source_unexamined", at: Place(fileName),
                            "it has \(downloaded.bytes) bytes, too many to look into")))
                return file
            }
            let member = schemas.sources.definition(kind)?.member ?? ""
            guard member.isEmpty || contents.members.contains(where: { $0.name.uppercased().contains(member) }) else {
                let names = contents.members.prefix(5).map(\.name).joined(separator: ", ")
                throw IngestError(
                    .badData, "source_content", at: Place(url),
                    "this is not \(name): no member is named like \(member); there are \(names)",
                    hint: "CMS may have put another file at this address. Give the right one with --input.")
            }
            file.released = contents.released
            return file
        } catch {
            try? FileManager.default.removeItem(at: downloaded.file.deletingLastPathComponent())
            throw error
        }
    }

    // MARK: Re-posts

    /// Takes `latest` in the place of the pinned file, if that is accepted.
    private mutating func repost(_ pin: inout Pin, _ latest: PostedFile, expected: String?) throws(IngestError) {
        report(.reposted(old: pin.pinned, new: latest, difference(pin.pinned, latest)))
        guard options.acceptsRepost else {
            pin.offered = latest
            pins[kind, subject] = pin
            let what =
                if let pinned = pin.pinned {
                    "CMS has re-posted \(name) of \(subject): the hash is \(latest.sha256.prefix(12))…, and "
                        + "\(pinned.sha256.prefix(12))… is pinned"
                } else {
                    "this is not the file that the catalogue knows: the hash is \(latest.sha256.prefix(12))…, expected "
                        + "\(expected?.prefix(12) ?? "")…"
                }
            throw IngestError(
                .gateFailed, "source_reposted", at: Place(latest.url), what,
                hint:
                    "Look at the difference. --accept-repost takes the new file; the next run then makes a new revision."
            )
        }
        if let pinned = pin.pinned { pin.earlier.append(pinned) }
        pin.pinned = latest
        pin.offered = nil
    }

    private func difference(_ old: PostedFile?, _ new: PostedFile) -> MemberDifference? {
        func members(_ file: PostedFile?) -> [MemberDifference.Member]? {
            guard let file, case .whole(let path) = folder.kept(file.sha256, name: file.name) else { return nil }
            return (try? contents(of: path, name: file.name))?.members
        }
        guard let before = members(old), let after = members(new) else { return nil }
        return MemberDifference(before, after)
    }

    private func warnOffered(_ pinned: PostedFile, _ offered: PostedFile) {
        report(
            .warning(
                Diagnostic(
                    .warning, "source_reposted", at: Place(offered.url),
                    "CMS has re-posted \(name) of \(subject); the pinned \(pinned.name) is used",
                    hint: "--accept-repost takes the new file.")))
    }

    /// The catalogue may have learnt of a newer posting since the file was pinned.
    private func noteNewer(than file: PostedFile) {
        let listed = schemas.sources.listed(kind, of: release)
        guard !options.checksServer, let newest = listed.last, newest.url != file.url, newest.sha256 != file.sha256,
            listed.contains(where: { $0.url == file.url })
        else { return }
        report(
            .warning(
                Diagnostic(
                    .warning, "source_superseded", at: Place(newest.url),
                    "CMS has posted a newer \(subject) than the pinned \(file.name)",
                    hint: "ingest fetch --release \(release.label) shows the difference.")))
    }
}

extension SourceCatalogue.License {
    /// Where the licence's text stands for the file at `url`.
    fileprivate func address(for url: String) -> String {
        text.replacing("{path}", with: URLComponents(string: url)?.path ?? "")
    }
}

/// The day, UTC.
private func today() -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let day = calendar.dateComponents([.year, .month, .day], from: Date())
    return CalendarDate(year: day.year ?? 0, month: day.month ?? 0, day: day.day ?? 0)?.description ?? ""
}
