public import Digest
import Foundation
public import Model
public import Schemas

extension Store {
    /// Whether a folder is a store, or was one.
    public var isThere: Bool { kind(of: root.appendingPathComponent("releases")) != nil }

    /// Checks every revision of the store, the order of their publication, and `latest.json`. Not while a run
    /// publishes: what it is about to move would be taken for damage.
    /// - Parameter trusted: the keys of which one must have signed each revision; none when they need not be signed.
    /// - Throws: when nothing is published in the store.
    public func validate(trusted: [PublicKey] = [], schemas: Schemas) throws(IngestError) -> Validation {
        var whole = Validation()
        try checkFolders(&whole)
        for label in try labels() {
            for revision in try revisions(of: label) { try check(revision, trusted: trusted, schemas: schemas, &whole) }
        }
        guard !whole.revisions.isEmpty || whole.diagnostics.count(.error) > 0 else {
            throw IngestError(
                .unavailable, "store_empty", at: Place(root.relativePath), "nothing is published in this store",
                hint: "Name another store, or a revision's folder, such as store/releases/RVU26A/r1.")
        }
        try checkSequence(&whole)
        checkWithdrawals(&whole)
        checkPointer(&whole)
        return whole
    }

    /// Nothing but releases and their revisions, counted from 1, is where they are.
    private func checkFolders(_ whole: inout Validation) throws(IngestError) {
        func names(_ path: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(path).path)) ?? [])
                .sorted()
        }
        func expectFolder(_ path: String, isKnown: Bool) {
            if !isKnown || kind(of: root.appendingPathComponent(path)) != .typeDirectory {
                whole.problem(
                    "file_unknown", Place(path), "this is no folder that a run publishes",
                    hint: "Take it out of the store: whatever is not published is not checked either.")
            }
        }
        let labels = try labels()
        for label in names("releases") {
            expectFolder("releases/\(label)", isKnown: labels.contains(label))
            let revisions = try revisions(of: label)
            for name in names("releases/\(label)") {
                expectFolder("releases/\(label)/\(name)", isKnown: revisions.contains { "r\($0.number)" == name })
            }
            for (number, revision) in zip(1..., revisions) where revision.number != number {
                whole.problem(
                    "revision_gap", Place("releases/\(label)"),
                    "r\(revision.number) is there, and r\(number) is not", hint: Self.restoreHint)
                break
            }
        }
    }

    private func check(
        _ revision: Revision, trusted: [PublicKey], schemas: Schemas, _ whole: inout Validation
    ) throws(IngestError) {
        let path = "releases/\(revision.label)/r\(revision.number)"
        let found: Validation
        do throws(IngestError) {
            found = try validateRevision(revision.folder, trusted: trusted, schemas: schemas)
        } catch {
            guard error.kind == .unavailable else { throw error }
            whole.problem(
                "manifest_missing", Place("\(path)/manifest.json"), "there is no manifest to read here",
                hint: Self.restoreHint)
            return
        }
        whole.files += found.files
        whole.documents += found.documents
        whole.rows += found.rows
        whole.revisions += found.revisions
        for problem in found.diagnostics.kinds.flatMap(\.first) {
            let place = problem.place.map { Place("\(path)/\($0.file)", line: $0.line, column: $0.column) }
            whole.diagnostics.add(
                Diagnostic(problem.severity, problem.id, at: place, problem.message, hint: problem.hint))
        }
        if let named = found.revisions.first, (named.label, named.number) != (revision.label, revision.number) {
            whole.problem(
                "revision_elsewhere", Place("\(path)/manifest.json"),
                "its manifest is that of \(named.label)-r\(named.number)", hint: Self.restoreHint)
        }
    }

    /// The numbers of publication: each once, none left out, and rising with a release's revisions.
    private func checkSequence(_ whole: inout Validation) throws(IngestError) {
        let numbered = whole.revisions.filter { $0.sequence > 0 }.sorted { $0.sequence < $1.sequence }
        var last: ValidatedRevision?
        for revision in numbered {
            let place = Place("releases/\(revision.label)/r\(revision.number)/manifest.json")
            let before = last?.sequence ?? 0
            if let last, before == revision.sequence {
                whole.problem(
                    "sequence_repeated", place,
                    "the sequence \(before) is that of \(last.label)-r\(last.number) too: one of them is not from here",
                    hint: Self.restoreHint)
            } else if revision.sequence > before + 1 {
                let missing =
                    before + 1 == revision.sequence - 1 ? "\(before + 1)" : "\(before + 1) to \(revision.sequence - 1)"
                whole.problem(
                    "sequence_gap", place,
                    "the sequence \(missing) is missing before \(revision.sequence): what was published then is gone",
                    hint: Self.restoreHint)
            }
            last = revision
        }
        for label in try labels() {
            let ordered = whole.revisions.filter { $0.label == label }.sorted { $0.number < $1.number }
            for (older, newer) in zip(ordered, ordered.dropFirst()) where newer.sequence < older.sequence {
                whole.problem(
                    "sequence_order", Place("releases/\(label)/r\(newer.number)/manifest.json"),
                    "its sequence \(newer.sequence) is lower than \(older.sequence), that of r\(older.number)",
                    hint: Self.restoreHint)
            }
        }
    }

    /// What was withdrawn is a revision of the store, and so is what takes its place.
    private func checkWithdrawals(_ whole: inout Validation) {
        let place = Place(Self.withdrawnName)
        do throws(IngestError) {
            for withdrawal in try withdrawals() {
                for name in [withdrawal.revision] + (withdrawal.use.map { [$0] } ?? [])
                where !(try numbers(of: name.label).contains(name.number)) {
                    whole.problem("withdrawn_unknown", place, "the store has no \(name)", hint: Self.restoreHint)
                }
            }
        } catch {
            for problem in error.diagnostics.kinds.flatMap(\.first) {
                whole.problem(problem.id, place, problem.message, hint: problem.hint)
            }
        }
    }

    private func checkPointer(_ whole: inout Validation) {
        let place = Place("latest.json")
        // Where every revision was withdrawn it points nowhere. Why a manifest cannot be read stands there already.
        let expected: [UInt8]?
        do { expected = try pointer() } catch { return }
        if expected == nil, kind(of: root.appendingPathComponent(place.file)) == nil { return }
        guard kind(of: root.appendingPathComponent(place.file)) == .typeRegular,
            let found = try? Data(contentsOf: root.appendingPathComponent(place.file))
        else {
            whole.problem("latest_missing", place, "it is not there", hint: "The next `ingest run` puts it right.")
            return
        }
        guard !found.elementsEqual(expected ?? []) else { return }
        whole.problem(
            "latest_wrong", place,
            "it does not say what the store holds; expected \(String(decoding: expected ?? [], as: UTF8.self))",
            hint: "If nothing was taken out of the store, the next `ingest run` puts it right.")
    }

    private static let restoreHint =
        "A published revision never changes and is never taken away: restore it from a copy."
}
