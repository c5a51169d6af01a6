import Foundation
public import Model
import Overlay
public import Schemas
public import Store

/// A release with the overlays merged into it, as an editor looks at them.
public struct ReviewedDesk: Sendable {
    public let desk: Desk
    /// The overlays' folder or file, as the user named it.
    public let overlays: String
    /// With the editors' texts and the state of each.
    public let canonical: Canonical

    /// The entry of a code with an overlay or without.
    func entry(_ code: String) -> CodeEntry? {
        Code(code).flatMap { code in canonical.codes.index(of: code).map { canonical.codes[$0] } }
    }

    /// A place in an overlay as it can be opened from where the user is.
    func path(_ file: String) -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: overlays, isDirectory: &isFolder), isFolder.boolValue else {
            return overlays
        }
        return overlays.hasSuffix("/") ? overlays + file : "\(overlays)/\(file)"
    }
}

/// Compares the overlays of a desk with its release, and with what `store` has of the releases they are pinned to.
/// - Throws: bad data for overlays that cannot be merged, all problems at their places.
public func review(
    _ desk: Desk, overlays: String, store: Store, schemas: Schemas
) throws(IngestError) -> ReviewedDesk {
    let canonical = try overlay(
        desk.canonical, files: desk.overlays, tier: .public,
        earlier: PublishedReleases(store, before: desk.canonical.release), schemas: schemas)
    return ReviewedDesk(desk: desk, overlays: overlays, canonical: canonical)
}
