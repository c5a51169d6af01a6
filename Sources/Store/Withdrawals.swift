import Foundation
import JSON
public import Model

/// A published revision never changes, so that it was withdrawn is said beside it: in `withdrawn.json` of the store.
/// There is no way back: whoever read that a revision is wrong would not learn that it is right after all. What was
/// withdrawn by mistake is published again as the next revision.
extension Store {
    static let withdrawnName = "withdrawn.json"

    /// What was withdrawn, by release and revision.
    /// - Throws: when the file is there and cannot be read: a withdrawn revision must not pass for a good one.
    public func withdrawals() throws(IngestError) -> [Withdrawal] {
        let url = root.appendingPathComponent(Self.withdrawnName)
        guard kind(of: url) != nil else { return [] }
        guard let bytes = try? contents(of: url), let json = try? JSONValue(bytes),
            try schemaProblems(of: json, schema: "withdrawn.schema.json").isEmpty
        else { throw unreadable(url) }
        var withdrawals: [Withdrawal] = []
        for element in json["revisions"]?.elements ?? [] {
            guard let revision = element["revision"]?.string.flatMap({ RevisionName($0) }),
                let reason = element["reason"]?.string,
                let date = element["date"]?.string.flatMap({ CalendarDate(iso: $0) })
            else { throw unreadable(url) }
            withdrawals.append(
                Withdrawal(
                    revision: revision, reason: reason, use: element["use"]?.string.flatMap { RevisionName($0) },
                    date: date))
        }
        return withdrawals
    }

    private func unreadable(_ url: URL) -> IngestError {
        IngestError(
            .badData, "withdrawn_unreadable", at: Place(url.path),
            "this does not say which revisions were withdrawn: it does not fit withdrawn.schema.json",
            hint: "Restore it from a copy. Without it, what was withdrawn would pass for good.")
    }

    /// Marks a revision as withdrawn and moves `latest.json` away from it.
    /// - Returns: whether it was not marked so before.
    /// - Throws: when the store has no such revision, it was withdrawn with other words, or what is to be used in its
    ///   place is not there or withdrawn itself.
    public func withdraw(_ withdrawal: Withdrawal) throws(IngestError) -> Bool {
        _ = try revision(withdrawal.revision.description)
        let lock = try lock()
        defer { _ = lock }
        var all = try withdrawals()
        if let before = all.first(where: { $0.revision == withdrawal.revision }) {
            guard before != withdrawal else { return false }
            throw IngestError(
                .usage, "withdrawn_already", at: Place(root.appendingPathComponent(Self.withdrawnName).path),
                "\(withdrawal.revision) was withdrawn on \(before.date): \(before.reason)",
                hint: "A withdrawal stays as it was said. Publish a new revision to say more.")
        }
        if let use = withdrawal.use {
            _ = try revision(use.description)
            guard use != withdrawal.revision, !all.contains(where: { $0.revision == use }) else {
                throw IngestError(
                    .usage, "withdrawn_use", "\(use) is withdrawn itself and cannot take the place of another",
                    hint: "Name a revision that stands, or leave out --use.")
            }
        }
        all.append(withdrawal)
        all.sort { ($0.revision.label, $0.revision.number) < ($1.revision.label, $1.revision.number) }
        var json = JSONWriter(indented: true)
        json.object { json in
            json.array("revisions") { json in
                for withdrawal in all {
                    json.object { json in
                        json.field("revision", withdrawal.revision.description)
                        json.field("reason", withdrawal.reason)
                        json.field("use", withdrawal.use?.description)
                        json.field("date", withdrawal.date.description)
                    }
                }
            }
        }
        try replaceFile(root.appendingPathComponent(Self.withdrawnName), with: json.bytes + [UInt8(ascii: "\n")])
        try writeLatest()
        return true
    }

    /// The numbers of a release's revisions that stand, in no order.
    func standingNumbers(of label: String) throws(IngestError) -> [Int] {
        let withdrawn = Set(try withdrawals().map(\.revision))
        return try numbers(of: label).filter { !withdrawn.contains(RevisionName(label: label, number: $0)) }
    }

    /// A release's revisions that were not withdrawn, oldest first.
    /// - Throws: when the release is there and cannot be read.
    public func standingRevisions(of label: String) throws(IngestError) -> [Revision] {
        try standingNumbers(of: label).sorted().map { revision(label, $0) }
    }
}
