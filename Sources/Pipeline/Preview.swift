import Acquire
import Emit
import Foundation
import JSON
public import Model
import Overlay
public import Preview
public import Schemas
import Site
import Synchronization

/// A release as it would be published with the overlays as they are now: CMS's files are read once, the overlays after
/// every save.
public final class Previewed: Sendable {
    private let canonical: Canonical
    private let inputs: [Input]
    private let tier: Tier
    private let overlays: String
    private let schemas: Schemas
    private let assets = SiteAssets()
    private let state: Mutex<State>

    private struct State {
        var result: Result<Dataset, IngestError>
        /// What the overlay files looked like when they were read.
        var seen: String
        var version = 1
    }

    /// Reads CMS's files and the overlays, whose mistakes are shown rather than thrown.
    /// - Throws: when CMS's files cannot be read or hold no such code.
    public init(
        label: String, inputs paths: [String], overlays: String, tier: Tier, code: String, schemas: Schemas,
        progress: (StageProgress) -> Void
    ) throws(IngestError) {
        let entry = try schemas.catalogue.entry(label)
        let (canonical, inputs) = try load(entry, paths, schemas: schemas, progress: progress)
        guard canonical.codes.contains(where: { $0.code.description == code }) else {
            throw IngestError(
                .badData, "code_unknown", "\(label) has no code \(code)",
                hint: "Codes have five characters, zeros included (00100).")
        }
        self.canonical = canonical
        self.inputs = inputs
        self.tier = tier
        self.overlays = overlays
        self.schemas = schemas
        let seen = Self.look(overlays)
        let result = Self.read(canonical, inputs, overlays, tier, schemas)
        state = Mutex(State(result: result, seen: seen))
    }

    /// What is wrong with the overlays; `nil` when nothing is.
    public var problems: IngestError? {
        state.withLock { if case .failure(let error) = $0.result { error } else { nil } }
    }

    public var version: Int { state.withLock { $0.version } }

    /// Reads the overlays again when a file is another than before.
    /// - Returns: whether it was.
    public func refresh() -> Bool {
        let seen = Self.look(overlays)
        guard state.withLock({ $0.seen }) != seen else { return false }
        let result = Self.read(canonical, inputs, overlays, tier, schemas)
        state.withLock {
            $0.seen = seen
            $0.result = result
            $0.version += 1
        }
        return true
    }

    /// What the preview shows under a path.
    public func answer(_ path: String, start: String) -> PreviewAnswer {
        if path == "/preview.js" { return PreviewAnswer("text/javascript; charset=utf-8", SiteAssets.previewScript) }
        if let asset = assets.files.first(where: { "/\($0.path)" == path }) {
            let type = path.hasSuffix(".css") ? "text/css" : "text/javascript"
            return PreviewAnswer("\(type); charset=utf-8", asset.bytes)
        }
        let code = path == "/" ? start : String(path.dropFirst("/codes/".count).prefix(5))
        guard path == "/" || path == "/\(CodePage.path(code))" else { return missing(path) }
        switch state.withLock({ $0.result }) {
        case .failure(let error): return page(problems: error)
        case .success(let dataset): return page(of: code, dataset) ?? missing(path)
        }
    }

    // MARK: Pages

    private func context(_ dataset: Dataset) -> SiteContext {
        var meanings: [String: [String: String]] = [:]
        for meaning in schemas.meanings(tier) {
            meanings[meaning.indicator, default: [:]][meaning.value] = meaning.meaning
        }
        return SiteContext(
            manifest: (try? JSONValue(manifest(ofUnpublished: dataset))) ?? .null, meanings: meanings,
            codes: Set(canonical.codes.map(\.code.description)), hasDiff: false, isPreview: true)
    }

    private func page(of code: String, _ dataset: Dataset) -> PreviewAnswer? {
        guard let entry = dataset.canonical.codes.first(where: { $0.code.description == code }),
            let document = try? JSONValue(entry.document(of: dataset))
        else { return nil }
        let page = CodePage(document, history: [], context: context(dataset), assets: assets)
        return PreviewAnswer("text/html; charset=utf-8", page.bytes())
    }

    private func page(problems error: IngestError) -> PreviewAnswer {
        let problems = error.diagnostics.kinds.filter { $0.severity == .error }.flatMap(\.first).map {
            ProblemPage.Problem(place: $0.place?.description ?? "", message: $0.message, hint: $0.hint)
        }
        return PreviewAnswer(
            "text/html; charset=utf-8",
            ProblemPage(
                "The overlays have mistakes", problems, context: context(unread), assets: assets
            ).bytes())
    }

    private func missing(_ path: String) -> PreviewAnswer {
        let problem = ProblemPage.Problem(
            place: path, message: "The preview shows the pages of codes alone.",
            hint: "`ingest site --out DIR` writes the whole site of a published revision.")
        return PreviewAnswer(
            "text/html; charset=utf-8",
            ProblemPage("Not in the preview", [problem], context: context(unread), assets: assets).bytes(),
            isFound: false)
    }

    private var unread: Dataset {
        Dataset(
            canonical: canonical, verification: Verification(checks: []), tier: tier, inputs: inputs, tool: toolVersion)
    }

    // MARK: Overlays

    private static func read(
        _ canonical: Canonical, _ inputs: [Input], _ path: String, _ tier: Tier, _ schemas: Schemas
    ) -> Result<Dataset, IngestError> {
        do throws(IngestError) {
            var files: [OverlayFile] = []
            for file in try acquireOverlays(path) { files.append(try OverlayFile(file)) }
            let merged = try overlay(canonical, files: files, tier: tier, schemas: schemas)
            return .success(
                Dataset(
                    canonical: merged, verification: Verification(checks: []), tier: tier, inputs: inputs,
                    tool: toolVersion))
        } catch {
            return .failure(error)
        }
    }

    /// Names, sizes and times of the overlay files.
    private static func look(_ path: String) -> String {
        let manager = FileManager.default
        var paths = [path]
        for case let name as String in manager.enumerator(atPath: path) ?? .init() { paths.append("\(path)/\(name)") }
        return paths.sorted().map { path in
            let attributes = try? manager.attributesOfItem(atPath: path)
            let time = (attributes?[.modificationDate] as? Date)?.timeIntervalSinceReferenceDate ?? 0
            return "\(path) \(attributes?[.size] ?? 0) \(time)"
        }.joined(separator: "\n")
    }
}
