import CSV
import Foundation
import Model
import Schemas
import TestSupport
import Testing

@Suite("Where CMS puts its files")
struct SourcesTests {
    private let sources = schemas.sources

    private func release(_ label: String) throws -> Release { try schemas.catalogue.entry(label).release }

    private func rows(_ path: String) throws -> [[String: String]] {
        let rows = try tokeniseCSV(#require(Schemas.file(path)))
        let header = rows.strings(of: 0)
        return (1..<rows.count).map { Dictionary(zip(header, rows.strings(of: $0))) { first, _ in first } }
    }

    @Test("Every listed release has an archive, HCPCS and ASP addresses")
    func complete() {
        for release in schemas.catalogue.entries.map(\.release) {
            #expect(!sources.listed(.rvu, of: release).isEmpty, "\(release.label)")
            for kind in SourceKind.allCases {
                #expect(!sources.candidates(kind, of: release).isEmpty, "\(kind) of \(release.label)")
            }
        }
    }

    @Test("Every address is CMS's by HTTPS, every hash is one, every date is a day, every file is of a known release")
    func wellFormed() throws {
        let labels = Set(schemas.catalogue.entries.map(\.release.label))
        let table = try rows("values/sources.csv")
        for row in table {
            let url = try #require(URLComponents(string: row["url"] ?? ""))
            #expect(
                url.scheme == "https" && url.host == "www.cms.gov" && url.path.hasSuffix(".zip") && url.query == nil)
            let hash = row["sha256"] ?? ""
            #expect(hash.isEmpty || hash.count == 64 && hash.allSatisfy { "0123456789abcdef".contains($0) })
            let posted = row["posted"] ?? ""
            #expect(posted.isEmpty || CalendarDate(iso: posted) != nil)
            if row["kind"] == "rvu" { #expect(labels.contains(row["of"] ?? ""), "\(row)") }
        }
        let urls = table.compactMap { $0["url"] }
        #expect(Set(urls).count == urls.count)
        for row in try rows("values/source-rules.csv") {
            #expect(row["url"]?.hasPrefix("https://www.cms.gov/") == true && row["url"]?.contains("{") == true)
        }
    }

    @Test("Postings of one file stand in the order in which CMS made them")
    func order() throws {
        for (_, rows) in Dictionary(
            grouping: try rows("values/sources.csv"), by: { "\($0["kind"] ?? "") \($0["of"] ?? "")" })
        {
            let dates = rows.compactMap { $0["posted"] }.filter { !$0.isEmpty }
            #expect(dates == dates.sorted())
        }
    }

    @Test("Of a re-posted archive the newest posting is the one to fetch")
    func newest() throws {
        let release = try release("RVU26B")
        #expect(
            sources.listed(.rvu, of: release).map(\.url).map { $0.suffix(14) } == ["03-10-2026.zip", "05-01-2026.zip"])
        #expect(
            sources.candidates(.rvu, of: release).map(\.url) == [
                "https://www.cms.gov/files/zip/rvu26b-updated-05-01-2026.zip",
                "https://www.cms.gov/files/zip/rvu26b.zip",
            ])
    }

    @Test(
        "A release that is not listed is at the address of its label, its HCPCS file at that of its quarter",
        arguments: [
            ("RVU27A", "rvu27a", "january-2027"), ("RVU28D", "rvu28d", "october-2028"),
            ("RVU27BR", "rvu27br", "april-2027"),
        ])
    func rule(label: String, archive: String, month: String) throws {
        let release = try release(label)
        #expect(sources.candidates(.rvu, of: release).map(\.url) == ["https://www.cms.gov/files/zip/\(archive).zip"])
        #expect(
            sources.candidates(.hcpcs, of: release).first?.url
                == "https://www.cms.gov/files/zip/\(month)-alpha-numeric-hcpcs-file.zip")
        #expect(
            sources.candidates(.asp, of: release).first?.url
                == "https://www.cms.gov/files/zip/\(month)-medicare-part-b-payment-limit-files.zip")
    }

    @Test("A correction has the HCPCS quarter of the release that it corrects")
    func quarters() throws {
        #expect(sources.subject(.rvu, of: try release("RVU24AR")) == "RVU24AR")
        #expect(sources.subject(.hcpcs, of: try release("RVU24AR")) == "2024A")
        #expect(sources.subject(.asp, of: try release("RVU26D")) == "2026D")
    }

    @Test("Only ASP is behind a licence, and the licence has an address")
    func licences() throws {
        #expect(SourceKind.allCases.filter { sources.definition($0)?.license != nil } == [.asp])
        let ama = try #require(sources.licenses.first { $0.id == "ama" })
        #expect(ama.text.hasPrefix("https://www.cms.gov/license/ama") && !ama.marks.isEmpty && !ama.answer.isEmpty)
    }
}
