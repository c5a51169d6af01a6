import ArgumentParser
import Foundation
import Model
import Pipeline
import Schemas
import Store

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a published dataset, or a whole store, against its manifests and schemas.",
        discussion: """
            Recomputes every hash, size and row count, the manifest's own included, looks for files that the manifest \
            does not name, and checks documents and tables against the JSON Schemas and the column definitions that \
            this program carries. Of a store, checks every revision, latest.json, and that nothing that was published \
            has been taken away. With --public-key, whether it is signed by a key you trust; with --trust too, whether \
            it is at least as new as what you saw before. Exit code 1 when anything is wrong.
            """)

    @Argument(help: "A revision's folder, such as store/releases/RVU26A/r1, or a store.", completion: .directory)
    var folder: String

    @Option(
        help: "A file with a public key by which it must be signed. Repeat it when any of several will do.",
        completion: .file())
    var publicKey: [String] = []

    @Option(
        help: """
            A file that remembers the newest revision of each release you were shown. What is older, or another under \
            the same number, is refused; what is newer is remembered.
            """,
        completion: .file())
    var trust: String?

    @OptionGroup var format: FormatOptions

    func validate() throws {
        if trust != nil, publicKey.isEmpty {
            throw ValidationError("--trust needs --public-key: a number that nobody signed proves nothing.")
        }
    }

    func run() throws {
        try reporting {
            let keys = try publicKey.map { try readPublicKey(URL(fileURLWithPath: $0)) }
            var record = try trust.map { try TrustRecord(URL(fileURLWithPath: $0)) }
            let url = URL(fileURLWithPath: folder)
            let isStore =
                Store(url).isThere
                && !FileManager.default.fileExists(atPath: url.appendingPathComponent("manifest.json").path)
            var result =
                isStore
                ? try Store(url).validate(trusted: keys, schemas: try Schemas())
                : try validateRevision(url, trusted: keys, schemas: try Schemas())
            for problem in record?.problems(with: result.revisions, isWholeStore: isStore) ?? [] {
                result.diagnostics.add(problem)
            }
            let isValid = result.diagnostics.count(.error) == 0
            if isValid { try record?.remember(result.revisions) }
            if format.format == .json {
                printData(validationJSON(result))
            } else {
                print(
                    "\(isValid ? "valid" : "not valid"): "
                        + (isStore ? "\(result.revisions.count) revisions, " : "")
                        + "\(result.files) files, \(result.documents) documents, \(result.rows) rows"
                        + signers(result, areChecked: !keys.isEmpty))
            }
            guard isValid else {
                Talk().report(result.diagnostics, severities: [.error], shown: 5)
                throw ExitCode(1)
            }
        }
    }

    private func signers(_ result: Validation, areChecked: Bool) -> String {
        let signers = Set(result.revisions.compactMap(\.signer)).sorted()
        guard !signers.isEmpty else { return "" }
        return ", signed by \(signers.joined(separator: ", "))"
            + (areChecked ? "" : " (any key will do without --public-key)")
    }
}
