import Foundation
import Model
import Pipeline
import Schemas

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the program says on standard error: progress, diagnostics, errors. Colour and a moving line only on a
/// terminal; plain lines elsewhere.
struct Talk {
    private let isTerminal: Bool
    private let isColoured: Bool

    init() {
        let environment = ProcessInfo.processInfo.environment
        isTerminal = isatty(2) == 1 && environment["TERM"] != "dumb" && environment["CI"] == nil
        isColoured = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty
    }

    func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    /// A line per stage; on a terminal each overwrites the last.
    func progress(_ progress: StageProgress) { self.progress(progress.stage.rawValue, progress.detail) }

    func progress(_ stage: String, _ detail: String) {
        if isTerminal { move(stage, detail) } else { say("\(stage) … \(detail)") }
    }

    /// Where a long stage is; nothing but on a terminal.
    func move(_ stage: String, _ detail: String) {
        // A line that wraps could not be taken back.
        if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[2K\("\(stage) … \(detail)".prefix(79))".utf8)) }
    }

    func endProgress() { if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[2K".utf8)) } }

    /// Everything that was found, each kind's first few with their places.
    func report(_ diagnostics: Diagnostics, severities: [Diagnostic.Severity], shown: Int) {
        for kind in diagnostics.kinds where severities.contains(kind.severity) {
            // CMS's own differences are listed one by one: a reader checks them off.
            let shown = kind.id == "known_difference" ? kind.first.count : min(shown, kind.first.count)
            for diagnostic in kind.first.prefix(shown) { say(line(diagnostic)) }
            if kind.count > shown { say("  … and \(kind.count - shown) more like it [\(kind.id)]") }
            if let hint = kind.first.first?.hint { say("  \(paint("try:", "36")) \(hint)") }
        }
    }

    func report(_ error: IngestError, consequence: String?) {
        endProgress()
        report(error.diagnostics, severities: [.error], shown: 5)
        let count = error.diagnostics.count(.error)
        if count > 1 { say("\(count) errors") }
        if let consequence { say(consequence) }
    }

    private func line(_ diagnostic: Diagnostic) -> String {
        let colour =
            switch diagnostic.severity {
            case .error: "31"
            case .warning: "33"
            case .note: "34"
            }
        let place = diagnostic.place.map { "\($0): " } ?? ""
        return "\(place)\(paint("\(diagnostic.severity.rawValue):", colour)) \(diagnostic.message) [\(diagnostic.id)]"
    }

    private func paint(_ text: String, _ colour: String) -> String {
        isColoured ? "\u{1B}[\(colour)m\(text)\u{1B}[0m" : text
    }
}

extension Talk {
    /// The short form of the certificate: a line for each table that was compared or recomputed, one for all
    /// rules between indicators.
    func sayChecks(_ verification: Verification, defects: [KnownDefect]) {
        let named: Set = [
            "row_totals", "code_order", "csv_equals_txt", "csv_equals_xlsx", "qpp_subset", "locality_keys", "oppscap",
            "anesthesia",
            "payment_file",
            "hcpcs_actions", "leading_zeros",
        ]
        func score(_ checks: [Check]) -> String {
            "\(checks.reduce(0) { $0 + $1.matched + $1.explained })/\(checks.reduce(0) { $0 + $1.checked })"
        }
        func remark(_ checks: [Check]) -> String {
            let explained = checks.reduce(0) { $0 + $1.explained }
            return explained > 0 ? " (\(explained) explained)" : ""
        }
        var rows = verification.checks.filter { named.contains($0.id) }.map { check in
            ["\(check.failed > 0 ? "✗" : " ") \(check.id)", score([check]), check.detail + remark([check])]
        }
        let others = verification.checks.filter { !named.contains($0.id) }
        let rules = others.filter { !$0.isOfDrugs }
        rows.append([
            "  \(rules.count) indicator rules", score(rules), "rules between the columns of PPRRVU" + remark(rules),
        ])
        let drugs = others.filter(\.isOfDrugs)
        if !drugs.isEmpty {
            rows.append([
                "  \(drugs.count) drug rules", score(drugs),
                "rules between the columns of the ASP files" + remark(drugs),
            ])
        }
        say("checked")
        say(table(rows, rightAligned: [1]))
        for defect in verification.defects {
            let what = defects.first { $0.id == defect.id }?.what ?? ""
            say("  known defect \(defect.id) (\(defect.count)): \(what)")
        }
        for (check, reason) in verification.allowed.sorted(by: { $0.key < $1.key }) {
            say("  \(check) failed and was allowed: \(reason)")
        }
    }
}

extension Check {
    /// Whether it is a rule of the ASP files.
    fileprivate var isOfDrugs: Bool { id.hasPrefix("asp_") || id == "ndc_shape" }
}

/// Ends the process and leaves its values where they are: the system takes all memory back at once, which is several
/// times faster than giving back one value after the other.
func leave(keeping values: some Any, code: Int = 0) -> Never { withExtendedLifetime(values) { exit(Int32(code)) } }

/// Writes to standard output, whole.
func printData(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        FileHandle.standardOutput.write(
            Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none))
    }
}

/// Columns of text, each as wide as its widest cell; numbers to the right.
func table(_ rows: [[String]], rightAligned: Set<Int> = []) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
        var line = ""
        for (column, cell) in row.enumerated() {
            let blanks = String(repeating: " ", count: widths[column] - cell.count)
            let isLast = column == row.count - 1
            line += rightAligned.contains(column) ? blanks + cell : cell + (isLast ? "" : blanks)
            if !isLast { line += "  " }
        }
        while line.last == " " { line.removeLast() }
        return line
    }.joined(separator: "\n")
}
