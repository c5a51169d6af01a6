import CSV
import Digest
import Foundation
import Model
import Store

/// What a store's published revisions say of codes. Each table is read once, when it is first asked for.
struct PublishedReleases: EarlierReleases {
    private let store: Store
    private let release: Release
    private var tables: [String: [String: Row]] = [:]
    private var found: Set<String> = []
    /// The newest revisions of the releases before this one, the latest first.
    private var before: [Revision]?
    private(set) var problem: IngestError?

    private struct Row {
        let short, long: String
        let added: CalendarDate?
    }

    init(_ store: Store, before release: Release) {
        self.store = store
        self.release = release
    }

    var consulted: [String] { found.sorted() }

    /// Looks for the pinned text in every revision of its release, the newest first: CMS may have corrected the code
    /// within the release, and a later run must find what an earlier one found.
    mutating func text(of code: Code, in label: String, pin: String) -> EarlierText {
        let revisions = revisions(of: label)
        if revisions.isEmpty { return .absent(.releaseNotInStore) }
        for revision in revisions.reversed() {
            guard let row = rows(of: revision)[code.description] else { continue }
            for (text, isLong) in [(row.long, true), (row.short, false)]
            where !text.isEmpty && "sha256:" + Digest.hex(text) == pin {
                found.insert(revision.name)
                return .found(text, isLong: isLong, added: row.added)
            }
        }
        return .absent(.textNotInStore)
    }

    mutating func knows(_ code: Code, in label: String) -> Bool? {
        let revisions = revisions(of: label)
        return revisions.isEmpty ? nil : revisions.contains { rows(of: $0)[code.description] != nil }
    }

    mutating func last(with code: Code) -> String? {
        for revision in earlierRevisions() where rows(of: revision)[code.description] != nil {
            found.insert(revision.name)
            return revision.label
        }
        return nil
    }

    private mutating func earlierRevisions() -> [Revision] {
        if let before { return before }
        var dated: [(from: CalendarDate, revision: Revision)] = []
        do throws(IngestError) {
            for revision in try store.newestRevisions() {
                guard let from = try store.effectiveFrom(of: revision), from < release.effectiveFrom else { continue }
                dated.append((from, revision))
            }
        } catch {
            problem = error
        }
        let sorted = dated.sorted { ($0.from, $0.revision.label) > ($1.from, $1.revision.label) }.map(\.revision)
        before = sorted
        return sorted
    }

    private mutating func revisions(of label: String) -> [Revision] {
        do throws(IngestError) { return try store.revisions(of: label) } catch {
            problem = error
            return []
        }
    }

    /// A table that is not there, or is none, says nothing: `ingest validate` is there to complain.
    private mutating func rows(of revision: Revision) -> [String: Row] {
        if let rows = tables[revision.name] { return rows }
        var rows: [String: Row] = [:]
        let url = revision.folder.appendingPathComponent("tables/codes.csv")
        let data: Data?
        do { data = try Data(contentsOf: url) } catch CocoaError.fileReadNoSuchFile { data = nil } catch {
            data = nil
            problem = IngestError(
                .badData, "table_unreadable", at: Place(url.path),
                "the table cannot be read: \(error.localizedDescription)",
                hint: "ingest validate \(revision.folder.relativePath)")
        }
        if let data, let csv = try? tokeniseCSV([UInt8](data)), csv.count > 0 {
            let header = csv.strings(of: 0)
            let columns = ["code", "short_descriptor", "long_descriptor", "added"].map { header.firstIndex(of: $0) }
            for row in 1..<csv.count {
                let fields = csv.fields(of: row)
                let cells = columns.map { column in
                    column.map { String(decoding: csv[field: fields.lowerBound + $0], as: UTF8.self) } ?? ""
                }
                rows[cells[0]] = Row(short: cells[1], long: cells[2], added: CalendarDate(iso: cells[3]))
            }
        }
        tables[revision.name] = rows
        return rows
    }
}
