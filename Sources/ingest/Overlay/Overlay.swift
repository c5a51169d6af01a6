import ArgumentParser
import Foundation
import Pipeline
import Schemas
import Store

/// What editors do with their texts. Each subcommand is a file beside this one.
struct OverlayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overlay",
        abstract: "Write, check and review the editors' texts.",
        subcommands: [
            OverlayWorklist.self, LintCommand.self, RulesCommand.self, OverlayNew.self, OverlayAccept.self,
            OverlayFormat.self,
        ])
}

/// The release and the texts that an editor works on.
struct DeskOptions: ParsableArguments {
    @Option(help: "CMS's label of the release, such as RVU26A.")
    var release: String

    @Option(
        help: "An archive, a folder or a file of CMS's. Repeat it for each. Without any, they are fetched from CMS.",
        completion: .file())
    var input: [String] = []

    @Option(
        help: "The folder of the editors' YAML files, or one such file.",
        completion: .file(extensions: ["yaml", "yml"])
    )
    var overlays = "overlays"

    @OptionGroup var fetching: FetchingOptions
    @OptionGroup var network: NetworkOptions
    @OptionGroup var store: StoreOptions

    /// Reads the release and the texts; `progress` hears of each stage, too.
    /// - Parameter mayBeMissing: whether no overlays are there yet and that is fine.
    func desk(
        _ schemas: Schemas, mayBeMissing: Bool = false, progress: @escaping (StageProgress) -> Void = { _ in }
    ) throws -> Desk {
        let talk = Talk()
        defer { talk.endProgress() }
        return try Pipeline.desk(
            label: release,
            inputs: try input.isEmpty ? fetching.files(of: release, store: store.value, network: network) : input,
            overlays: overlays, mayBeMissing: mayBeMissing, schemas: schemas
        ) { stage in
            talk.progress(stage)
            progress(stage)
        }
    }
}
