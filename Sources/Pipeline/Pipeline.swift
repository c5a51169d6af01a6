import Acquire
import Delta
public import Diff
public import Digest
import Emit
public import Foundation
import JSON
public import Model
import Normalise
import Overlay
import Parallel
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
    /// Whether texts that are known not to fit their code any more are left out.
    public var isStrictlyEditorial = false
    /// What signs the manifest, if it is to be signed.
    public var signingKey: SigningKey?
    /// What the release may change.
    public var policy: Policy

    public init(
        label: String, inputs: [String], overlays: String?, store: URL, tier: Tier, checking: CheckOptions,
        payments: Bool, policy: Policy
    ) {
        self.payments = payments
        self.policy = policy
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
    public enum Outcome: Sendable {
        case published(Revision)
        /// The revision was there already, equal in every byte.
        case unchanged(Revision)
        /// The policy does not let the release pass: nothing was published.
        case refused
    }

    public let dataset: Dataset
    public let outcome: Outcome
    /// Against the release that was published before.
    public let difference: Difference
    public let verdict: Verdict
    /// The difference in every form, as published; `nil` when this run published nothing.
    public let reports: [Report]?

    /// The revision that holds the release now.
    public var revision: Revision? {
        switch outcome {
        case .published(let revision), .unchanged(let revision): revision
        case .refused: nil
        }
    }
}

/// The stages, in the order in which a run goes through them.
public enum Stage: String, Sendable, CaseIterable {
    case acquire, unpack, parse, normalise, overlay, verify, emit, diff, publish
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
    let store = Store(options.store)
    canonical = try overlay(
        canonical, files: try overlayFiles(overlays), tier: options.tier, isStrict: options.isStrictlyEditorial,
        earlier: PublishedReleases(store, before: canonical.release), schemas: schemas)

    progress(StageProgress(stage: .verify, detail: "\(canonical.relativeValueCount) rows"))
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
    let staging = try store.makeStaging()
    do {
        let emitted = try emit(dataset, to: staging, schemas: schemas)
        return try publish(
            emitted, dataset, in: staging, options.policy, signingKey: options.signingKey, store: store,
            schemas: schemas, progress: progress)
    } catch {
        try? store.clearStaging()
        throw error
    }
}

/// Compares what was emitted with what was published before, and publishes it when the policy lets it pass.
private func publish(
    _ emitted: Emitted, _ dataset: Dataset, in staging: URL, _ policy: Policy, signingKey: SigningKey?, store: Store,
    schemas: Schemas, progress: (StageProgress) -> Void
) throws(IngestError) -> RunReport {
    let release = dataset.canonical.release
    let newest = try store.revisions(of: release.label).last
    let sequence = try store.nextSequence()
    var unchanged: Revision?
    if let newest, try isUnchanged(emitted, newest, store) { unchanged = newest }
    let number = unchanged?.number ?? (newest?.number ?? 0) + 1

    let base = try baseRevision(
        ofLabel: release.label, number: number, effectiveFrom: release.effectiveFrom, in: store)
    progress(StageProgress(stage: .diff, detail: base.map { "against \($0.name)" } ?? "no release before"))
    let stageDelta: @Sendable ([DeltaFile]) -> Result<[EmittedFile], IngestError> = { stage(delta: $0, in: store) }
    let comparison = try comparison(
        base: base, head: staging, manifest: try manifest(of: emitted, number, sequence),
        finish: unchanged == nil ? stageDelta : nil, in: store, schemas: schemas)
    let difference = comparison.difference
    let verdict = policy.judge(difference, schemas: schemas)
    func report(_ outcome: RunReport.Outcome, _ reports: [Report]? = nil) -> RunReport {
        RunReport(dataset: dataset, outcome: outcome, difference: difference, verdict: verdict, reports: reports)
    }
    if let unchanged {
        try refuseWithdrawn(unchanged, store)
        try refuseDamaged(emitted, unchanged, store)
        if let signingKey { try store.refuseUnsigned(unchanged, by: signingKey) }
        try store.clearStaging()
        return report(.unchanged(unchanged))
    }
    guard verdict.outcome != .fail else {
        try store.clearStaging()
        return report(.refused)
    }

    progress(StageProgress(stage: .publish, detail: release.label))
    let reports = reports(difference, verdict, schemas: schemas)
    let further = try stage(reports.map { ($0.path, $0.bytes) }, in: store).get() + comparison.delta
    for file in emitted.revisionFiles(number, sequence: sequence, further: further) {
        try store.stage(file.bytes, as: file.path)
        if let signingKey, file.path == "manifest.json" {
            let signature = try ManifestSignature(of: file.bytes, by: signingKey)
            try store.stage(signature.line, as: ManifestSignature.fileName)
        }
    }
    return report(.published(try store.publish(label: release.label, number: number)), reports)
}

/// Writes files into the staging folder side by side: each waits for the disk.
private func stage(
    _ files: [(path: String, bytes: [UInt8])], in store: Store
) -> Result<[EmittedFile], IngestError> {
    let results = inParallel(files) { file -> Result<EmittedFile, IngestError> in
        do throws(IngestError) {
            try store.stage(file.bytes, as: file.path)
            return .success(
                EmittedFile(
                    path: file.path, sha256: Digest.hex(file.bytes), bytes: file.bytes.count, rows: nil))
        } catch {
            return .failure(error)
        }
    }
    do throws(IngestError) {
        var staged: [EmittedFile] = []
        for result in results { staged.append(try result.get()) }
        return .success(staged)
    } catch {
        return .failure(error)
    }
}

/// Writes a delta into its folder in the staging folder.
private func stage(delta: [DeltaFile], in store: Store) -> Result<[EmittedFile], IngestError> {
    do throws(IngestError) { try store.stageFolder(Delta.folderName) } catch { return .failure(error) }
    return stage(delta.map { ("\(Delta.folderName)/\($0.name)", $0.bytes) }, in: store)
}

/// The manifest that a revision would have, for the stage `diff`, which adds files of its own to it.
private func manifest(of emitted: Emitted, _ number: Int, _ sequence: Int) throws(IngestError) -> JSONValue {
    for file in emitted.revisionFiles(number, sequence: sequence) where file.path == "manifest.json" {
        if let manifest = try? JSONValue(file.bytes) { return manifest }
    }
    throw IngestError(.badData, "manifest_unreadable", at: Place("manifest.json"), "the manifest just made is no JSON")
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
    suggestTitles(for: &canonical.codes, schemas: schemas)
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

/// Whether `newest` would come out byte for byte the same: then there is nothing to publish. The manifest names every
/// file's hash and every input, so comparing it compares all. The difference follows from the data and from what was
/// published before it, so it is taken as published.
private func isUnchanged(_ emitted: Emitted, _ newest: Revision, _ store: Store) throws(IngestError) -> Bool {
    let further = try differenceFiles(of: newest, store)
    let sequence = try store.sequence(of: newest)
    for file in emitted.revisionFiles(newest.number, sequence: sequence, further: further) {
        let published = try? Data(contentsOf: newest.folder.appendingPathComponent(file.path))
        guard let published, published.elementsEqual(file.bytes) else { return false }
    }
    return true
}

/// The files of the stage `diff`, the delta among them, as the manifest of a published revision names them.
private func differenceFiles(of revision: Revision, _ store: Store) throws(IngestError) -> [EmittedFile] {
    (try store.manifest(of: revision)["files"]?.elements ?? []).compactMap { file in
        guard let path = file["path"]?.string, path.hasPrefix("diff.") || path.hasPrefix("\(Delta.folderName)/"),
            let sha256 = file["sha256"]?.string, let bytes = file["bytes"]?.integer
        else { return nil }
        return EmittedFile(path: path, sha256: sha256, bytes: bytes, rows: nil)
    }
}

/// Nothing to publish also means that what is published is still there as it was.
private func refuseDamaged(_ emitted: Emitted, _ newest: Revision, _ store: Store) throws(IngestError) {
    for file in emitted.files + (try differenceFiles(of: newest, store)) {
        var digest = Digest()
        try stream(newest.folder.appendingPathComponent(file.path).path) { digest.update($0) }
        guard digest.hex() == file.sha256 else {
            throw IngestError(
                .badData, "published_changed", at: Place("\(newest.name)/\(file.path)"),
                "this published file is no longer what was published",
                hint: "Restore the revision's folder from a copy. What is removed and published again has another "
                    + "sequence, and `ingest validate` of the store says what is missing.")
        }
    }
}

/// What comes out as before is as wrong as before where that was withdrawn.
private func refuseWithdrawn(_ revision: Revision, _ store: Store) throws(IngestError) {
    let name = RevisionName(label: revision.label, number: revision.number)
    guard let withdrawal = try store.withdrawals().first(where: { $0.revision == name }) else { return }
    throw IngestError(
        .gateFailed, "published_withdrawn", at: Place(revision.folder.path),
        "nothing changed, and \(name) was withdrawn on \(withdrawal.date): \(withdrawal.reason)",
        hint: "Change what was wrong, an input or an overlay: then the next revision is published.")
}

/// A store holds one tier: readers of the public one must never meet licensed text behind `latest.json`.
private func refuseOtherTier(_ store: Store, _ tier: Tier) throws(IngestError) {
    for newest in try store.lastRevisions() {
        guard let found = try store.manifest(of: newest)["tier"]?.string, found != tier.rawValue else { continue }
        throw IngestError(
            .usage, "store_tier", at: Place(store.root.path),
            "this store holds the \(found) tier (\(newest.name)), and the run is for the \(tier.rawValue) tier",
            hint: "Keep each tier in a store of its own: name another --store.")
    }
}
