public import Model
public import Schemas

/// Merges the editors' texts into the codes: a code's own overlay first, then the narrowest range, then the
/// section. What an overlay was reviewed against is compared with the descriptor of this release.
/// - Parameters:
///   - isStrict: leaves out the texts of codes that were reworded, ended or used again since they were reviewed; the
///     state stays, and the category's texts take their place.
///   - earlier: where the descriptors are found that reviews were pinned to.
/// - Throws: bad data for overlays that cannot be read, that repeat a code or name one that is not there;
///   every file's problems are in one error, each at its line and column.
public func overlay(
    _ canonical: Canonical, files: [OverlayFile], tier: Tier, isStrict: Bool = false,
    earlier: some EarlierReleases = NoEarlierReleases(), schemas: Schemas
) throws(IngestError) -> Canonical {
    var canonical = canonical
    canonical.isStrictlyEditorial = isStrict
    guard !files.isEmpty else { return canonical }
    var reviewer = Reviewer(
        release: canonical.release, tier: tier, hasHCPCS: !canonical.missing.contains(.hcpcs),
        catalogue: schemas.catalogue, earlier: earlier)
    let overlays = readOverlays(files, schemas: schemas)
    let assigned = assign(overlays, to: canonical, reviewer: &reviewer, schemas: schemas)
    var problems = overlays.problems
    problems.add(assigned.problems)
    if let problem = reviewer.earlier.problem { throw problem }
    try problems.stopOnErrors()
    var merged = canonical
    merged.lostOverlays = assigned.lost

    // Narrow ranges come before wide ones, ranges before sections.
    let categories = overlays.categories.sorted { ($0.scope.width, $0.scope.name) < ($1.scope.width, $1.scope.name) }
    let setting = TemplateSetting(tier: tier, release: canonical.release, statuses: schemas.statuses)
    for index in merged.codes.indices {
        let entry = merged.codes[index]
        let fitting = categories.filter { $0.scope.contains(entry) }
        let overlay = assigned.own[entry.code].map { overlays.codes[$0] }
        guard overlay != nil || !fitting.isEmpty else { continue }
        var review: Editorial.Review?
        if let overlay {
            let found = reviewer.review(entry, overlay)
            if let finding = diagnostic(found, entry, overlay, isStrict: isStrict) { problems.add(finding) }
            review = found
        }
        merged.codes[index] = merge(
            entry, overlay, review, fitting, setting: setting,
            showsOwnTexts: !(isStrict && review?.state.isUnfit == true))
    }
    merged.categoryTexts = categories.flatMap(\.rows)
    merged.lostOverlays.sort { $0.code < $1.code }
    if let problem = reviewer.earlier.problem { throw problem }
    merged.earlierRevisions = reviewer.earlier.consulted
    merged.diagnostics.add(problems)
    return merged
}

private func merge(
    _ original: CodeEntry, _ own: CodeOverlay?, _ review: Editorial.Review?, _ categories: [CategoryOverlay],
    setting: TemplateSetting, showsOwnTexts: Bool
) -> CodeEntry {
    var entry = original
    var editorial = Editorial()
    editorial.review = review
    if let own { editorial.sources.append(Source(file: own.code.place.file, line: own.code.place.line ?? 1)) }
    let overlay = showsOwnTexts ? own : nil
    for category in categories.reversed() {
        guard let name = category.name else { continue }
        if case .range = category.scope {
            entry.category?.name = name
        } else {
            // A code without a class of its own has its section for a category.
            if entry.category?.id == entry.section?.id { entry.category?.name = name }
            entry.section?.name = name
        }
    }
    if let overlay {
        editorial.title = overlay.title
        editorial.summary = overlay.summary
        editorial.synonyms = overlay.synonyms.map(\.value)
        editorial.plainLanguage = overlay.plainLanguage
        editorial.clinicalContext = overlay.clinicalContext
        editorial.specialties = overlay.specialties
        editorial.billing = overlay.billing.map { .init($0, .code) }
        editorial.documentation = overlay.documentation.map { .init($0, .code) }
    }
    // The title is settled: templates may use it.
    entry.editorial = editorial
    for question in overlay?.questions ?? [] { append(question, .code, entry, setting, to: &editorial) }

    let reason = entry.unpricedReason
    for category in categories {
        func filled(_ template: Template?) -> Editorial.Text? {
            template?.filled(for: entry, in: setting).map { .init($0, .category) }
        }
        let route = entry.route ?? ""
        editorial.billing =
            editorial.billing ?? filled(category.billingByRoute[route]) ?? filled(category.billing)
        editorial.documentation =
            editorial.documentation ?? filled(category.documentationByRoute[route])
            ?? filled(category.documentation)
        if let reason {
            editorial.relativeValueNote = editorial.relativeValueNote ?? filled(category.notes[reason])?.text
        }
        for question in category.questions { append(question, .category, entry, setting, to: &editorial) }
        editorial.sources.append(Source(file: category.place.file, line: category.place.line ?? 1))
    }
    entry.editorial = editorial
    return entry
}

private func append(
    _ template: QuestionTemplate, _ origin: Editorial.Origin, _ entry: CodeEntry,
    _ setting: TemplateSetting, to editorial: inout Editorial
) {
    guard template.routes.isEmpty || template.routes.contains(entry.route ?? ""),
        let question = template.question.filled(for: entry, in: setting),
        let answer = template.answer.filled(for: entry, in: setting),
        !editorial.questions.contains(where: { $0.question == question })
    else { return }
    editorial.questions.append(.init(question: question, answer: answer, origin: origin))
}

extension CategoryOverlay.Scope {
    /// How to call it in a message.
    var name: String {
        switch self {
        case .section(let section): "section \(section)"
        case .range(let first, let last): "range \(first)–\(last)"
        }
    }

    /// How the emitted tables call it.
    var id: String {
        switch self {
        case .section(let section): section
        case .range(let first, let last): "\(first)-\(last)"
        }
    }

    /// Narrow scopes sort first; a section is wider than any range.
    var width: UInt64 {
        switch self {
        case .section: .max
        case .range(let first, let last): last.bits - first.bits
        }
    }

    func contains(_ entry: CodeEntry) -> Bool {
        switch self {
        case .section(let section): entry.section?.id == section
        case .range(let first, let last):
            first <= entry.code && entry.code <= last && entry.code.series == last.series
        }
    }
}

extension CategoryOverlay {
    /// The overlay's texts as rows, in a fixed order.
    fileprivate var rows: [CategoryTextRow] {
        var rows: [CategoryTextRow] = []
        func add(_ kind: String, _ item: String, _ text: String?, routes: [String] = []) {
            guard let text else { return }
            rows.append(
                CategoryTextRow(
                    scope: scope.id, kind: kind, item: item, text: text, routes: routes,
                    source: Source(file: place.file, line: place.line ?? 1)))
        }
        add("name", "", name)
        add("billing", "", billing?.source)
        for (route, text) in billingByRoute.sorted(by: { $0.key < $1.key }) {
            add("billing", route, text.source, routes: [route])
        }
        add("documentation", "", documentation?.source)
        for (route, text) in documentationByRoute.sorted(by: { $0.key < $1.key }) {
            add("documentation", route, text.source, routes: [route])
        }
        for (reason, note) in notes.sorted(by: { $0.key < $1.key }) { add("rvu_note", reason, note.source) }
        for (index, question) in questions.enumerated() {
            add("question", "\(index + 1)", question.question.source, routes: question.routes)
            add("answer", "\(index + 1)", question.answer.source, routes: question.routes)
        }
        return rows
    }
}

extension [CodeEntry] {
    /// The position of `code` in a sorted list of codes.
    public func index(of code: Code) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].code < code { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].code == code ? low : nil
    }
}

extension Code {
    /// The letter at the end of a series such as 0001F; codes that end in a digit are of one series.
    fileprivate var series: UInt8? { (0x30...0x39).contains(self[4]) ? nil : self[4] }
}
