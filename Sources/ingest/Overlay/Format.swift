import ArgumentParser
import Model
import Pipeline

struct OverlayFormat: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "format",
        abstract: "Put overlay files into the one form that they are kept in.",
        discussion: """
            Keys in the order of the schema, two blanks of indentation, long texts folded, quotation marks only where \
            they are needed. No text changes and no comment is lost; a file where one could not be kept is left alone, \
            and said.
            """)

    @Argument(help: "Folders or files; the folder overlays when left out.", completion: .file())
    var paths: [String] = ["overlays"]

    @Flag(help: "Change nothing: list the files in another form, and exit with 1 when there is any.")
    var check = false

    func run() throws {
        try reporting(consequence: "No file was changed.") {
            let formatted = try formatOverlays(at: paths, isCheck: check)
            for path in formatted.changed { print(path) }
            Talk().say(
                "\(formatted.changed.count) of \(formatted.count) files "
                    + (check ? "are in another form" : "were put into form"))
            if check, !formatted.changed.isEmpty {
                Talk().say("try: ingest overlay format \(paths.joined(separator: " "))")
                throw ExitCode(1)
            }
        }
    }
}
