import Digest
import Model
import Overlay
import TestSupport
import Testing

/// A store that is written down here: what RVU18D said of a code.
private struct Earlier: EarlierReleases {
    var texts: [String: (long: String, short: String, added: CalendarDate?)] = [:]
    var lastReleases: [String: String] = [:]
    var consulted: [String] { [] }

    func text(of code: Code, in label: String, pin: String) -> EarlierText {
        guard label == "RVU18D" else { return .absent(.releaseNotInStore) }
        guard let row = texts[code.description] else { return .absent(.textNotInStore) }
        for (text, isLong) in [(row.long, true), (row.short, false)] where pin == digest(text) {
            return .found(text, isLong: isLong, added: row.added)
        }
        return .absent(.textNotInStore)
    }
    func knows(_ code: Code, in label: String) -> Bool? {
        label == "RVU18D" && !texts.isEmpty ? texts[code.description] != nil : nil
    }
    func last(with code: Code) -> String? { lastReleases[code.description] }
}

private func digest(_ text: String) -> String { "sha256:" + Digest.hex(text) }

@Suite("How texts stand to the descriptor they were reviewed against")
struct ReviewTests {
    private static let present = "Made-up examination of an imaginary organ"

    private func review(
        _ code: String = "G0001", pin: String, release: String = "RVU18D", earlier: Earlier = Earlier(),
        tier: Tier = .public, isStrict: Bool = false, files: ReleaseFiles = ReleaseFiles()
    ) throws -> Editorial? {
        let text =
            "code: \(code)\nsummary: Ours.\nbilling: Ours.\nreview: {release: \(release), descriptor: \(pin)}\n---\n"
            + "section: G\nbilling: Of the category.\n"
        return try overlay(
            try files.canonical(), files: [OverlayFile(path: "a.yaml", text: text)], tier: tier, isStrict: isStrict,
            earlier: earlier, schemas: schemas
        ).editorial(code)
    }

    private func earlier(_ long: String, short: String = "", added: CalendarDate? = nil) -> Earlier {
        Earlier(texts: ["G0001": (long, short, added)])
    }

    @Test("The words that changed are named when the pinned release has the pinned text")
    func words() throws {
        let old = "Made-up examination of an invented organ"
        let found = try #require(try review(pin: digest(old), earlier: earlier(old))?.review)
        #expect(found.state == .stale)
        #expect(found.words?.marked == "Made-up examination of an [-invented-] {+imaginary+} organ")
        #expect(found.wordsAbsence == nil)
    }

    @Test("Where no words can be named it is said why")
    func noWords() throws {
        let pin = digest("Other words")
        #expect(try review(pin: pin, release: "RVU17A")?.review?.wordsAbsence == .releaseNotInStore)
        #expect(try review(pin: pin, earlier: earlier("Yet others"))?.review?.wordsAbsence == .textNotInStore)
        let cpt = Earlier(texts: ["99213": ("", "Withheld words", nil)])
        let found = try review("99213", pin: digest("Withheld words"), earlier: cpt)?.review
        #expect(found?.state == .stale && found?.words == nil && found?.wordsAbsence == .notPublic)
    }

    @Test("A text that shares no beginning of a word is suspected of reuse")
    func reuse() throws {
        let found = try review(pin: digest("Xylophone quartz"), earlier: earlier("Xylophone quartz"))?.review
        #expect(found?.state == .reusedSuspect)
    }

    @Test("A code that was added anew and reworded is suspected of reuse, one that was only reworded is not")
    func addedAnew() throws {
        let added = try #require(try ReleaseFiles().canonical().entry("G0001")?.hcpcs?.added)
        let old = Self.present + " again"
        #expect(try review(pin: digest(old), earlier: earlier(old, added: added))?.review?.state == .stale)
        let other = try #require(CalendarDate(iso: "1999-01-01"))
        #expect(try review(pin: digest(old), earlier: earlier(old, added: other))?.review?.state == .reusedSuspect)
    }

    @Test("A pin to the short descriptor stays good when the HCPCS file only brings the long one")
    func longDescriptorComes() throws {
        let short = try #require(try ReleaseFiles().canonical().entry("G0001")?.shortDescriptor)
        #expect(try review(pin: digest(short), earlier: earlier("", short: short))?.review?.state == .current)
        // Without the store it cannot be told from a long one that CMS has changed.
        #expect(try review(pin: digest(short))?.review?.state == .stale)
    }

    @Test("Without its HCPCS file a Level II code's pin has nothing to be compared with")
    func noHCPCS() throws {
        var files = ReleaseFiles()
        files.remove(.hcpcs)
        #expect(try review(pin: digest(Self.present), files: files)?.review?.state == .unreviewed)
        let old = earlier(Self.present)
        #expect(try review(pin: digest(Self.present), earlier: old, files: files)?.review?.state == .unreviewed)
        let short = earlier("", short: "Old short words")
        #expect(try review(pin: digest("Old short words"), earlier: short, files: files)?.review?.state != .unreviewed)
    }

    @Test("Strict leaves out what does not fit and keeps the state; what fits stays")
    func strict() throws {
        let stale = try #require(try review(pin: digest("Other words"), isStrict: true))
        #expect(stale.review?.state == .stale && stale.summary == nil)
        #expect(stale.billing == .init("Of the category.", .category))
        #expect(try review(pin: digest("Other words"))?.billing == .init("Ours.", .code))
        #expect(try review(pin: digest(Self.present), isStrict: true)?.summary == "Ours.")
    }

    @Test("A code that is gone is a warning when it was there, and an error when it never was")
    func gone() throws {
        func merged(_ review: String, _ earlier: Earlier = Earlier()) throws(IngestError) -> Canonical {
            try overlay(
                try ReleaseFiles().canonical(),
                files: [OverlayFile(path: "a.yaml", text: "code: G9999\ntitle: Gone\n\(review)")], tier: .public,
                earlier: earlier, schemas: schemas)
        }
        let pin = "review: {release: RVU18D, descriptor: \(digest("x"))}\n"
        let lost = try merged(pin).lostOverlays
        #expect(lost.map(\.code.description) == ["G9999"] && lost.first?.last == nil)
        let seen = try merged("", Earlier(lastReleases: ["G9999": "RVU18C"]))
        #expect(seen.lostOverlays.first?.last == "RVU18C")
        #expect(seen.findings.of("overlay_code_ended").first?.message.contains("RVU18C") == true)
        // RVU18D is known and never had it: the pin was copied along.
        #expect(refusal { try merged(pin, earlier("x")) }?.ids == ["overlay_code_unknown"])
        #expect(refusal { try merged("") }?.ids == ["overlay_code_unknown"])
        let later = "review: {release: RVU19B, descriptor: \(digest("x"))}\n"
        #expect(refusal { try merged(later) }?.ids == ["overlay_code_unknown"])
    }
}
