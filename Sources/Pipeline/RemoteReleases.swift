public import Fetch
public import Model
public import Schemas
public import Store

/// A release as CMS's site has it.
public struct RemoteRelease: Sendable {
    public enum State: String, Sendable {
        /// CMS has it and the store has not.
        case new
        /// CMS has another file than the one that is pinned.
        case reposted
        /// The pinned file is still CMS's.
        case same
        /// Nothing is there, yet or any more.
        case absent
        /// It could not be found out.
        case unknown
    }

    public let label: String
    public let effectiveFrom: CalendarDate
    public let state: State
    /// Where it was found or looked for.
    public let address: String
}

/// What a look at CMS's site showed.
public struct RemoteReport: Sendable {
    public var releases: [RemoteRelease] = []
    /// What could not be read, and why.
    public var diagnostics = Diagnostics()

    /// Whether CMS's site answered at all.
    public var isKnown: Bool { releases.isEmpty || releases.contains { $0.state != .unknown } }
}

/// Looks what CMS has that the store has not: releases that take effect after the store's newest, by the
/// catalogue, by CMS's index page and by the rule of the labels; and whether pinned archives are still the ones
/// that CMS serves. A page that is gone or looks otherwise is a warning, never an error.
/// - Throws: when the store cannot be read.
public func remoteReleases(
    _ store: Store, client: Client, schemas: Schemas, progress: (String) -> Void
) throws(IngestError) -> RemoteReport {
    let pins = try Pins(store.sources).all.filter { $0.kind == .rvu && $0.pinned != nil }
    let held = Set(try store.labels() + pins.map(\.subject)).compactMap { try? schemas.catalogue.entry($0).release }
    var look = Look(client: client, schemas: schemas)
    progress("the index page")
    look.readIndex()

    let newest = held.map(\.effectiveFrom).max()
    let known = schemas.catalogue.entries.map(\.release)
    var wanted = known.filter { release in newest.map { release.effectiveFrom > $0 } ?? false }
    if newest == nil { wanted = Array(known.suffix(lookedAtOfAnEmptyStore)) }
    for label in (known.map(\.label).max().map(following) ?? []) + look.labels {
        guard let release = try? schemas.catalogue.entry(label).release,
            !wanted.contains(where: { $0.label == release.label }),
            !held.contains(where: { $0.label == release.label }),
            release.effectiveFrom > newest ?? wanted.map(\.effectiveFrom).min() ?? release.effectiveFrom
        else { continue }
        wanted.append(release)
    }
    wanted.sort { ($0.effectiveFrom, $0.label) < ($1.effectiveFrom, $1.label) }

    // The last ones that were pinned are the ones that CMS may still re-post.
    for pin in pins.sorted(by: { $0.subject < $1.subject }).suffix(lookedAtAgain) {
        guard let release = try? schemas.catalogue.entry(pin.subject).release else { continue }
        progress(pin.subject)
        look.lookAgain(release, pin)
    }
    for release in wanted.suffix(mostLookedAt) {
        progress(release.label)
        look.lookFor(release)
    }
    return look.report
}

private let lookedAtOfAnEmptyStore = 4
private let lookedAtAgain = 4
private let mostLookedAt = 16

/// The labels of the two quarters after `label`.
private func following(_ label: String) -> [String] {
    let letters = Array("ABCD")
    guard let year = Int(label.dropFirst(3).prefix(2)), let letter = label.dropFirst(5).first,
        let quarter = letters.firstIndex(of: letter)
    else { return [] }
    return (1...2).map { step in
        let next = quarter + step
        let digits = (year + next / 4) % 100
        return "RVU\(digits < 10 ? "0" : "")\(digits)\(letters[next % 4])"
    }
}

/// A look at CMS's site under way.
private struct Look {
    let client: Client
    let schemas: Schemas
    var report = RemoteReport()
    var index: IndexPage?
    /// The releases that the index page names.
    var labels: [String] = []
    /// Set when the site does not answer: it is not asked a dozen times more.
    var isUnreachable = false

    mutating func readIndex() {
        guard let definition = schemas.sources.definition(.rvu) else { return }
        do throws(DownloadFailure) {
            let page = try IndexPage(definition, client: client)
            (index, labels) = (page, page.releases.keys.sorted())
            if labels.isEmpty {
                warn(
                    "index_empty", definition.index, "the page names no release: CMS may have changed it",
                    "The known addresses are tried.")
            }
        } catch {
            note(error, "the index page cannot be read")
        }
    }

    mutating func lookFor(_ release: Release) {
        var addresses = schemas.sources.candidates(.rvu, of: release).map(\.url)
        addresses.insert(contentsOf: archives(of: release), at: 0)
        var isUnknown = isUnreachable
        for address in addresses where !isUnreachable {
            switch probe(address, client: client) {
            case .archive: return add(release, .new, address)
            case .absent: continue
            case .unknown(let failure):
                isUnknown = true
                note(failure, "\(release.label) cannot be looked for")
            }
        }
        add(release, isUnknown ? .unknown : .absent, addresses.first ?? "")
    }

    mutating func lookAgain(_ release: Release, _ pin: Pin) {
        guard let file = pin.pinned else { return }
        if let offered = pin.offered { return add(release, .reposted, offered.url) }
        let listed = schemas.sources.listed(.rvu, of: release)
        if let newest = listed.last, newest.url != file.url, newest.sha256 != file.sha256,
            listed.contains(where: { $0.url == file.url })
        {
            return add(release, .reposted, newest.url)
        }
        // A link that is neither known nor the pinned file's own leads to another posting, or to the same file.
        let others = archives(of: release).filter { link in
            link != file.url && link != file.finalURL && !listed.contains { $0.url == link }
        }
        let pinned = Validators(etag: file.etag, lastModified: file.lastModified, bytes: file.bytes)
        var state = RemoteRelease.State.unknown
        for address in others + [file.url] where !isUnreachable {
            switch probe(address, client: client) {
            case .archive(let found):
                // Another address may be of another server, with tags of its own: the length is what both have.
                let isSame = address == file.url ? found.isSame(as: pinned) : found.bytes == file.bytes
                if !isSame { return add(release, .reposted, address) }
                state = .same
            case .absent: if state == .unknown { state = .absent }
            case .unknown(let failure): note(failure, "\(release.label) cannot be compared")
            }
        }
        add(release, state, file.url)
    }

    /// The archives that CMS's pages link to.
    private mutating func archives(of release: Release) -> [String] {
        guard let index, !isUnreachable else { return [] }
        do throws(DownloadFailure) { return try index.archives(of: release) } catch {
            note(error, "the page of \(release.label) cannot be read")
            return []
        }
    }

    private mutating func add(_ release: Release, _ state: RemoteRelease.State, _ address: String) {
        report.releases.append(
            RemoteRelease(label: release.label, effectiveFrom: release.effectiveFrom, state: state, address: address))
    }

    private mutating func note(_ failure: DownloadFailure, _ what: String) {
        if [.unreachable, .timeout, .certificate].contains(failure.reason) { isUnreachable = true }
        warn("remote_\(failure.reason.rawValue)", failure.address, "\(what): \(failure.message)", failure.hint)
    }

    private mutating func warn(_ id: String, _ address: String, _ message: String, _ hint: String?) {
        report.diagnostics.add(Diagnostic(.warning, id, at: Place(address), message, hint: hint))
    }
}
