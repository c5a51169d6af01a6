public import ArgumentParser
import Diff
import Digest
import Foundation
public import Model
import Pipeline
import Schemas
import Store
import Verify

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Turn CMS's files and your overlays into a published dataset.",
        discussion: """
            Inputs are told apart by content and name: CMS's RVU archive, its HCPCS archive, a folder of their \
            members, or loose members, in any order and letter case, packed in each other or by gzip. Only PPRRVU \
            is indispensable; what else is missing is said, and its values are null. Where a table is there as CSV \
            and as TXT both are read and must agree on every field; its workbook (XLSX) is their witness, and is \
            read in their place where it is alone. HCPCS correction files are applied in their order. The ASP \
            payment limits and the ASP NDC-HCPCS crosswalk of a quarter add each drug's price, products and names; \
            without --input they are used when `ingest fetch --source asp` has brought them into the store.

            The dataset appears in the store as releases/LABEL/rN, whole or not at all. Running again with \
            nothing changed publishes nothing.
            """)

    @Option(help: "CMS's label of the release, such as RVU26A.")
    var release: String

    @Option(
        help: "An archive, a folder or a file of CMS's. Repeat it for each. Without any, they are fetched from CMS.",
        completion: .file())
    var input: [String] = []

    @Option(help: "A folder of editors' YAML files, or one such file.", completion: .file(extensions: ["yaml", "yml"]))
    var overlays: String?

    @Flag(
        help: """
            Leave out the texts of codes that CMS has reworded, ended or may have used again since they were reviewed. \
            Without it they are published with their state.
            """)
    var strictEditorial = false

    @Option(help: "Which descriptors to publish: \(Tier.allCases.map(\.rawValue).joined(separator: " or ")).")
    var tier: Tier = .public

    @Option(
        help: """
            For --tier licensed: confirm that you hold the licence of the descriptors' owner. Give it twice, with \
            ama (CPT) and ada (CDT).
            """)
    var acceptLicense: [License] = []

    @OptionGroup var fetching: FetchingOptions
    @OptionGroup var network: NetworkOptions
    @OptionGroup var checking: CheckingOptions
    @OptionGroup var gate: GateOptions

    @Flag(help: "Write tables/payments.csv as well: every payable row, locality, setting and track.")
    var payments = false

    @Option(
        help: "Sign the manifest with this private key (see `ingest keygen`): manifest.json.sig in the revision.",
        completion: .file())
    var sign: String?

    @Option(help: ArgumentHelp("Write each stage's time and memory to this file.", visibility: .hidden))
    var timings: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    enum License: String, ExpressibleByArgument, CaseIterable { case ama, ada }

    func validate() throws {
        try gate.check(format)
        try Self.refuseWithoutLicenses(tier, acceptLicense)
    }

    /// - Throws: when the licensed tier is asked for and a licence is not confirmed.
    static func refuseWithoutLicenses(_ tier: Tier, _ accepted: [License]) throws {
        guard tier == .licensed, !License.allCases.allSatisfy(accepted.contains) else { return }
        throw ValidationError(
            "The licensed tier holds descriptors of the AMA and the ADA. If you hold their licences, say so: "
                + "--accept-license ama --accept-license ada")
    }

    func run() throws {
        try reporting(consequence: "Nothing was published.") {
            let talk = Talk()
            let schemas = try Schemas()
            let key = try sign.map { try readSigningKey(URL(fileURLWithPath: $0)) }
            let inputs =
                try input.isEmpty
                ? fetching.files(of: release, store: store.value, network: network, licenses: acceptLicense) : input
            var measured = Timings()
            let report = try gate.annotating(overlays: overlays ?? "") {
                var options = RunOptions(
                    label: release, inputs: inputs, overlays: overlays, store: store.value.root, tier: tier,
                    checking: checking.value, payments: payments,
                    policy: try readPolicy(gate.policy, schemas: schemas))
                options.isStrictlyEditorial = strictEditorial
                options.signingKey = key
                return try Pipeline.run(options, schemas: schemas) { progress in
                    measured.begin(progress.stage)
                    talk.progress(progress)
                }
            }
            talk.endProgress()
            if let timings { try measured.json().write(toFile: timings, atomically: true, encoding: .utf8) }
            talk.sayInputs(report.dataset)
            talk.report(report.dataset.canonical.diagnostics, severities: [.warning, .note], shown: 3)
            talk.sayCorrections(report.dataset.canonical.corrections)
            talk.sayChecks(report.dataset.verification, defects: schemas.knownDefects)
            talk.say(diffText(report.difference, report.verdict))
            try gate.write(
                report.reports ?? reports(report.difference, report.verdict, schemas: schemas), report.difference,
                report.verdict, overlays: overlays ?? "",
                diagnostics: report.dataset.canonical.diagnostics)
            talk.sayResult(report, store: store.store)
            if let key, report.revision != nil { talk.say("signed by the key \(key.publicKey.id)") }
            if let revision = report.revision {
                if format.format == .json {
                    printData([UInt8](try Data(contentsOf: revision.folder.appendingPathComponent("manifest.json"))))
                } else {
                    print("\(revision.folder.relativePath)")
                }
            } else if gate.report == nil {
                talk.say("try: --report FOLDER for the whole report; --policy FILE with a waiver for what may pass")
            }
            if report.verdict.outcome == .fail { throw ExitCode(Int32(report.verdict.exitCode)) }
            leave(keeping: report)
        }
    }
}

extension Tier: ExpressibleByArgument {}

/// What a release is proven against, and what may fail.
struct CheckingOptions: ParsableArguments {
    @Option(
        help: "CMS's payment file of the release (PFALL or PFREV, TXT or zip): every amount is recomputed.",
        completion: .file())
    var paymentFile: [String] = []

    @Option(help: "Publish although this check fails; give the --reason. Repeat both for each.")
    var allow: [String] = []

    @Option(help: "Why the check of the same place may fail; it is kept in the manifest.")
    var reason: [String] = []

    var value: CheckOptions {
        CheckOptions(
            allowances: zip(allow, reason).map { Allowance(check: $0, reason: $1) }, paymentFiles: paymentFile)
    }

    func validate() throws {
        guard allow.count == reason.count, reason.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("Each --allow needs its own --reason: a sentence for those who read the manifest.")
        }
    }
}

extension Talk {
    fileprivate func sayInputs(_ dataset: Dataset) {
        var rows: [[String]] = []
        for input in dataset.inputs where [.primary, .witness, .correction].contains(input.role) {
            rows.append([
                "  \(input.table?.name ?? "")", input.form?.rawValue ?? "", "\(input.rows ?? 0) rows", input.path,
            ])
        }
        say("used")
        say(table(rows, rightAligned: [2]))
        let overlays = dataset.inputs.count { $0.role == .overlay }
        if overlays > 0 { say("  \(overlays) overlay files") }
        let ignored = dataset.inputs.filter { $0.role == .ignored }
        if !ignored.isEmpty {
            say("ignored")
            say(table(ignored.map { ["  \($0.path)", $0.remark ?? ""] }))
        }
        let missing = dataset.canonical.missing
        if !missing.isEmpty {
            say("missing: \(missing.map(\.name).joined(separator: ", ")); what only they say is null")
        }
    }

    fileprivate func sayCorrections(_ corrections: [Correction]) {
        if corrections.isEmpty { return }
        say("corrections of HCPCS, in their order")
        say(
            table(
                corrections.map { correction in
                    [
                        "  \(correction.code)", correction.action,
                        correction.outcome.rawValue.replacing("_", with: " "), correction.detail,
                        correction.place.description,
                    ]
                }))
    }

    fileprivate func sayResult(_ report: RunReport, store: String) {
        let canonical = report.dataset.canonical
        let counts =
            "\(canonical.codes.count) codes, \(canonical.relativeValueCount) relative value rows, "
            + "\(canonical.localities.count) localities, \(canonical.oppsCaps.count) OPPS caps, "
            + "\(canonical.modifiers.count) modifiers"
            + (canonical.drugPaymentLimits.isEmpty ? "" : ", \(canonical.drugPaymentLimits.count) drug payment limits")
            + (canonical.drugProducts.isEmpty ? "" : ", \(canonical.drugProducts.count) drug products")
        let factors =
            "conversion factor \(canonical.conversionFactors.nonQP)"
            + (canonical.conversionFactors.qp.map { ", QP \($0)" } ?? "")
        switch report.outcome {
        case .published(let revision):
            say("published \(revision.name): \(counts); \(factors)")
            let option = store == "store" ? "" : " --store \(store)"
            let example = canonical.reviewed.first.map { canonical.codes[$0].code.description } ?? "99213"
            say("next: ingest show \(example)\(option), or read \(revision.folder.relativePath)/diff.html")
        case .unchanged(let revision):
            say("nothing changed: \(revision.name) is published already and equal in every byte; \(counts)")
        case .refused:
            say("Nothing was published: the policy \(report.verdict.policy) does not let the release pass.")
        }
    }
}
