import Acquire
import Digest
import Emit
public import Foundation
public import Model
import Normalise
import Overlay
import Parse
public import Schemas
public import Store
import Unpack

/// The version of this program, which the manifest names.
public let toolVersion = "0.1.0"

/// What a run is asked to do.
public struct RunOptions: Sendable {
    public var label: String
    public var inputs: [String]
    public var overlays: String?
    public var store: URL
    public var tier: Tier

    public init(label: String, inputs: [String], overlays: String?, store: URL, tier: Tier) {
        self.label = label
        self.inputs = inputs
        self.overlays = overlays
        self.store = store
        self.tier = tier
    }
}

/// What a run did.
public struct RunReport: Sendable {
    public let dataset: Dataset
    public let revision: Revision
    /// Whether this run published the revision, or found it published already.
    public let isNew: Bool
    public let contentHash: String
    public let files: [EmittedFile]
}

/// The stages, in the order in which a run goes through them.
public enum Stage: String, Sendable, CaseIterable {
    case acquire, unpack, parse, normalise, overlay, emit, publish
}

/// Says that a stage begins or where it is.
public struct StageProgress: Sendable {
    public let stage: Stage
    public let detail: String
}

/// Runs the whole pipeline: from CMS's files and the editors' texts to a published revision. Nothing is
/// visible in the store until every stage has succeeded.
/// - Throws: an ``IngestError`` with everything that was found up to the stage that failed.
public func run(
    _ options: RunOptions, schemas: Schemas, progress: (StageProgress) -> Void
) throws(IngestError) -> RunReport {
    let entry = try schemas.catalogue.entry(options.label)

    progress(StageProgress(stage: .acquire, detail: "\(options.inputs.count) inputs"))
    let acquired = try acquire(options.inputs)
    let overlays = try options.overlays.map { path throws(IngestError) in try acquireOverlays(path) } ?? []

    progress(StageProgress(stage: .unpack, detail: "\(acquired.files.count) files"))
    let unpacked = try unpack(acquired)

    progress(StageProgress(stage: .parse, detail: "\(unpacked.documents.count) members"))
    var parsed = try parseAll(unpacked, entry: entry, schemas: schemas)
    parsed.inputs += overlays.map {
        Input(path: $0.name, bytes: $0.bytes.count, sha256: $0.sha256, role: .overlay)
    }

    progress(StageProgress(stage: .normalise, detail: "\(parsed.tables.reduce(0) { $0 + $1.rowCount }) rows"))
    var canonical = try normalise(parsed.tables, entry: entry, schemas: schemas)
    canonical.diagnostics.add(parsed.diagnostics)
    parsed.tables = []

    progress(StageProgress(stage: .overlay, detail: "\(overlays.count) files"))
    var overlayFiles: [OverlayFile] = []
    for file in overlays { overlayFiles.append(try OverlayFile(file)) }
    canonical = try overlay(canonical, files: overlayFiles, tier: options.tier, schemas: schemas)

    let dataset = Dataset(
        canonical: canonical, tier: options.tier, inputs: parsed.inputs.sorted { $0.path < $1.path },
        tool: toolVersion)

    progress(StageProgress(stage: .emit, detail: "\(canonical.codes.count) codes"))
    let store = Store(options.store)
    let lock = try store.lock()
    defer { _ = lock }
    try refuseOtherTier(store, options.tier)
    let emitted: Emitted
    do {
        emitted = try emit(dataset, to: try store.makeStaging(), schemas: schemas)
    } catch {
        try? store.clearStaging()
        throw error
    }

    progress(StageProgress(stage: .publish, detail: entry.release.label))
    let newest = store.revisions(of: entry.release.label).last
    if let newest, try isUnchanged(emitted, newest) {
        try store.clearStaging()
        return RunReport(
            dataset: dataset, revision: newest, isNew: false, contentHash: emitted.contentHash,
            files: emitted.files)
    }
    let number = (newest?.number ?? 0) + 1
    for file in emitted.revisionFiles(number) { try store.stage(file.bytes, as: file.path) }
    let revision = try store.publish(label: entry.release.label, number: number)
    return RunReport(
        dataset: dataset, revision: revision, isNew: true, contentHash: emitted.contentHash,
        files: emitted.files)
}

/// Whether `newest` would come out byte for byte the same: then there is nothing to publish. The manifest
/// names every file's hash and every input, so comparing it compares all.
private func isUnchanged(_ emitted: Emitted, _ newest: Revision) throws(IngestError) -> Bool {
    for file in emitted.revisionFiles(newest.number) {
        let published = try? Data(contentsOf: newest.folder.appendingPathComponent(file.path))
        guard let published, published.elementsEqual(file.bytes) else { return false }
    }
    return true
}

/// A store holds one tier: readers of the public one must never meet licensed text behind `latest.json`.
private func refuseOtherTier(_ store: Store, _ tier: Tier) throws(IngestError) {
    for label in store.labels() {
        guard let newest = store.revisions(of: label).last,
            let found = try store.manifest(of: newest)["tier"]?.string, found != tier.rawValue
        else { continue }
        throw IngestError(
            .usage, "store_tier", at: Place(store.root.path),
            "this store holds the \(found) tier (\(newest.name)), and the run is for the \(tier.rawValue) tier",
            hint: "Keep each tier in a store of its own: name another --store.")
    }
}
