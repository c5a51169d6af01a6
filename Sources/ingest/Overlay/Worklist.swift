import ArgumentParser
import Foundation
import Model
import Pipeline
import Schemas
import Store

struct OverlayWorklist: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worklist",
        abstract: "List what editors should do about a release, the most important first.",
        discussion: """
            First texts whose code may mean something else now, then texts of codes that have ended, reworded codes, \
            texts that were never reviewed, and codes without a text: new ones, then those that Medicare pays most for. \
            What CMS changed is shown word by word when the release of the review is in the store.
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable { case human, json, markdown }

    @Option(help: "Entries of each section; 0 for all.")
    var limit = 20

    @Option(help: "For people, for programs, or for an issue or a wiki.")
    var format = Form.human

    @OptionGroup var options: DeskOptions

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is 0 for all, or a number of entries.") }
    }

    func run() throws {
        try reporting {
            let schemas = try Schemas()
            let store = options.store.value
            let desk = try review(
                options.desk(schemas, mayBeMissing: true), overlays: options.overlays, store: store, schemas: schemas)
            let list = try worklist(desk, store: store, schemas: schemas)
            let form = WorklistForm(limit: limit, options: options.repeated)
            switch format {
            case .human: print(list.text(form))
            case .json: printData(list.json(form))
            case .markdown: print(list.markdown(form))
            }
        }
    }
}

extension DeskOptions {
    /// The options as they were given, for the next command.
    fileprivate var repeated: String {
        var words = ["--release", release.uppercased()]
        for path in input { words += ["--input", path] }
        if overlays != "overlays" { words += ["--overlays", overlays] }
        if store.store != "store" { words += ["--store", store.store] }
        return words.map { " " + quoted($0) }.joined()
    }

    /// As a shell reads it back.
    private func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-_./:,+@%=".utf8.contains(byte)
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
