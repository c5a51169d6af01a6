import Acquire
public import Model
public import Overlay
public import Schemas

/// What lies on an editor's desk: a release as CMS's files have it, and the overlays as they are saved.
public struct Desk: Sendable {
    /// Without the editors' texts.
    public let canonical: Canonical
    public let overlays: [OverlayFile]
}

/// Reads a release's files and the overlays at `overlays`, and merges nothing.
/// - Throws: what the stages up to normalise throw; when the overlays are not there or are not UTF-8.
public func desk(
    label: String, inputs: [String], overlays: String, schemas: Schemas, progress: (StageProgress) -> Void
) throws(IngestError) -> Desk {
    let entry = try schemas.catalogue.entry(label)
    let (canonical, _) = try load(entry, inputs, schemas: schemas, progress: progress)
    progress(StageProgress(stage: .overlay, detail: overlays))
    return Desk(canonical: canonical, overlays: try overlayFiles(overlays))
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
