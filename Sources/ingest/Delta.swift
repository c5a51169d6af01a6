import ArgumentParser
import Delta
import Foundation
import Model
import Pipeline
import Schemas
import Store

struct DeltaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delta",
        abstract: "Write what turns one published dataset into another, for apps to update in place.",
        discussion: """
            Each side is a label (its newest revision), a revision such as RVU26A-r2, or a revision's folder. Every \
            revision has the delta against the one before it in its folder delta/; this makes any other, backwards too.
            """)

    @Argument(help: "The dataset that an app has.")
    var base: String

    @Argument(help: "The dataset that it wants.")
    var head: String

    @Option(help: "The folder to make.", completion: .directory)
    var out: String

    @OptionGroup var store: StoreOptions

    func run() throws {
        try reporting {
            let schemas = try Schemas()
            let base = try revision(self.base, in: store.value)
            let head = try revision(self.head, in: store.value)
            let files = try delta(from: base, to: head, in: store.value, schemas: schemas)
            try writeFolder(files.map { ($0.name, $0.bytes) }, to: URL(fileURLWithPath: out))
            let size = files.reduce(0) { $0 + $1.bytes.count }
            Talk().say("\(out): from \(base.name) to \(head.name), \(files.count) files, \(size) bytes")
        }
    }
}

struct UpdateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Apply a delta: to a dataset.sqlite in place, or to a revision's tables.",
        discussion: """
            What comes out is proven by its content hash before anyone sees it. A dataset that the delta is not for, or a \
            delta that is damaged, changes nothing; one that is there already is said to be.
            """)

    @Option(help: "A dataset.sqlite, or a folder that has tables/.", completion: .file())
    var dataset: String

    @Option(help: "The folder of the delta.", completion: .directory)
    var delta: String

    @Option(help: "For a folder: the folder to make, with the new tables/ in it.", completion: .directory)
    var out: String?

    func run() throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: dataset, isDirectory: &isFolder) else {
            try reporting {
                throw IngestError(
                    .unavailable, "dataset_missing", at: Place(dataset), "there is no dataset to update here",
                    hint: "Name a dataset.sqlite, or a revision's folder such as store/releases/RVU26A/r1.")
            }
            return
        }
        guard isFolder.boolValue == (out != nil) else {
            throw ValidationError(
                isFolder.boolValue
                    ? "Name the folder to make with --out: a revision's folder never changes."
                    : "A database is updated in place: --out is for folders.")
        }
        try reporting {
            let delta = try Delta(folder: URL(fileURLWithPath: self.delta))
            let url = URL(fileURLWithPath: dataset)
            let outcome = try out.map { out throws(IngestError) in
                try delta.update(folder: url, to: URL(fileURLWithPath: out))
            }
            switch try outcome ?? delta.update(database: url) {
            case .applied:
                Talk().say(
                    "\(out ?? dataset): \(delta.head.name), \(delta.upserts) rows new or changed, \(delta.deletes) gone; "
                        + delta.head.contentHash)
                if !delta.leftOut.isEmpty, out != nil {
                    Talk().say("without \(delta.leftOut.joined(separator: ", ")): it follows from the other tables")
                }
            case .alreadyThere: Talk().say("\(dataset): already \(delta.head.name); nothing was changed")
            }
        }
    }
}
