import CSV
import FeeSchedule
import Foundation
import JSON
import Model
import Overlay
import Store
import TestSupport

/// A revision written to a folder of its own.
struct Written {
    let folder: TemporaryFolder
    let contentHash: String

    init(
        _ release: ReleaseFiles = ReleaseFiles(), overlays: [String] = [], tier: Tier = .public, payments: Bool = false
    ) throws {
        let files = zip("abcdefgh", overlays).map { OverlayFile(path: "\($0).yaml", text: $1) }
        let canonical = try overlay(try release.canonical(), files: files, tier: tier, schemas: schemas)
        folder = try TemporaryFolder()
        var dataset = try release.dataset(canonical, tier: tier)
        dataset.wantsPayments = payments
        contentHash = try write(dataset, to: folder.url)
    }

    func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder[path])) }

    /// The rows of a table by column name.
    func table(_ name: String) throws -> [[String: String]] {
        let rows = try tokeniseCSV(try bytes("tables/\(name).csv"))
        let header = rows.strings(of: 0)
        return (1..<rows.count).map { Dictionary(zip(header, rows.strings(of: $0))) { first, _ in first } }
    }

    func documents() throws -> [JSONValue] {
        try bytes("codes.ndjson").split(separator: 0x0A).map { try JSONValue(Array($0)) }
    }

    func document(_ code: String) throws -> JSONValue? { try documents().first { $0["code"]?.string == code } }

    /// What an app finds in it.
    func search(_ text: String, limit: Int) throws -> [SearchHit] {
        try FeeSchedule.Dataset(folder: folder.url).search(text, limit: limit)
    }

    func manifest() throws -> JSONValue { try JSONValue(try bytes("manifest.json")) }
}

/// A text with everything that CSV and JSON have to mark.
let awkward = "A \"quoted\" text, with a comma,\na line break, a \\ and a tab\tand é ’ 𝛼"

/// An overlay whose summary is ``awkward``.
let awkwardOverlay = """
    code: G0001
    title: "A \\"title\\", with a comma"
    summary: "A \\"quoted\\" text, with a comma,\\na line break, a \\\\ and a tab\\tand é ’ 𝛼"
    synonyms: [check-up, Prüfung]
    plain_language: [Someone looks at the kidney stones of an imaginary person.]
    specialties: [Testing]
    questions:
      - {question: Why?, answer: Because.}
    """
