public import Model

/// A code whose descriptor is not what it was.
public struct DescriptorChange: Sendable {
    public typealias Kind = Rewording

    public let code: String
    public let kind: Kind
    /// How many PPRRVU rows show it.
    public let rows: Int
    /// Both texts; `nil` where the tier does not show them.
    let words: WordDifference?
    public let from: String?
    public let to: String?
}

extension Difference {
    /// Brings together, by code, what changed in PPRRVU's and in HCPCS's descriptors.
    func descriptorChanges() -> [DescriptorChange] {
        guard let base else { return [] }
        var descriptors: [DescriptorChange] = []
        struct Found {
            var rows = 0
            var hasNewWords = false
        }
        var found: [String: Found] = [:]
        func each(_ category: String, _ body: (inout Found) -> Void) {
            for change in changes(category) where !isAbsence(change) {
                body(&found[code(of: change), default: Found()])
            }
        }
        each("descriptor_changed") { $0.rows += 1 }
        each("descriptor_words_changed") { $0.hasNewWords = true }
        each("short_descriptor_changed") { _ in }
        each("long_descriptor_changed") { _ in }
        let (oldCodes, newCodes) = (base["codes"], head["codes"])
        for (code, what) in found.sorted(by: { $0.key < $1.key }) {
            guard let old = oldCodes.row(ofCode: code), let new = newCodes.row(ofCode: code) else { continue }
            func pair(_ column: String) -> (String, String)? {
                let before = oldCodes.text(old, column)
                let after = newCodes.text(new, column)
                return before.isEmpty || after.isEmpty || before == after ? nil : (before, after)
            }
            guard let (before, after) = pair("long_descriptor") ?? pair("short_descriptor") else {
                // Level II's own list may say the same as before where PPRRVU's column was reworded.
                descriptors.append(
                    DescriptorChange(
                        code: code, kind: what.hasNewWords ? .reworded : .cosmetic, rows: what.rows, words: nil,
                        from: nil, to: nil))
                continue
            }
            let words = WordDifference(before, after)
            let added = (before: oldCodes.text(old, "added"), after: newCodes.text(new, "added"))
            let isAddedAnew = !added.before.isEmpty && !added.after.isEmpty && added.before != added.after
            descriptors.append(
                DescriptorChange(
                    code: code, kind: Rewording(words, isAddedAnew: isAddedAnew), rows: what.rows, words: words,
                    from: before, to: after))
        }
        let order: [DescriptorChange.Kind] = [.reuseSuspected, .reworded, .cosmetic]
        descriptors.sort { left, right in
            let ranks = (order.firstIndex(of: left.kind) ?? 0, order.firstIndex(of: right.kind) ?? 0)
            if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
            let similar = (left.words?.similarity ?? 101, right.words?.similarity ?? 101)
            return similar.0 != similar.1 ? similar.0 < similar.1 : left.code < right.code
        }
        return descriptors
    }
}

/// An overlay that wants a person.
public struct EditorialTask: Sendable {
    public let code: String
    /// `reused_suspect`, `orphaned`, `stale` or `unreviewed`.
    public let state: String
    /// The release against which the texts were reviewed; empty when none.
    public let reviewed: String
    /// The overlay file and line.
    public let file: String
    public let line: Int

    /// The states that want a person, the most pressing first.
    static let states = ["reused_suspect", "orphaned", "stale", "unreviewed"]
}

extension Difference {
    /// Lists the overlays of HEAD whose texts are not known to fit, those that cannot be right first.
    mutating func listEditorialWork() {
        let table = head["editorial"]
        let order = EditorialTask.states
        for row in 0..<table.count {
            let state = table.text(row, "review_state")
            guard order.contains(state) else { continue }
            let code = table.text(row, "code")
            let place = head.overlayPlaces[code]
            editorialWork.append(
                EditorialTask(
                    code: code, state: state, reviewed: table.text(row, "review_release"), file: place?.file ?? "",
                    line: place?.line ?? 1))
        }
        editorialWork.sort {
            (order.firstIndex(of: $0.state) ?? 0, $0.code) < (order.firstIndex(of: $1.state) ?? 0, $1.code)
        }
    }
}
