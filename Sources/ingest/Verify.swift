import ArgumentParser
import Foundation
import Model
import Pipeline
import Schemas

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Recompute a published certificate from CMS's files and compare.",
        discussion: """
            Anyone who has the inputs that verification.json names can repeat it: the checks are run again, CMS's \
            tables are made again, and each must be equal to what was published, byte for byte. Exit code 1 when \
            anything differs.
            """)

    @Argument(help: "A revision's folder, such as store/releases/RVU26A/r1.", completion: .directory)
    var folder: String

    @Option(help: "An archive, a folder or a file of CMS's. Repeat it for each.", completion: .file())
    var input: [String]

    @Option(help: "The payment file, when the certificate names one.", completion: .file())
    var paymentFile: [String] = []

    func run() throws {
        try reporting {
            let talk = Talk()
            let repetition = try repeatVerification(
                of: URL(fileURLWithPath: folder), inputs: input, paymentFiles: paymentFile, schemas: try Schemas(),
                progress: talk.progress)
            talk.endProgress()
            for path in repetition.equal { print("equal: \(path)") }
            guard repetition.diagnostics.count(.error) == 0 else {
                talk.report(repetition.diagnostics, severities: [.error], shown: 10)
                throw ExitCode(1)
            }
        }
    }
}
