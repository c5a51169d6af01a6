import Digest
import Model
import Schemas

/// Compares what overlays were reviewed against with what a release says.
struct Reviewer<Earlier: EarlierReleases> {
    let release: Release
    let tier: Tier
    /// Without it the long descriptors are missing that Level II pins are made of.
    let hasHCPCS: Bool
    let catalogue: ReleaseCatalogue
    var earlier: Earlier

    /// How the texts of `overlay` stand to `entry`.
    mutating func review(_ entry: CodeEntry, _ overlay: CodeOverlay) -> Editorial.Review {
        let pin = overlay.reviewDescriptor
        var review = Editorial.Review(state: .unreviewed, release: overlay.reviewRelease, descriptor: pin)
        review.place = overlay.reviewPlace
        if let ended = entry.hcpcs?.terminated, ended < release.effectiveFrom {
            review.state = .orphaned
            review.useInstead = entry.hcpcs?.crossReferences ?? []
            return review
        }
        guard let pin, let now = entry.descriptor else {
            // No descriptor then and none now: the release itself is all there is to compare.
            if pin == nil, entry.descriptor == nil, overlay.reviewRelease == release.label { review.state = .current }
            return review
        }
        if digest(now) == pin {
            review.state = .current
            return review
        }
        reworded(entry, pin: pin, &review)
        return review
    }

    private mutating func reworded(_ entry: CodeEntry, pin: String, _ review: inout Editorial.Review) {
        let added = entry.hcpcs?.added
        var isAddedAnew = false
        if let added, let label = review.release, let pinned = try? catalogue.entry(label).release {
            isAddedAnew = added > pinned.effectiveFrom
        }
        let text =
            review.release.map { earlier.text(of: entry.code, in: $0, pin: pin) } ?? .absent(.releaseNotInStore)
        guard case .found(let old, let isLong, let addedThen) = text else {
            // The pin is most likely of the long descriptor, which this release cannot show.
            if !hasHCPCS, entry.system == .hcpcs { return }
            review.state = isAddedAnew ? .reusedSuspect : .stale
            if case .absent(let why) = text { review.wordsAbsence = tier.shows(entry.system) ? why : .notPublic }
            return
        }
        if isLong, !hasHCPCS, entry.system == .hcpcs { return }
        if !isLong, old == entry.shortDescriptor {
            // The same short descriptor; the HCPCS file has only brought the long one.
            review.state = .current
            return
        }
        let new = isLong || entry.shortDescriptor.isEmpty ? entry.descriptor ?? "" : entry.shortDescriptor
        let words = WordDifference(old, new)
        if let addedThen { isAddedAnew = added != nil && added != addedThen }
        review.state = Rewording(words, isAddedAnew: isAddedAnew) == .reuseSuspected ? .reusedSuspect : .stale
        if tier.shows(entry.system) { review.words = words } else { review.wordsAbsence = .notPublic }
    }

    /// Why a code that the release does not have may have an overlay all the same: it had one before.
    mutating func lost(_ code: Code, _ overlay: CodeOverlay) -> LostOverlay? {
        guard code.count == 5 else { return nil }
        let last = earlier.last(with: code)
        var isPinnedBefore = false
        if overlay.reviewDescriptor != nil, let label = overlay.reviewRelease,
            let pinned = try? catalogue.entry(label).release, pinned.effectiveFrom < release.effectiveFrom
        {
            // A pin that was copied along with another code's file proves nothing.
            isPinnedBefore = earlier.knows(code, in: label) ?? true
        }
        guard isPinnedBefore || last != nil else { return nil }
        return LostOverlay(code: code, release: overlay.reviewRelease, last: last, place: overlay.code.place)
    }

    private func digest(_ text: String) -> String { "sha256:" + Digest.hex(text) }
}

/// What to say of a review to the people who run the release.
func diagnostic(_ review: Editorial.Review, _ entry: CodeEntry, _ overlay: CodeOverlay, isStrict: Bool) -> Diagnostic? {
    let then = review.release ?? "an earlier release"
    let words = review.words.map { ": \($0.marked)" } ?? ""
    let pin = entry.descriptor.map { " (the pin becomes sha256:\(Digest.hex($0)))" } ?? ""
    switch review.state {
    case .current, .unreviewed: return nil
    case .orphaned:
        let instead =
            review.useInstead.isEmpty ? "" : "; CMS says to use \(review.useInstead.joined(separator: ", ")) instead"
        return Diagnostic(
            .warning, "overlay_code_ended", at: overlay.code.place,
            "\(entry.code) ended on \(entry.hcpcs?.terminated?.description ?? "an earlier day")\(instead); its texts are "
                + (isStrict ? "left out" : "published as orphaned"))
    case .stale:
        return Diagnostic(
            .warning, "overlay_stale", at: overlay.reviewPlace,
            "CMS has reworded \(entry.code) since its texts were reviewed against \(then)\(words)",
            hint: "Read the new descriptor and the texts, then run: ingest overlay accept \(entry.code)\(pin).")
    case .reusedSuspect:
        return Diagnostic(
            .warning, "overlay_reuse_suspected", at: overlay.reviewPlace,
            "\(entry.code) may mean something else than when its texts were reviewed against \(then)\(words)",
            hint: "Read the new descriptor and write the texts anew where they are wrong, then run: "
                + "ingest overlay accept \(entry.code)\(pin).")
    }
}

/// What to say of an overlay whose code is gone.
func diagnostic(_ lost: LostOverlay, release: Release) -> Diagnostic {
    let last = lost.last.map { "; it was last in \($0)" } ?? ""
    return Diagnostic(
        .warning, "overlay_code_ended", at: lost.place,
        "\(lost.code) is no code of \(release.label) any more\(last); its texts are left out",
        hint: "Take the overlay away, or keep it while older releases are published.")
}
