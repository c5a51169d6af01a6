import Foundation
public import Model
public import Publish
public import Store

/// A store's revisions, all of them, as they are laid out for a web server.
/// - Parameters:
///   - tier: the licence tier that may be published.
///   - baseURL: where they will be, ending in `/`; `nil` for feeds with relative addresses.
/// - Throws: when the store cannot be read or has nothing to publish.
public func hosting(of store: Store, tier: Tier, baseURL: String?) throws(IngestError) -> Hosting {
    // Before the revisions, so that what it points at is one of them.
    let pointer = store.root.appendingPathComponent("latest.json")
    let latest = (try? Data(contentsOf: pointer)).map { [UInt8]($0) }
    let withdrawals = try store.withdrawals()
    var sources: [Hosting.Source] = []
    for label in try store.labels() {
        for revision in try store.revisions(of: label) {
            sources.append(
                Hosting.Source(
                    name: RevisionName(label: revision.label, number: revision.number), folder: revision.folder))
        }
    }
    // Says what there is to do when nothing is published, or `latest.json` leads nowhere.
    let standing = try store.newestRevisions()
    if latest != nil || sources.isEmpty || !standing.isEmpty { _ = try store.revision(nil) }
    return Hosting(sources: sources, withdrawals: withdrawals, latest: latest, tier: tier.rawValue, baseURL: baseURL)
}
