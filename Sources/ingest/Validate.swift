import ArgumentParser
import Foundation
import Model
import Pipeline
import Schemas
import Store

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a published dataset against its manifest and schemas.",
        discussion: """
            Recomputes every hash, size and row count, looks for files that the manifest does not name, and checks \
            documents and tables against the JSON Schemas and the column definitions that this program carries. \
            Exit code 1 when anything is wrong.
            """)

    @Argument(help: "A revision's folder, such as store/releases/RVU26A/r1.", completion: .directory)
    var folder: String

    @OptionGroup var format: FormatOptions

    func run() throws {
        try reporting {
            let result = try validateRevision(URL(fileURLWithPath: folder), schemas: try Schemas())
            if format.format == .json {
                printData(validationJSON(result))
            } else {
                print(
                    "\(result.diagnostics.count(.error) == 0 ? "valid" : "not valid"): \(result.files) files, "
                        + "\(result.documents) documents, \(result.rows) rows")
            }
            guard result.diagnostics.count(.error) == 0 else {
                Talk().report(result.diagnostics, severities: [.error], shown: 5)
                throw ExitCode(1)
            }
        }
    }
}
