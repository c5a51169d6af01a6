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
        abstract: "Show what changed between two published datasets, why, and whether it may ship.")

    @Argument(help: "A label (RVU25D), a revision (RVU25D-r1) or a revision's folder.")
    var base: String

    @Argument(help: "The newer one, named likewise.")
    var head: String

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        try reporting {
            let schemas = try Schemas()
            let policy = try Policy.standard(schemas)
            let clock = ContinuousClock()
            let t0 = clock.now
            let difference = try difference(
                base: revision(base, in: store.value), head: revision(head, in: store.value), in: store.value,
                schemas: schemas)
            let t1 = clock.now
            let verdict = policy.judge(difference, schemas: schemas)
            let t2 = clock.now
            printData(diffJSON(difference, verdict, schemas: schemas))
            let t3 = clock.now
            Talk().say("\(t1 - t0) \(t2 - t1) \(t3 - t2)")
        }
    }
}
