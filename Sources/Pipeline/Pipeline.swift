import Acquire
import Digest
import Emit
public import Foundation
import JSON
public import Model
import Normalise
import Overlay
import Parse
public import Schemas
public import Store
import Unpack
public import Verify

/// The version of this program, which the manifest names.
public let toolVersion = "0.1.0"

/// What a run is asked to do.
public struct RunOptions: Sendable {
    public var label: String
    public var inputs: [String]
    public var overlays: String?
    public var store: URL
    public var tier: Tier
    public var checking: CheckOptions
    /// Whether every payment amount is written too.
    public var payments: Bool

    public init(
        label: String, inputs: [String], overlays: String?, store: URL, tier: Tier, checking: CheckOptions,
        payments: Bool
    ) {
        self.payments = payments
        self.label = label
        self.inputs = inputs
        self.overlays = overlays
        self.store = store
        self.tier = tier
        self.checking = checking
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
    case acquire, unpack, parse, normalise, overlay, verify, emit, publish
}

/// Says that a stage begins or where it is.
public struct StageProgress: Sendable {
    public let stage: Stage
    public let detail: String
}

/// How a release is proven.
public struct CheckOptions: Sendable {
    /// Checks that may fail, with the reason.
    public var allowances: [Allowance]
    /// CMS's payment files of the release: TXT, or the archives that hold them.
    public var paymentFiles: [String]

    public init(allowances: [Allowance] = [], paymentFiles: [String] = []) {
        self.allowances = allowances
        self.paymentFiles = paymentFiles
    }
}

/// Runs the whole pipeline: from CMS's files and the editors' texts to a published revision. Nothing is
/// visible in the store until every stage has succeeded.
/// - Throws: an ``IngestError`` with everything that was found up to the stage that failed.
public func run(
    _ options: RunOptions, schemas: Schemas, progress: (StageProgress) -> Void
) throws(IngestError) -> RunReport {
    let entry = try schemas.catalogue.entry(options.label)
    var (canonical, inputs) = try load(entry, options.inputs, schemas: schemas, progress: progress)

    let overlays = try options.overlays.map { path throws(IngestError) in try acquireOverlays(path) } ?? []
    progress(StageProgress(stage: .overlay, detail: "\(overlays.count) files"))
    inputs += overlays.map { Input(path: $0.name, bytes: $0.bytes.count, sha256: $0.sha256, role: .overlay) }
    var overlayFiles: [OverlayFile] = []
    for file in overlays { overlayFiles.append(try OverlayFile(file)) }
    canonical = try overlay(canonical, files: overlayFiles, tier: options.tier, schemas: schemas)

    progress(StageProgress(stage: .verify, detail: "\(canonical.relativeValueCount) rows"))
    let store = Store(options.store)
    let verification = try prove(canonical, options.checking, store: store, inputs: &inputs, schemas: schemas)
    canonical.diagnostics.add(verification.diagnostics)
    if !verification.mayPublish {
        var error = IngestError(.gateFailed, canonical.diagnostics)
        error.verification = verification
        throw error
    }

    var dataset = Dataset(
        canonical: canonical, verification: verification, tier: options.tier,
        inputs: inputs.sorted { $0.path < $1.path }, tool: toolVersion)
    dataset.wantsPayments = options.payments

    progress(StageProgress(stage: .emit, detail: "\(canonical.codes.count) codes"))
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
    if let newest, isUnchanged(emitted, newest) {
        try refuseDamaged(emitted, newest)
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

/// The stages from CMS's files to canonical values, with the ledger of inputs.
func load(
    _ entry: ReleaseCatalogue.Entry, _ paths: [String], schemas: Schemas, progress: (StageProgress) -> Void
) throws(IngestError) -> (Canonical, [Input]) {
    progress(StageProgress(stage: .acquire, detail: "\(paths.count) inputs"))
    let acquired = try acquire(paths)
    progress(StageProgress(stage: .unpack, detail: "\(acquired.files.count) files"))
    let unpacked = try unpack(acquired)
    progress(StageProgress(stage: .parse, detail: "\(unpacked.documents.count) members"))
    var parsed = try parseAll(unpacked, entry: entry, schemas: schemas)
    progress(StageProgress(stage: .normalise, detail: "\(parsed.tables.reduce(0) { $0 + $1.rowCount }) rows"))
    var canonical = try normalise(&parsed.tables, entry: entry, schemas: schemas)
    canonical.diagnostics.add(parsed.diagnostics)
    return (canonical, parsed.inputs)
}

/// The stage `verify`, with the checks that need more than the release itself.
func prove(
    _ canonical: Canonical, _ options: CheckOptions, store: Store, inputs: inout [Input], schemas: Schemas
) throws(IngestError) -> Verification {
    for allowance in options.allowances where !schemas.checks.contains(where: { $0.check == allowance.check }) {
        throw IngestError(
            .usage, "check_unknown", "'\(allowance.check)' is no check",
            hint: "Checks are " + schemas.checks.map(\.check).joined(separator: ", ") + ".")
    }
    var further: [Check] = []
    for path in options.paymentFiles {
        further += try checkPaymentFile(path, canonical, inputs: &inputs, schemas: schemas)
    }
    if let check = try checkActions(canonical, inputs: inputs, store: store) { further.append(check) }
    return verify(canonical, further: further, allowances: options.allowances, schemas: schemas)
}

/// Whether `newest` would come out byte for byte the same: then there is nothing to publish. The manifest
/// names every file's hash and every input, so comparing it compares all.
private func isUnchanged(_ emitted: Emitted, _ newest: Revision) -> Bool {
    for file in emitted.revisionFiles(newest.number) {
        let published = try? Data(contentsOf: newest.folder.appendingPathComponent(file.path))
        guard let published, published.elementsEqual(file.bytes) else { return false }
    }
    return true
}

/// Nothing to publish also means that what is published is still there as it was.
private func refuseDamaged(_ emitted: Emitted, _ newest: Revision) throws(IngestError) {
    for file in emitted.files {
        var digest = Digest()
        try stream(newest.folder.appendingPathComponent(file.path).path) { digest.update($0) }
        guard digest.hex() == file.sha256 else {
            throw IngestError(
                .badData, "published_changed", at: Place("\(newest.name)/\(file.path)"),
                "this published file is no longer what was published",
                hint: "Restore the revision's folder from a copy, or remove it and publish it again.")
        }
    }
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
