import ArgumentParser
import Diff
import Foundation
import Model
import Pipeline
import Schemas
import Store

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what changed between two published datasets, why, and whether it may ship.",
        discussion: """
            Each side is a label (its newest revision), a revision such as RVU26A-r2, or a revision's folder. The \
            verdict is the exit code: 0 when the policy lets the change pass, by itself or with waivers, and 1 when it \
            does not. On the terminal the largest of each; --report writes the whole as JSON, Markdown and HTML.
            """)

    @Argument(help: "The older dataset.")
    var base: String

    @Argument(help: "The newer dataset.")
    var head: String

    @OptionGroup var gate: GateOptions

    @Option(help: "For --github: the folder of the overlays in the repository.", completion: .directory)
    var overlays: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func validate() throws { try gate.check(format) }

    func run() throws {
        try reporting {
            let schemas = try Schemas()
            let policy = try readPolicy(gate.policy, schemas: schemas)
            let difference = try difference(
                base: revision(base, in: store.value), head: revision(head, in: store.value), in: store.value,
                schemas: schemas)
            let verdict = policy.judge(difference, schemas: schemas)
            if format.format == .json {
                printData(diffJSON(difference, verdict, schemas: schemas))
            } else if gate.github {
                Talk().say(diffText(difference, verdict))
            } else {
                print(diffText(difference, verdict))
            }
            try gate.write(
                reports(difference, verdict, schemas: schemas), difference, verdict, overlays: overlays ?? "")
            leave(keeping: (difference, verdict), code: verdict.outcome == .fail ? verdict.exitCode : 0)
        }
    }
}
