import ArgumentParser
import CSystem
import Foundation
import Model
import Pipeline
import Schemas
import Store

@main
struct Ingest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Turns CMS's Physician Fee Schedule releases and HCPCS Level II into a versioned dataset.",
        discussion: """
            The main job:

              ingest run --release RVU26A

            Data goes to standard output, talk to standard error. The exit code is the verdict: 0 done, \
            1 a rule that must hold is broken, 2 an input cannot be read, 64 usage, 69 an input is not there or \
            cannot be fetched, 73 the store cannot be written.
            """,
        version: toolVersion,
        // Each names itself: a name made from its type costs the start of every command a millisecond.
        subcommands: [
            Run.self, FetchCommand.self, DiffCommand.self, History.self, Show.self, Explain.self, Search.self,
            Releases.self, VerifyCommand.self, Validate.self, Keygen.self, OverlayCommand.self, SiteCommand.self,
            PreviewCommand.self, PublishCommand.self, WithdrawCommand.self, DeltaCommand.self, UpdateCommand.self,
            DictionaryCommand.self, ExportCommand.self,
        ],
        defaultSubcommand: nil)

    static func main() {
        return_only_large_buffers()
        main(nil)
    }
}

/// The store that a command works on.
struct StoreOptions: ParsableArguments {
    @Option(help: "The folder of published datasets.", completion: .directory)
    var store = "store"

    var value: Store { Store(URL(fileURLWithPath: store)) }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case human, json
}

/// How a command prints what it found.
struct FormatOptions: ParsableArguments {
    @Option(help: "For people or for programs.")
    var format = OutputFormat.human
}

extension ParsableCommand {
    /// Runs `body` and turns an ``IngestError`` into its messages on standard error and its exit code.
    func reporting(consequence: String? = nil, _ body: () throws -> Void) throws {
        do { try body() } catch let error as IngestError {
            if let verification = error.verification {
                Talk().endProgress()
                Talk().sayChecks(verification, defects: try Schemas().knownDefects)
            }
            Talk().report(error, consequence: error.hasPublished ? nil : consequence)
            throw ExitCode(error.kind.rawValue)
        }
    }
}
