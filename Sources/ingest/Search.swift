import ArgumentParser
import FeeSchedule
import Model
import Pipeline
import Store

struct Search: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find codes by words.",
        discussion: """
            Looks in codes, titles, descriptors, synonyms and plain language. Every word must occur; the last may \
            be the beginning of one. Exit code 1 when nothing is found.
            """)

    @Argument(help: "Words, such as: levulan, or: wheelchair cushion.")
    var text: [String]

    @Option(help: "A release or revision; the newest when left out.")
    var release: String?

    @Option(help: "The most codes to show.")
    var limit = 20

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        try reporting {
            let revision = try store.value.revision(release)
            let hits = try revision.dataset().search(text.joined(separator: " "), limit: max(limit, 1))
            if format.format == .json {
                printData(searchJSON(hits))
            } else {
                for hit in hits {
                    let text = hit.title ?? hit.longDescriptor ?? hit.categoryName ?? ""
                    print("\(hit.code)  \(text)")
                }
            }
            if hits.isEmpty {
                Talk().say("nothing found in \(revision.name)")
                throw ExitCode(1)
            }
        }
    }
}
