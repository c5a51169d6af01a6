import Acquire
import Digest
import Foundation
public import Model
import Overlay
import Store

/// A pin that was moved, or that needed no move.
public struct AcceptedReview: Sendable {
    public let code: String
    /// The release that was pinned before; `nil` where none was.
    public let from: String?
    public let to: String
    /// How the texts stood before.
    public let state: Editorial.ReviewState
    /// From the descriptor of the old pin to the new one's; `nil` where it did not change or cannot be shown.
    public let words: WordDifference?
    public let wordsAbsence: Editorial.WordsAbsence?
    /// The overlay file as it can be opened, and the line of the code.
    public let file: String
    public let line: Int
    /// Whether the file was changed.
    public let isMoved: Bool
}

extension ReviewedDesk {
    /// The codes whose texts fit and are pinned to an earlier release.
    public var currentCodes: [String] {
        canonical.codes.filter { entry in
            entry.editorial?.review.map { $0.state == .current && $0.release != canonical.release.label } ?? false
        }.map(\.code.description)
    }

    /// Moves the pins of some codes' overlays to this release and its descriptors. The files are written when all of
    /// it succeeded, each in one step.
    /// - Throws: usage for a code without an overlay or one that has ended; bad data where a pin cannot be edited.
    public func accept(_ codes: [String]) throws(IngestError) -> [AcceptedReview] {
        var problems = Diagnostics()
        var accepted: [AcceptedReview] = []
        var edited: [String: String] = [:]
        for code in unique(codes.map { $0.uppercased() }) {
            do throws(IngestError) {
                accepted.append(try accept(code, &edited))
            } catch {
                problems.add(error.diagnostics)
            }
        }
        try problems.stopOnErrors(.usage)
        var writes: [(url: URL, bytes: [UInt8])] = []
        for (name, text) in edited.sorted(by: { $0.key < $1.key }) {
            let url = URL(fileURLWithPath: path(name)).resolvingSymlinksInPath()
            writes.append((url, try bytes(of: text, at: url, name: name)))
        }
        for write in writes { try replaceFile(write.url, with: write.bytes) }
        return accepted
    }

    private func accept(_ code: String, _ edited: inout [String: String]) throws(IngestError) -> AcceptedReview {
        let release = canonical.release.label
        if let lost = canonical.lostOverlays.first(where: { $0.code.description == code }) {
            throw IngestError(
                .usage, "overlay_code_ended", at: Place(path(lost.place.file), line: lost.place.line),
                "\(code) is no code of \(release) any more, so there is nothing to accept",
                hint: "Take the overlay away\(lost.last.map { "; it was last in \($0)" } ?? "").")
        }
        guard let entry = entry(code) else {
            throw IngestError(
                .usage, "code_unknown", "'\(code)' is no code of \(release)", hint: nearHint(code))
        }
        guard let review = entry.editorial?.review, let source = entry.editorial?.sources.first else {
            throw IngestError(
                .usage, "overlay_missing", "\(code) has no overlay in \(overlays)",
                hint: "Write one: ingest overlay new \(code)")
        }
        if review.state == .orphaned {
            let instead =
                review.useInstead.isEmpty ? "" : "; CMS says to use \(review.useInstead.joined(separator: ", "))"
            throw IngestError(
                .usage, "overlay_code_ended", at: Place(path(source.file), line: source.line),
                "\(code) ended on \(entry.hcpcs?.terminated?.description ?? "an earlier day"), so there is nothing to accept",
                hint: "Take the overlay away, or move its texts to the code that replaces it\(instead).")
        }
        let descriptor = entry.descriptor.map { "sha256:" + Digest.hex($0) }
        let isMoved = review.release != release || review.descriptor != descriptor
        if isMoved {
            guard let file = desk.overlays.first(where: { $0.path == source.file }) else {
                throw IngestError(.badData, "overlay_missing", at: Place(source.file), "the file is gone")
            }
            edited[file.path] = try movePin(
                of: code, in: OverlayFile(path: file.path, text: edited[file.path] ?? file.text), to: release,
                descriptor: descriptor)
        }
        return AcceptedReview(
            code: code, from: review.release, to: release, state: review.state, words: review.words,
            wordsAbsence: review.wordsAbsence, file: path(source.file), line: source.line, isMoved: isMoved)
    }

    /// The bytes of an edited file; its byte order mark stays, and a file that somebody has saved meanwhile is not
    /// written over.
    private func bytes(of text: String, at url: URL, name: String) throws(IngestError) -> [UInt8] {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        guard let data = try? Data(contentsOf: url) else {
            throw IngestError(.unavailable, "overlay_unreadable", at: Place(url.path), "the file cannot be read")
        }
        let isMarked = data.starts(with: mark)
        guard let before = desk.overlays.first(where: { $0.path == name }),
            data.dropFirst(isMarked ? 3 : 0).elementsEqual(before.text.utf8)
        else {
            throw IngestError(
                .unavailable, "overlay_changed", at: Place(path(name)), "the file was saved while it was looked at",
                hint: "Run the command again.")
        }
        return (isMarked ? mark : []) + Array(text.utf8)
    }
}

private func unique(_ codes: [String]) -> [String] {
    var seen: Set<String> = []
    return codes.filter { seen.insert($0).inserted }
}

extension ReviewedDesk {
    /// Codes that differ by one character or by two that changed places.
    func nearHint(_ code: String) -> String {
        let wanted = Array(code.utf8)
        let near = canonical.codes.map(\.code.description).filter { name in
            let other = Array(name.utf8)
            guard other.count == wanted.count else { return false }
            let places = other.indices.filter { other[$0] != wanted[$0] }
            return places.count == 1
                || places.count == 2 && places[1] == places[0] + 1 && other[places[0]] == wanted[places[1]]
                    && other[places[1]] == wanted[places[0]]
        }
        guard !near.isEmpty else { return "Codes have five characters, zeros included (00100)." }
        return "Near it are \(near.prefix(8).joined(separator: ", "))\(near.count > 8 ? " …" : "")."
    }
}
