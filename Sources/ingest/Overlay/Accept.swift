import ArgumentParser
import Model
import Pipeline
import Schemas
import Store

struct OverlayAccept: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Move the pin of reviewed texts to a release and its descriptor.",
        discussion: """
            Run it when you have read the new descriptor and the texts fit. Nothing but the pin is changed in the \
            file, and no file is written when one of the codes cannot be accepted.
            """)

    @Argument(help: "The codes that were reviewed.")
    var codes: [String] = []

    @Flag(help: "Every code whose descriptor is the one that was reviewed: only the release moves.")
    var allCurrent = false

    @OptionGroup var options: DeskOptions

    func validate() throws {
        guard codes.isEmpty == allCurrent else {
            throw ValidationError("Name the codes that were reviewed, or give --all-current.")
        }
    }

    func run() throws {
        try reporting(consequence: "No file was changed.") {
            let schemas = try Schemas()
            let desk = try review(
                options.desk(schemas), overlays: options.overlays, store: options.store.value, schemas: schemas)
            let accepted = try desk.accept(allCurrent ? desk.currentCodes : codes)
            for review in accepted {
                let move =
                    review.isMoved ? "\(review.from ?? "no pin") → \(review.to)" : "is at \(review.to) already"
                print("\(review.code)  \(move)  \(review.file):\(review.line)")
                if let words = review.words { print("       \(words.marked)") }
            }
            let moved = accepted.count(where: \.isMoved)
            Talk().say("\(moved) of \(accepted.count) pins moved")
        }
    }
}
