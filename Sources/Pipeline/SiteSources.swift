import CSV
import DictionaryForms
import Foundation
import JSON
public import Model
import Payment
public import Schemas
public import Site
public import Store

/// A published revision with all that its site shows: its own files, and what the releases before it said.
/// - Parameters:
///   - code: the one code that is wanted; all when `nil`.
///   - baseURL: where the site will be, for canonical links.
/// - Throws: when the revision cannot be read or has no such code.
public func site(
    of revision: Revision, in store: Store, only code: String?, baseURL: String?, schemas: Schemas
) throws(IngestError) -> Site {
    let manifest = try store.manifest(of: revision)
    func file(_ path: String) throws(IngestError) -> [UInt8]? {
        guard manifest["files"]?.elements.contains(where: { $0["path"]?.string == path }) == true else { return nil }
        guard let data = try? Data(contentsOf: revision.folder.appendingPathComponent(path)) else {
            throw unreadable(path, revision)
        }
        return [UInt8](data)
    }
    let lines = try file("codes.ndjson").map { $0.split(separator: 0x0A) } ?? []
    var codes: Set<String> = []
    for line in lines { codes.insert(codeOf(line)) }
    if let code, !codes.contains(code) {
        throw IngestError(
            .badData, "code_unknown", "\(revision.name) has no code \(code)",
            hint: "Codes have five characters, zeros included (00100). `ingest search TEXT` finds codes by words.")
    }
    var meanings: [String: [String: String]] = [:]
    // A revision of an older shape does not explain its values.
    if try file("tables/\(ValueMeaning.table).csv") != nil {
        for row in try store.table(ValueMeaning.table, of: revision) {
            meanings[row["indicator"] ?? "", default: [:]][row["value"] ?? ""] = row["meaning"]
        }
    }
    let diff = try file("diff.html")
    guard let certificate = try? file("verification.json").map({ try JSONValue($0) }) else {
        throw unreadable("verification.json", revision)
    }
    let context = SiteContext(
        manifest: manifest, meanings: meanings, codes: codes, hasDiff: diff != nil, baseURL: baseURL)
    let shape = manifest["schema_version"]?.text ?? ""
    let dictionary = schemas.dictionary(
        (manifest["tier"]?.string).flatMap(Tier.init(rawValue:)) ?? .public, upTo: ShapeVersion(shape))
    return Site(
        context: context, documents: lines.filter { code == nil || codeOf($0) == code }.map(Array.init),
        history: try siteHistory(upTo: revision, in: store, only: code), certificate: certificate, diff: diff,
        dictionary: dictionaryPage(dictionary, shape: shape, home: "index.html"))
}

private func unreadable(_ path: String, _ revision: Revision) -> IngestError {
    IngestError(
        .badData, "file_unreadable", at: Place("\(revision.name)/\(path)"), "the file cannot be read",
        hint: "ingest validate \(revision.folder.relativePath)")
}

/// The code of a line, which begins with it.
private func codeOf(_ line: ArraySlice<UInt8>) -> String {
    let prefix = #"{"code":""#.utf8.count
    return String(decoding: line.dropFirst(prefix).prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
}

// MARK: History

/// The lines of history by code: the newest revision of each release that took effect before, and this one. Later
/// releases are left out, so that a revision's site stays the same.
private func siteHistory(
    upTo head: Revision, in store: Store, only code: String?
) throws(IngestError) -> [String: [HistoryLine]] {
    let last = try store.effectiveFrom(of: head)?.description ?? ""
    var revisions: [(from: String, revision: Revision)] = [(last, head)]
    for newest in try store.newestRevisions() where newest.label != head.label {
        let from = try store.effectiveFrom(of: newest)?.description ?? ""
        if from < last { revisions.append((from, newest)) }
    }
    revisions.sort { ($0.from, $0.revision.label) < ($1.from, $1.revision.label) }

    var history: [String: [HistoryLine]] = [:]
    var digests: [String: String] = [:]
    for (place, (from, revision)) in revisions.enumerated() {
        let release = try SiteRelease(revision, from: from, in: store, only: code)
        // A code that a release does not have is told from the release on that had it first.
        for known in history.keys where release.lines[known] == nil {
            history[known]?.append(
                HistoryLine(revision: revision.name, effectiveFrom: from, absence: "not_in_release"))
        }
        for (code, line) in release.lines {
            let isReworded = release.digests[code].flatMap { now in digests[code].map { $0 != now } }
            history[code, default: []].append(line.reworded(place == 0 ? nil : isReworded))
        }
        digests.merge(release.digests) { _, now in now }
    }
    return history
}

/// A release as the history shows it: a line for each code, from its first row.
private struct SiteRelease {
    var lines: [String: HistoryLine] = [:]
    /// The digest of the first row's descriptor.
    var digests: [String: String] = [:]

    init(_ revision: Revision, from: String, in store: Store, only wanted: String?) throws(IngestError) {
        let factor = ConversionFactor(
            try store.manifest(of: revision)["conversion_factors"]?["non_qp"]?.text ?? "")
        try Self.forEachRow("relative_values", revision, only: wanted) { row in
            let code = row("code")
            // Rows are sorted by modifier, the global one first.
            guard lines[code] == nil else { return }
            func paid(_ setting: String) -> String {
                guard row("priced") == "true", row("pe_\(setting)_na") != "true", let factor,
                    let work = RVU(row("work")), let pe = RVU(row("pe_\(setting)")), let mp = RVU(row("mp"))
                else { return "" }
                return Fee.amount(work: work, pe: pe, mp: mp, .national, factor).description
            }
            lines[code] = HistoryLine(
                revision: revision.name, effectiveFrom: from, absence: nil, status: row("status"), work: row("work"),
                totalNonfacility: row("total_nonfacility"), totalFacility: row("total_facility"),
                paymentNonfacility: paid("nonfacility"), paymentFacility: paid("facility"))
        }
        try Self.forEachRow("codes", revision, only: wanted) { row in
            let code = row("code")
            guard lines[code] == nil else { return }
            lines[code] = HistoryLine(
                revision: revision.name, effectiveFrom: from, absence: row("relative_values_absence"))
        }
        // Older revisions may be without this table.
        guard FileManager.default.fileExists(atPath: Self.path("descriptor_digests", revision).path) else { return }
        try Self.forEachRow("descriptor_digests", revision, only: wanted) { row in
            let code = row("code")
            if digests[code] == nil { digests[code] = row("digest") }
        }
    }

    private static func path(_ table: String, _ revision: Revision) -> URL {
        revision.folder.appendingPathComponent("tables/\(table).csv")
    }

    /// Calls `body` with a look-up by column for each row whose first column, the code, is the wanted one.
    private static func forEachRow(
        _ table: String, _ revision: Revision, only wanted: String?, _ body: ((String) -> String) -> Void
    ) throws(IngestError) {
        let csv: CSVRows
        do { csv = try tokeniseCSV([UInt8](try Data(contentsOf: path(table, revision)))) } catch {
            throw unreadable("tables/\(table).csv", revision)
        }
        guard csv.count > 0 else { return }
        var columns: [String: Int] = [:]
        for (index, name) in csv.strings(of: 0).enumerated() { columns[name] = index }
        for row in 1..<max(csv.count, 1) {
            let first = csv.fields(of: row).lowerBound
            if let wanted, !csv[field: first].elementsEqual(wanted.utf8) { continue }
            body { column in
                columns[column].map { String(decoding: csv[field: first + $0], as: UTF8.self) } ?? ""
            }
        }
    }
}

extension HistoryLine {
    fileprivate func reworded(_ isReworded: Bool?) -> HistoryLine {
        HistoryLine(
            revision: revision, effectiveFrom: effectiveFrom, absence: absence, status: status, work: work,
            totalNonfacility: totalNonfacility, totalFacility: totalFacility, paymentNonfacility: paymentNonfacility,
            paymentFacility: paymentFacility, isReworded: isReworded)
    }
}
