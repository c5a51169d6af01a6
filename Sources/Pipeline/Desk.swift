import Acquire
import Foundation
public import Model
public import Overlay
import Parallel
public import Schemas
public import Store

/// What lies on an editor's desk: a release as CMS's files have it, and the overlays as they are saved.
public struct Desk: Sendable {
    /// Without the editors' texts.
    public let canonical: Canonical
    public let overlays: [OverlayFile]
}

/// Reads a release's files and the overlays at `overlays`, and merges nothing.
/// - Parameter mayBeMissing: whether it is fine when there is nothing at `overlays` yet.
/// - Throws: what the stages up to normalise throw; when the overlays are not there or are not UTF-8.
public func desk(
    label: String, inputs: [String], overlays: String, mayBeMissing: Bool = false, schemas: Schemas,
    progress: @escaping (StageProgress) -> Void
) throws(IngestError) -> Desk {
    let entry = try schemas.catalogue.entry(label)
    // Only one of the turns calls it.
    nonisolated(unsafe) let progress = progress
    let (loaded, read) = sideBySide {
        loadedCodes(entry, inputs, schemas: schemas, progress: progress)
    } and: {
        readFiles(overlays, mayBeMissing: mayBeMissing)
    }
    let (canonical, files) = (try loaded.get(), try read.get())
    progress(StageProgress(stage: .overlay, detail: "\(files.count) files"))
    return Desk(canonical: canonical, overlays: files)
}

private func loadedCodes(
    _ entry: ReleaseCatalogue.Entry, _ inputs: [String], schemas: Schemas, progress: (StageProgress) -> Void
) -> Result<Canonical, IngestError> {
    do throws(IngestError) {
        return .success(try load(entry, inputs, schemas: schemas, progress: progress).0)
    } catch { return .failure(error) }
}

private func readFiles(_ path: String, mayBeMissing: Bool) -> Result<[OverlayFile], IngestError> {
    if mayBeMissing, !FileManager.default.fileExists(atPath: path) { return .success([]) }
    do throws(IngestError) { return .success(try overlayFiles(path)) } catch { return .failure(error) }
}

/// The overlays at a path, sorted by name.
/// - Throws: when they are not there or are not UTF-8.
public func overlayFiles(_ path: String) throws(IngestError) -> [OverlayFile] {
    try overlayFiles(try acquireOverlays(path))
}

func overlayFiles(_ acquired: [AcquiredFile]) throws(IngestError) -> [OverlayFile] {
    var files: [OverlayFile] = []
    for file in acquired { files.append(try OverlayFile(file)) }
    return files
}

/// Tries every rule on the overlays of a desk; what was published before tells which words CMS has changed.
/// - Throws: when the rules cannot be read, or an allowance names none that may be switched off.
public func lint(
    _ desk: Desk, store: Store, allowances: [LintAllowance], schemas: Schemas
) throws(IngestError) -> LintReport {
    try lint(
        desk.overlays, against: desk.canonical, allowances: allowances,
        earlier: PublishedReleases(store, before: desk.canonical.release), schemas: schemas)
}
