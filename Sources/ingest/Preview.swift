import ArgumentParser
import Dispatch
import Foundation
import Model
import Pipeline
import Preview
import Schemas
import Synchronization

struct PreviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Show the page of a code while you edit its texts; it loads itself again on save.",
        discussion: """
            CMS's files are read once, the overlays after every save. Mistakes in overlays are shown in the page, \
            each at its file, line and column. Nothing is published. The page is served on this machine alone, at the \
            address that is printed, until Ctrl-C.
            """)

    @Argument(help: "A HCPCS code: five characters.")
    var code: String

    @Option(help: "CMS's label of the release, such as RVU26A.")
    var release: String

    @Option(
        help: "An archive, a folder or a file of CMS's. Repeat it for each. Without any, the store's pinned files.",
        completion: .file())
    var input: [String] = []

    @Option(help: "A folder of editors' YAML files, or one such file.", completion: .file(extensions: ["yaml", "yml"]))
    var overlays: String

    @Option(help: "The port to listen on; 0 for any that is free.")
    var port: UInt16 = 0

    @OptionGroup var fetching: FetchingOptions
    @OptionGroup var network: NetworkOptions
    @OptionGroup var store: StoreOptions

    func run() throws {
        try reporting {
            let talk = Talk()
            let code = code.uppercased()
            let inputs =
                try input.isEmpty
                ? fetching.files(of: release, store: store.value, network: network) : input
            let previewed = try Previewed(
                label: release, inputs: inputs, overlays: overlays, tier: .public, code: code,
                schemas: try Schemas()
            ) { talk.progress($0) }
            talk.endProgress()
            tell(previewed, talk)
            try serve(previewed, code, talk)
        }
    }

    /// Serves until the user ends it.
    private func serve(_ previewed: Previewed, _ code: String, _ talk: Talk) throws {
        let server = PreviewServer(
            answer: { previewed.answer($0, start: code) }, version: { previewed.version })
        let failure = Mutex<IngestError?>(nil)
        let ended = DispatchSemaphore(value: 0)
        // Before anyone knows the address: a signal that comes at once must not break the preview off.
        let signals = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { ended.signal() }
            source.resume()
            return source
        }
        let port = port
        let serving = Task.detached {
            do throws(IngestError) {
                try await server.run(port: port) { port in
                    // At once, also into a pipe.
                    printData(Array("http://127.0.0.1:\(port)/codes/\(code).html\n".utf8))
                    Talk().say("The page loads itself again when an overlay is saved; Ctrl-C ends the preview.")
                }
            } catch {
                failure.withLock { $0 = error }
            }
            ended.signal()
        }
        let watching = Task.detached {
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(200))
                if previewed.refresh() { tell(previewed, Talk()) }
            }
        }
        ended.wait()
        serving.cancel()
        watching.cancel()
        for source in signals { source.cancel() }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

/// Says what is wrong with the overlays, or that nothing is.
private func tell(_ previewed: Previewed, _ talk: Talk) {
    if let problems = previewed.problems {
        talk.report(problems, consequence: nil)
    } else {
        talk.say("overlays read")
    }
}
