import Digest
import Emit
public import Foundation
import JSON
public import Model
public import Schemas
import Store
import Verify

/// What came of recomputing a published revision from its sources.
public struct Repetition: Sendable {
    /// The files that came out equal.
    public var equal: [String] = []
    public var diagnostics = Diagnostics()
}

/// Recomputes a revision's certificate and CMS's tables from the sources and compares them with what was
/// published.
/// - Throws: when the revision or the sources cannot be read.
public func repeatVerification(
    of folder: URL, inputs paths: [String], paymentFiles: [String], schemas: Schemas,
    progress: (StageProgress) -> Void
) throws(IngestError) -> Repetition {
    let store = Store(
        folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent())
    let revision = Revision(label: folder.deletingLastPathComponent().lastPathComponent, number: 0, folder: folder)
    let manifest = try store.manifest(of: revision)
    let entry = try schemas.catalogue.entry(manifest["release"]?["label"]?.string ?? "")
    var (canonical, inputs) = try load(entry, paths, schemas: schemas, progress: progress)
    let allowances = (manifest["verification"]?["checks"]?.elements ?? []).compactMap { check in
        check["allowed"]?.string.map { Allowance(check: check["id"]?.string ?? "", reason: $0) }
    }
    progress(StageProgress(stage: .verify, detail: "\(canonical.relativeValueCount) rows"))
    let verification = try prove(
        canonical, CheckOptions(allowances: allowances, paymentFiles: paymentFiles), store: store, inputs: &inputs,
        schemas: schemas)
    canonical.diagnostics.add(verification.diagnostics)

    var repetition = Repetition()
    for input in manifest["inputs"]?.elements ?? [] where input["role"]?.string != "overlay" {
        guard let path = input["path"]?.string, let expected = input["sha256"]?.string,
            !inputs.contains(where: { $0.sha256 == expected })
        else { continue }
        repetition.diagnostics.add(
            Diagnostic(
                .error, "input_differs", at: Place(path),
                "the revision was made from this file with the hash \(expected.prefix(12))…, which is not among the inputs",
                hint: "Name the files that the manifest lists, payment files included."))
    }

    let temporary = FileManager.default.temporaryDirectory.appendingPathComponent("ingest-verify-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: temporary) }
    let tier = Tier(rawValue: manifest["tier"]?.string ?? "") ?? .public
    let dataset = Dataset(
        canonical: canonical, verification: verification, tier: tier, inputs: inputs.sorted { $0.path < $1.path },
        tool: manifest["tool"]?["version"]?.string ?? toolVersion)
    let emitted = try emit(dataset, to: temporary, schemas: schemas)
    let fromSources: Set = [
        "verification.json", "verification.md", "tables/relative_values.csv", "tables/modifiers.csv",
        "tables/localities.csv", "tables/opps_caps.csv", "tables/conversion_factors.csv",
        "tables/drug_payment_limits.csv", "tables/drug_products.csv",
    ]
    for file in emitted.files where fromSources.contains(file.path) {
        let published = manifest["files"]?.elements.first { $0["path"]?.string == file.path }
        if published?["sha256"]?.string == file.sha256 {
            repetition.equal.append(file.path)
        } else {
            repetition.diagnostics.add(
                Diagnostic(
                    .error, "repetition_differs", at: Place(file.path),
                    "recomputed from the sources it is not what was published"))
        }
    }
    return repetition
}
