import ArgumentParser
import Foundation
import Model
import Pipeline
import Schemas
import Store

struct OverlayNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Begin the texts of a code: a file with CMS's facts as comments.",
        discussion: """
            Writes OVERLAYS/codes/CODE.yaml for each code, valid as it is, pinned to the release and its descriptor. \
            CPT and CDT descriptors are not repeated in it.
            """)

    @Argument(help: "The codes to begin.")
    var codes: [String]

    @Flag(help: "Print the files instead of writing them.")
    var stdout = false

    @OptionGroup var options: DeskOptions

    func run() throws {
        try reporting(consequence: "No file was written.") {
            let schemas = try Schemas()
            let desk = try review(
                options.desk(schemas, mayBeMissing: true), overlays: options.overlays, store: options.store.value,
                schemas: schemas)
            var isFolder: ObjCBool = false
            if !stdout, FileManager.default.fileExists(atPath: options.overlays, isDirectory: &isFolder),
                !isFolder.boolValue
            {
                throw IngestError(
                    .usage, "overlays_file", at: Place(options.overlays), "new overlays are files of a folder",
                    hint: "Name a folder with --overlays, or print them with --stdout.")
            }
            let skeletons = try desk.skeletons(codes, schemas: schemas)
            if stdout {
                print(skeletons.map(\.text).joined(separator: "---\n"), terminator: "")
                return
            }
            try write(skeletons)
            for skeleton in skeletons { print(skeleton.file) }
            Talk().say("next: fill it in, then ingest run with --overlays \(options.overlays)")
        }
    }
}
