import Foundation
public import Model
import Payment
public import Schemas
public import Store

/// What editors should do about a release, the most important first.
public struct Worklist: Sendable {
    /// Why something is on the list; in the order of the list.
    public enum Task: String, Sendable, CaseIterable {
        case reusedSuspect = "reused_suspect"
        case orphaned, stale, unreviewed
        /// The code has no text of its own yet.
        case noText = "no_text"
    }

    public struct Entry: Sendable {
        public let code: String
        /// The name to show; `nil` for a CPT or CDT code without an editors' title.
        public let title: String?
        public let task: Task
        public let why: String
        /// The release the texts were reviewed against.
        public let against: String?
        public let words: WordDifference?
        public let wordsAbsence: Editorial.WordsAbsence?
        /// CMS's cross-references with their titles.
        public let useInstead: [(code: String, title: String?)]
        /// What Medicare pays nationally for one; `nil` where the fee schedule has no price.
        public let payment: Money?
        /// Where to edit, as it can be opened; `nil` where there is no file yet.
        public let place: Place?
        /// What comes after the edit: a subcommand of `ingest overlay` with the code; `nil` where nothing does.
        public let next: String?
    }

    public struct Section: Sendable {
        public let task: Task
        /// All of them, in their order.
        public let entries: [Entry]
    }

    public let release: String
    /// The revision that tells which codes are new; `nil` when the store has no earlier release.
    public let base: String?
    /// How many overlays need nothing.
    public let current: Int
    /// One for each task, empty ones included.
    public let sections: [Section]
    /// Codes without a text by section of codes, the largest first.
    public let withoutText: [(section: Label, count: Int)]
}

/// Lists what is to be done.
/// - Throws: when the store's release before this one cannot be read.
public func worklist(_ desk: ReviewedDesk, store: Store, schemas: Schemas) throws(IngestError) -> Worklist {
    let canonical = desk.canonical
    let base = try baseRevision(
        ofLabel: canonical.release.label, number: 0, effectiveFrom: canonical.release.effectiveFrom, in: store)
    var before: Set<String>?
    if let base { before = Set(try store.table("codes", of: base).compactMap { $0["code"] }) }
    let lister = Lister(desk: desk, before: before, base: base?.label)

    var entries: [Worklist.Task: [Lister.Ranked]] = [:]
    var withoutText: [String: (Label, Int)] = [:]
    for entry in canonical.codes {
        guard let ranked = lister.entry(entry) else { continue }
        entries[ranked.entry.task, default: []].append(ranked)
        if ranked.entry.task == .noText {
            let section = entry.section ?? Label(id: "", name: "no section")
            withoutText[section.id, default: (section, 0)].1 += 1
        }
    }
    for lost in canonical.lostOverlays { entries[.orphaned, default: []].append(lister.entry(lost)) }
    return Worklist(
        release: canonical.release.label, base: base?.name,
        current: canonical.codes.count { $0.editorial?.review?.state == .current },
        sections: Worklist.Task.allCases.map { task in
            Worklist.Section(
                task: task, entries: (entries[task] ?? []).sorted { $0.precedes($1) }.map(\.entry))
        },
        withoutText: withoutText.values.map { (section: $0.0, count: $0.1) }.sorted {
            ($1.count, $0.section.id) < ($0.count, $1.section.id)
        })
}

/// Makes the entries and says how important each is.
private struct Lister {
    let desk: ReviewedDesk
    /// The codes of the release before; `nil` without one.
    let before: Set<String>?
    let base: String?

    struct Ranked {
        let entry: Worklist.Entry
        /// Small comes first.
        let rank: [Int64]

        func precedes(_ other: Ranked) -> Bool {
            rank == other.rank ? entry.code < other.entry.code : rank.lexicographicallyPrecedes(other.rank)
        }
    }

    func entry(_ entry: CodeEntry) -> Ranked? {
        guard let review = entry.editorial?.review else { return withoutText(entry) }
        let then = review.release ?? "nothing"
        let payment = payment(entry)
        let unpriced: Int64 = payment == nil ? 1 : 0
        let amount = -(payment?.units ?? 0)
        switch review.state {
        case .current: return nil
        case .reusedSuspect:
            let sign =
                review.words?.sharesContent == false
                ? "no word begins as before"
                : "CMS has added it anew\(entry.hcpcs?.added.map { " on \($0)" } ?? "")"
            return ranked(
                entry, .reusedSuspect, "reworded since \(then), and \(sign): it may mean something else now", [],
                next: "accept")
        case .orphaned:
            return ranked(
                entry, .orphaned, "CMS ended it on \(entry.hcpcs?.terminated?.description ?? "an earlier day")", [])
        case .stale:
            let isCosmetic = review.words?.hasSameWords == true
            return ranked(
                entry, .stale,
                isCosmetic ? "other capitals or punctuation since \(then)" : "reworded since \(then)",
                [isCosmetic ? 1 : 0, unpriced, Int64(review.words?.similarity ?? 0), amount], next: "accept")
        case .unreviewed:
            let why =
                review.descriptor != nil
                ? "pinned to \(then), and this release has nothing to compare with"
                : review.release != nil ? "\(then) is pinned without a descriptor" : "it has no pin"
            return ranked(entry, .unreviewed, why, [unpriced, amount], next: "accept")
        }
    }

    func entry(_ lost: LostOverlay) -> Ranked {
        let last = lost.last.map { "; \($0) had it last" } ?? ""
        return Ranked(
            entry: Worklist.Entry(
                code: lost.code.description, title: nil, task: .orphaned,
                why: "\(desk.canonical.release.label) does not have it any more\(last)", against: lost.release,
                words: nil, wordsAbsence: nil, useInstead: [], payment: nil,
                place: Place(desk.path(lost.place.file), line: lost.place.line), next: nil), rank: [])
    }

    /// New codes first, then what Medicare pays most for, then what it pays elsewhere; codes that have ended or that
    /// Medicare does not accept want no text.
    private func withoutText(_ entry: CodeEntry) -> Ranked? {
        if let ended = entry.hcpcs?.terminated, ended < desk.canonical.release.effectiveFrom { return nil }
        let reason = entry.relativeValues.first?.unpricedReason
        if reason == "not_valid_for_medicare" || reason == "deleted" { return nil }
        let isNew = before.map { !$0.contains(entry.code.description) } ?? false
        let payment = payment(entry)
        let price = entry.drug?.price
        let isDrug = entry.route != nil || price != nil
        let why =
            [
                isNew ? "new since \(base ?? "the release before")" : nil,
                payment.map { "pays $\($0) nationally" } ?? price.map { "a drug, \($0)" }
                    ?? (isDrug ? "a drug (\(entry.route ?? ""))" : nil),
            ].compactMap(\.self).joined(separator: ", ")
        let kind: Int64 = payment != nil ? 0 : price != nil ? 1 : isDrug ? 2 : 3
        return ranked(
            entry, .noText, why.isEmpty ? "no text yet" : why, [isNew ? 0 : 1, kind, -(payment?.units ?? 0)],
            next: "new")
    }

    private func ranked(
        _ entry: CodeEntry, _ task: Worklist.Task, _ why: String, _ rank: [Int64], next: String? = nil
    ) -> Ranked {
        let review = entry.editorial?.review
        let source = entry.editorial?.sources.first
        let place: Place? = review.map { review in
            Place(
                desk.path(review.place?.file ?? source?.file ?? ""),
                line: task == .orphaned ? source?.line : review.place?.line ?? source?.line)
        }
        return Ranked(
            entry: Worklist.Entry(
                code: entry.code.description, title: entry.title(in: .public), task: task, why: why,
                against: review?.release, words: review?.words, wordsAbsence: review?.wordsAbsence,
                useInstead: (review?.useInstead ?? []).map { code in
                    (code: code, title: desk.entry(code)?.title(in: .public))
                },
                payment: payment(entry), place: place, next: next.map { "\($0) \(entry.code)" }),
            rank: rank)
    }

    /// What Medicare pays for one, the larger of both settings, before localities.
    private func payment(_ entry: CodeEntry) -> Money? {
        guard let row = entry.relativeValues.first, row.isPriced else { return nil }
        return max(desk.nationalPayment(row, .nonfacility), desk.nationalPayment(row, .facility))
    }
}
