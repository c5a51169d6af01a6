import ArgumentParser
import Diff
import Foundation
import JSON
import Model
import Overlay
import Pipeline
import Schemas

struct LintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Find what is wrong with the editors' texts.",
        discussion: """
            Tries every rule on every overlay, against the release's codes and descriptors, and lists all that it \
            finds at file, line and column. An overlay switches a rule off with the key `lint`, a run with --allow; \
            both say why.

            Exit code 1 when there are errors, and with --strict when there are warnings.
            """)

    @OptionGroup var deskOptions: DeskOptions
    @OptionGroup var switchedOff: AllowOptions
    @OptionGroup var format: FormatOptions

    @Option(help: "List only what was found in the overlay of this code. Repeat it for each.")
    var only: [String] = []

    @Flag(help: "Warnings count as errors.")
    var strict = false

    @Flag(help: "For GitHub Actions: annotations on standard output.")
    var github = false

    @Option(help: ArgumentHelp("Write each stage's time and memory to this file.", visibility: .hidden))
    var timings: String?

    func validate() throws {
        if github, format.format == .json {
            throw ValidationError("--github prints annotations where --format json prints data: choose one of them.")
        }
    }

    func run() throws {
        try reporting {
            let schemas = try Schemas()
            var measured = Timings()
            let desk = try deskOptions.desk(schemas) { measured.begin($0.stage) }
            var report = try lint(
                desk, store: deskOptions.store.value, allowances: switchedOff.value, schemas: schemas)
            if let timings { try measured.json().write(toFile: timings, atomically: true, encoding: .utf8) }
            if !only.isEmpty {
                let codes = Set(only.map { $0.uppercased() })
                report.findings.removeAll { $0.code.map { !codes.contains($0) } ?? true }
            }
            printFindings(report)
            if report.count(.error) > 0 || strict && !report.findings.isEmpty { throw ExitCode(1) }
        }
    }

    private func printFindings(_ report: LintReport) {
        let talk = Talk()
        if format.format == .json {
            printData(json(report))
        } else if github {
            let diagnostics = report.findings.map {
                Diagnostic($0.severity, $0.rule, at: $0.place, $0.message, hint: $0.hint)
            }
            for line in githubAnnotations(diagnostics, overlays: deskOptions.overlays) { print(line) }
        } else {
            var lines = ""
            for finding in report.findings {
                lines += "\(finding.place): \(finding.severity.rawValue): \(finding.message) [\(finding.rule)]\n"
            }
            printData(Array(lines.utf8))
        }
        talk.say(
            "\(report.overlays) overlays in \(report.files) files: \(report.count(.error)) errors, "
                + "\(report.count(.warning)) warnings")
        let counts = Dictionary(grouping: report.findings, by: \.rule).sorted { $0.key < $1.key }
        if !counts.isEmpty {
            talk.say(
                table(counts.map { ["  \($1.count)", $0, $1.first?.hint ?? ""] }, rightAligned: [0]))
        }
        for allowance in report.allowances where allowance.silenced > 0 {
            talk.say(
                "  allowed \(allowance.rule) (\(allowance.silenced))"
                    + (allowance.place.map { " at \($0)" } ?? "") + ": \(allowance.reason)")
        }
    }

    private func json(_ report: LintReport) -> [UInt8] {
        var writer = JSONWriter(indented: true)
        writer.object { writer in
            writer.field("files", report.files)
            writer.field("overlays", report.overlays)
            writer.field("errors", report.count(.error))
            writer.field("warnings", report.count(.warning))
            writer.array("findings") { writer in
                for finding in report.findings {
                    writer.line { writer in
                        writer.field("id", finding.rule)
                        writer.field("severity", finding.severity.rawValue)
                        writer.field("file", finding.place.file)
                        writer.field("line", finding.place.line)
                        writer.field("column", finding.place.column)
                        writer.field("code", finding.code)
                        writer.field("message", finding.message)
                        writer.field("hint", finding.hint)
                    }
                }
            }
            writer.array("allowed") { writer in
                for allowance in report.allowances where allowance.silenced > 0 {
                    writer.line { writer in
                        writer.field("id", allowance.rule)
                        writer.field("reason", allowance.reason)
                        writer.field("file", allowance.place?.file)
                        writer.field("line", allowance.place?.line)
                        writer.field("findings", allowance.silenced)
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}

/// Rules that do not hold in a run.
struct AllowOptions: ParsableArguments {
    @Option(help: "Switch this rule off; give the --reason. Repeat both for each.")
    var allow: [String] = []

    @Option(help: "Why the rule of the same place is off.")
    var reason: [String] = []

    var value: [LintAllowance] { zip(allow, reason).map { LintAllowance(rule: $0, reason: $1) } }

    func validate() throws {
        guard allow.count == reason.count, reason.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("Each --allow needs its own --reason: a sentence for the next editor.")
        }
    }
}
