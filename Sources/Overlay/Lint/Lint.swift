public import Model
import Parallel
public import Schemas

/// Tries every rule on every overlay, and stops at none.
/// - Parameters:
///   - allowances: rules that are switched off for the run.
///   - earlier: what was published before, for texts whose code has gone or was reworded.
/// - Throws: when the embedded rules cannot be read, or an allowance names none that may be switched off.
public func lint(
    _ files: [OverlayFile], against canonical: Canonical, allowances: [LintAllowance] = [],
    earlier: some EarlierReleases = NoEarlierReleases(), schemas: Schemas
) throws(IngestError) -> LintReport {
    let book = try RuleBook()
    for allowance in allowances where book[allowance.rule]?.mayBeAllowed != true {
        throw IngestError(
            .usage, "rule_unknown", "'\(allowance.rule)' is no rule that may be switched off",
            hint: "`ingest overlay rules` lists them.")
    }
    let (overlays, context) = sideBySide {
        readOverlays(files, schemas: schemas, keptPerKind: .max)
    } and: {
        LintContext(canonical, schemas: schemas)
    }
    var reviewer = Reviewer(
        release: canonical.release, tier: .public, hasHCPCS: !canonical.missing.contains(.hcpcs),
        catalogue: schemas.catalogue, earlier: earlier)
    let assigned = assign(overlays, to: canonical, reviewer: &reviewer, schemas: schemas, keptPerKind: .max)
    var documents = overlays.codes.map { LintDocument($0, in: canonical) }
    documents += overlays.categories.map(LintDocument.init)

    var findings = Findings(book)
    findings.add(overlays.problems, documents)
    findings.add(assigned.problems, documents)
    for (number, overlay) in overlays.codes.enumerated() {
        guard let index = documents[number].index else { continue }
        let entry = canonical.codes[index]
        if let finding = diagnostic(reviewer.review(entry, overlay), entry, overlay, isStrict: false) {
            findings.add(finding, of: number, code: documents[number].code)
        }
    }
    for (number, synonym, message) in claimedSynonyms(overlays.codes, documents, context) {
        findings.add("overlay_synonym_claimed", at: synonym.place, message, of: number, code: documents[number].code)
    }

    let portions = stride(from: 0, to: documents.count, by: 64).map { documents[$0..<min($0 + 64, documents.count)] }
    let found = inParallel(portions) { portion in
        var checker = Checker(context)
        return portion.map { checker.check(Subject(index: $0.index, code: $0.code, passages: $0.passages)) }
    }
    var places: [Int: SourcePlaces] = [:]
    for (number, found) in found.joined().enumerated() where !found.isEmpty {
        let document = documents[number]
        let source = places[document.file] ?? SourcePlaces(files[document.file].text)
        places[document.file] = source
        for one in found {
            let passage = document.passages[one.passage]
            let place =
                one.offset == 0 && one.rule == "overlay_scalar_unquoted"
                ? passage.place : source.place(of: one.offset, in: passage.text, at: passage.place)
            findings.add(one.rule, at: place, one.message, of: number, code: document.code)
        }
    }
    return findings.report(documents, allowances, files: files)
}

/// A document of a file, for rules: a code's overlay or a category's.
struct LintDocument: Sendable {
    /// The code's position in the release.
    let index: Int?
    let code: Code?
    let passages: [Passage]
    let allowances: [Allowance]
    let file: Int

    init(_ overlay: CodeOverlay, in canonical: Canonical) {
        code = Code(overlay.code.value)
        index = code.flatMap { canonical.codes.index(of: $0) }
        passages = overlay.passages
        allowances = overlay.allowances
        file = overlay.file
    }

    init(_ overlay: CategoryOverlay) {
        code = nil
        index = nil
        passages = overlay.passages
        allowances = overlay.allowances
        file = overlay.file
    }
}

/// Findings with the document each is of, so that a document's allowances silence its own.
private struct Findings {
    let book: RuleBook
    private var all: [(document: Int?, finding: LintFinding)] = []

    init(_ book: RuleBook) { self.book = book }

    mutating func add(_ rule: String, at place: Place, _ message: String, of document: Int?, code: Code?) {
        add(Diagnostic(book[rule]?.severity ?? .error, rule, at: place, message), of: document, code: code)
    }

    mutating func add(_ diagnostic: Diagnostic, of document: Int?, code: Code?) {
        all.append(
            (
                document,
                LintFinding(
                    rule: diagnostic.id, severity: diagnostic.severity, place: diagnostic.place ?? Place(""),
                    code: code?.description, message: diagnostic.message,
                    hint: diagnostic.hint ?? book[diagnostic.id]?.hint ?? "")
            ))
    }

    /// What the reader found: of the document whose texts lie around it.
    mutating func add(_ diagnostics: Diagnostics, _ documents: [LintDocument]) {
        guard !diagnostics.kinds.isEmpty else { return }
        let files = Set(diagnostics.kinds.flatMap(\.first).compactMap(\.place?.file))
        var lines: [Place: Int] = [:]
        for (number, document) in documents.enumerated() {
            guard let file = document.passages.first?.place.file, files.contains(file) else { continue }
            for passage in document.passages { lines[Place(passage.place.file, line: passage.place.line)] = number }
        }
        for kind in diagnostics.kinds {
            for diagnostic in kind.first {
                let document = diagnostic.place.flatMap { lines[Place($0.file, line: $0.line)] }
                add(diagnostic, of: document, code: document.flatMap { documents[$0].code })
            }
        }
    }

    /// The findings that are not allowed, sorted, and what became of every allowance.
    mutating func report(
        _ documents: [LintDocument], _ run: [LintAllowance], files: [OverlayFile]
    ) -> LintReport {
        var run = run
        var own: [LintAllowance] = []
        var positions: [Int: [String: Int]] = [:]
        for (number, document) in documents.enumerated() {
            for allowance in document.allowances {
                let rule = allowance.rule
                guard book[rule.value]?.mayBeAllowed == true else {
                    add(
                        "overlay_allowance", at: rule.place, "'\(rule.value)' is no rule that may be switched off",
                        of: nil, code: document.code)
                    continue
                }
                positions[number, default: [:]][rule.value] = own.count
                own.append(LintAllowance(rule: rule.value, reason: allowance.reason, place: rule.place))
            }
        }
        var kept: [LintFinding] = []
        for (document, finding) in all {
            if let document, let position = positions[document]?[finding.rule] {
                own[position].silenced += 1
            } else if let position = run.firstIndex(where: { $0.rule == finding.rule }) {
                run[position].silenced += 1
            } else {
                kept.append(finding)
            }
        }
        for allowance in own where allowance.silenced == 0 {
            kept.append(
                LintFinding(
                    rule: "overlay_allowance_unused", severity: book["overlay_allowance_unused"]?.severity ?? .warning,
                    place: allowance.place ?? Place(""), code: nil,
                    message: "the texts keep \(allowance.rule): nothing is silenced here",
                    hint: book["overlay_allowance_unused"]?.hint ?? ""))
        }
        kept.sort { left, right in
            let (l, r) = (left.place, right.place)
            if l.file != r.file { return l.file.utf8.lexicographicallyPrecedes(r.file.utf8) }
            if (l.line ?? 0) != (r.line ?? 0) { return (l.line ?? 0) < (r.line ?? 0) }
            if (l.column ?? 0) != (r.column ?? 0) { return (l.column ?? 0) < (r.column ?? 0) }
            return left.rule != right.rule ? left.rule < right.rule : left.message < right.message
        }
        return LintReport(findings: kept, allowances: run + own, files: files.count, overlays: documents.count)
    }
}

/// Synonyms that overlays of two different drugs have.
private func claimedSynonyms(
    _ overlays: [CodeOverlay], _ documents: [LintDocument], _ context: LintContext
) -> [(document: Int, synonym: Placed<String>, message: String)] {
    var first: [String: (document: Int, synonym: Placed<String>)] = [:]
    var claims: [(document: Int, synonym: Placed<String>, message: String)] = []
    for (number, overlay) in overlays.enumerated() {
        guard let index = documents[number].index, context.names.isDrug[index] else { continue }
        for synonym in overlay.synonyms {
            let name = synonym.value.lowercased()
            guard let other = first[name] else {
                first[name] = (number, synonym)
                continue
            }
            guard let otherIndex = documents[other.document].index, otherIndex != index,
                context.names.ingredient(at: index) != context.names.ingredient(at: otherIndex)
            else { continue }
            let otherCode = overlays[other.document].code.value
            claims.append(
                (
                    number, synonym,
                    "the overlay of \(otherCode), another drug, has '\(synonym.value)' at \(other.synonym.place)"
                )
            )
        }
    }
    return claims
}
