import CSV
import Delta
import Emit
import FeeSchedule
import Foundation
import GRDB
import JSON
import Model
import Schemas
import Store
import TestSupport
import Testing

private func hash(ofTablesIn database: Database) throws -> String { try contentHash(of: database) }

@Suite("What is emitted")
struct EmitTests {
    private func releaseWithDrugs(_ label: String = "RVU19A") -> ReleaseFiles {
        var release = ReleaseFiles(label)
        release.add(DrugFiles())
        return release
    }

    @Test("Every table is there with its header, and the manifest counts its rows")
    func tables() throws {
        let written = try Written(
            releaseWithDrugs(), overlays: [awkwardOverlay, "section: J\nbilling: x\n"], payments: true)
        let files = try written.manifest()["files"]?.elements ?? []
        for table in schemas.tables {
            let path = "tables/\(table.name).csv"
            let rows = try tokeniseCSV(try written.bytes(path))
            #expect(rows.strings(of: 0) == table.columns.map(\.name))
            #expect(rows.count > 1, "\(path)")
            #expect(files.first { $0["path"]?.string == path }?["rows"]?.integer == rows.count - 1)
        }
        #expect(
            Set(written.folder.files)
                == Set(files.compactMap { $0["path"]?.string } + ["manifest.json", "manifest.json.sha256"]))
    }

    @Test("No table or column is newer than the shape")
    func since() throws {
        let shape = try #require(ShapeVersion(schemaVersion))
        for table in schemas.tables {
            #expect(table.description.since <= shape, "\(table.name)")
            for column in table.columns { #expect(column.since <= shape, "\(table.name).\(column.name)") }
        }
    }

    @Test("A revision as emitted is valid", arguments: ["RVU19A", "RVU27A"], [Tier.public, .licensed])
    func isValid(label: String, tier: Tier) throws {
        let written = try Written(
            releaseWithDrugs(label), overlays: [awkwardOverlay, "section: J\nbilling: x\n"], tier: tier)
        let validation = try validateRevision(written.folder.url, schemas: schemas)
        #expect(Findings(validation.diagnostics).description == "")
        #expect(validation.documents == (try written.documents().count))
    }

    @Test("The same release gives the same bytes, whatever the order of its files")
    func deterministic() throws {
        let release = releaseWithDrugs("RVU27A")
        var turned = release
        turned.files.reverse()
        let first = try Written(release, overlays: [awkwardOverlay])
        let second = try Written(turned, overlays: [awkwardOverlay])
        #expect(first.folder.files == second.folder.files)
        for file in first.folder.files { #expect(try first.bytes(file) == second.bytes(file), "\(file)") }
    }

    @Test("The content hash of the database is that of the manifest", arguments: ["RVU19A", "RVU27A"])
    func databaseHash(label: String) throws {
        let written = try Written(releaseWithDrugs(label), overlays: [awkwardOverlay, "section: J\nbilling: x\n"])
        let queue = try DatabaseQueue(path: written.folder["dataset.sqlite"].path)
        let expected = try written.manifest()["content_hash"]?.string
        #expect(try queue.read { try hash(ofTablesIn: $0) } == expected)
    }

    @Test("No file holds a path of the machine")
    func noPaths() throws {
        let written = try Written(overlays: [awkwardOverlay])
        let path = Array(written.folder.url.lastPathComponent.utf8)
        for file in written.folder.files { #expect(try !written.bytes(file).contains(path), "\(file)") }
    }

    @Test("The public tier holds no CPT or CDT descriptor in any file; the licensed tier does")
    func tiers() throws {
        let withheld = Array("withheld".utf8)
        let overlays = [
            "section: evaluation_management\nquestions:\n  - {question: \"{{title}}? {{descriptor}}?\", answer: x}\n"
        ]
        let open = try Written(overlays: overlays)
        for file in open.folder.files { #expect(try !open.bytes(file).contains(withheld), "\(file)") }
        let licensed = try Written(overlays: overlays, tier: .licensed)
        let files = try licensed.folder.files.filter { try licensed.bytes($0).contains(withheld) }
        #expect(files == ["codes.ndjson", "dataset.sqlite", "tables/codes.csv"])
        #expect(try open.search("withheld", limit: 10).isEmpty)
        #expect(
            try licensed.search("withheld", limit: 10).map(\.code) == ["99213", "D0001"])
    }

    @Test("Codes and numbers of withheld codes are there")
    func numbers() throws {
        let written = try Written()
        let row = try #require(try written.table("relative_values").first { $0["code"] == "99213" })
        #expect(row["work"] == "1.30" && row["total_nonfacility"] == "2.75" && row["priced"] == "true")
        let document = try #require(try written.document("99213"))
        #expect(document["title"] == .null && document["short_descriptor"] == .null)
        #expect(document["relative_values"]?.elements.first?["work"] == .number("1.30"))
        #expect(document["category"]?["name"]?.string == "Office visits")
    }

    @Test("No price is empty with a reason, never zero without one")
    func noPrice() throws {
        let written = try Written()
        for row in try written.table("relative_values") {
            #expect((row["priced"] == "true") == (row["unpriced_reason"] == ""))
        }
        #expect(try written.document("J0001")?["unpriced_reason"]?.string == "excluded_from_fee_schedule")
        #expect(try written.document("J0002")?["unpriced_reason"]?.string == "not_on_fee_schedule")
        #expect(try written.document("J0002")?["relative_values"] == .array([]))
    }

    @Test("Payments are exact, and a setting marked NA has a reason in place of one")
    func payments() throws {
        let written = try Written(overlays: [], payments: true)
        let rows = try written.table("payments")
        // 8 priced rows in 4 localities and 2 settings.
        let priced = try written.table("relative_values").count { $0["priced"] == "true" }
        #expect(rows.count == priced * 4 * 2)
        func row(_ code: String, _ modifier: String, _ setting: String) -> [String: String]? {
            rows.first {
                $0["code"] == code && $0["modifier"] == modifier && $0["mac"] == "10112" && $0["setting"] == setting
            }
        }
        // (1.30 · 1.000 + 1.35 · 0.875 + 0.10 · 0.566) · 36.0391 = 91.46092…
        #expect(row("99213", "", "nonfacility")?["fee"] == "91.46")
        #expect(row("99213", "", "nonfacility")?["payment"] == "91.46")
        #expect(row("99213", "", "nonfacility")?["cap"] == "")
        // (0.63 · 0.875 + 0.02 · 0.566) · 36.0391 = 20.2742…; the cap is 0.80 · 0.875 · 36.0391 = 25.2273…
        #expect(row("71046", "TC", "nonfacility")?["payment"] == "20.27")
        #expect(row("71046", "TC", "nonfacility")?["cap"] == "25.23")
        #expect(row("71046", "TC", "facility")?["payment"] == "")
        #expect(row("71046", "TC", "facility")?["reason"] == "not_applicable_in_setting")
        #expect(try validateRevision(written.folder.url, schemas: schemas).diagnostics.count(.error) == 0)
    }

    @Test("A setting marked NA keeps its value and its flag")
    func notApplicable() throws {
        let row = try Written().table("relative_values").first { $0["code"] == "71046" && $0["modifier"] == "TC" }
        #expect(row?["pe_facility"] == "0.63" && row?["pe_facility_na"] == "true")
    }

    @Test("Texts come out of CSV and JSON as they went in")
    func texts() throws {
        let written = try Written(overlays: [awkwardOverlay])
        #expect(try written.table("editorial").first?["summary"] == awkward)
        #expect(try written.table("editorial").first?["title"] == "A \"title\", with a comma")
        #expect(try written.document("G0001")?["editorial"]?["summary"]?.string == awkward)
        #expect(try written.document("G0001")?["title"]?.string == "A \"title\", with a comma")
    }

    @Test("CSV has quotation marks only where they are needed, LF at line ends and no byte order mark")
    func csvForm() throws {
        let written = try Written()
        let text = String(decoding: try written.bytes("tables/codes.csv"), as: UTF8.self)
        #expect(!text.unicodeScalars.contains("\r") && text.hasPrefix("code,") && text.hasSuffix("\n"))
        #expect(text.contains("\"Made up drug, 1 mg\"") && text.contains(",Made up exam,"))
    }

    @Test("Random texts pass through JSON unharmed", arguments: 1...10 as ClosedRange<UInt64>)
    func randomJSON(seed: UInt64) throws {
        var random = SeededRandom(seed)
        for _ in 0..<200 {
            let scalars = (0..<Int.random(in: 0...20, using: &random)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0...0x2FF, using: &random))
            }
            let text = String(String.UnicodeScalarView(scalars))
            for isIndented in [true, false] {
                var json = JSONWriter(indented: isIndented)
                json.object { json in
                    json.field(named: text, .text(text))
                    json.field("list", texts: [text, ""])
                    json.array("empty") { _ in }
                    json.object("nested") { $0.field("number", .decimal(-1205, places: 2)) }
                }
                let value = try JSONValue(json.bytes)
                #expect(value.members.map(\.key) == [text, "list", "empty", "nested"])
                #expect(value.members[0].value == .string(text))
                #expect(value["list"] == .array([.string(text), .string("")]) || text == "list")
                #expect(value["nested"]?["number"] == .number("-12.05"))
            }
        }
    }

    @Test("There is one document per code, in order, the code first")
    func documents() throws {
        let written = try Written(ReleaseFiles("RVU27A"))
        let codes = try written.documents().compactMap { $0["code"]?.string }
        #expect(codes == codes.sorted() && Set(codes).count == codes.count)
        #expect(try codes == written.table("codes").map { $0["code"] ?? "" })
        for line in try written.bytes("codes.ndjson").split(separator: 0x0A) {
            #expect(line.starts(with: Array("{\"code\":\"".utf8)))
        }
    }

    @Test("Every row says where it came from")
    func provenance() throws {
        let written = try Written(overlays: [awkwardOverlay])
        let rows = try written.table("provenance")
        for table in ["relative_values", "opps_caps"] {
            let count = try written.table(table).count
            #expect(rows.count { $0["table"] == table } == count, "\(table)")
        }
        let row = rows.first { $0["table"] == "relative_values" && $0["code"] == "71046" && $0["modifier"] == "26" }
        #expect(row?["file"] == "pprrvu.csv" && row?["line"] == "16")
        let document = try #require(try written.document("G0001"))
        #expect(document["provenance"]?["hcpcs"]?["file"]?.string == "hcpcs.txt")
        #expect(document["provenance"]?["editorial"]?.elements.first?["file"]?.string == "a.yaml")
    }

    @Test("The manifest names release, factors, checks and inputs")
    func manifest() throws {
        let manifest = try Written(ReleaseFiles("RVU27A")).manifest()
        #expect(manifest["release"]?["label"]?.string == "RVU27A" && manifest["release"]?["revision"]?.integer == 1)
        #expect(manifest["release"]?["effective"]?["to"]?.string == "2027-03-31")
        #expect(manifest["conversion_factors"]?["non_qp"] == .number("36.0391"))
        #expect(manifest["conversion_factors"]?["qp"] == .number("36.2091"))
        let checks = manifest["verification"]?["checks"]?.elements ?? []
        #expect(
            Set(["row_totals", "qpp_subset", "locality_keys", "oppscap"]).isSubset(
                of: checks.compactMap { $0["id"]?.string }))
        for check in checks { #expect(check["failed"]?.integer == 0) }
        #expect(manifest["inputs"]?.elements.count == 7)
        #expect(manifest["tier"]?.string == "public")
    }

    @Test("The content hash follows the values and not the files they were read from")
    func contentHash() throws {
        let whole = try Written().contentHash
        var withoutZeros = ReleaseFiles()
        withoutZeros.edit(.pprrvu) { $0.replacing("\r\n00100,", with: "\r\n100,") }
        #expect(try Written(withoutZeros).contentHash == whole)
        var unix = ReleaseFiles()
        unix.edit(.pprrvu) { $0.replacing("\r\n", with: "\n") }
        #expect(try Written(unix).contentHash == whole)
        var changed = ReleaseFiles()
        changed.edit(.gpci) { $0.replacing("0.566", with: "0.567") }
        #expect(try Written(changed).contentHash != whole)
        #expect(try Written(overlays: ["code: G0001\ntitle: x\n"]).contentHash != whole)
    }

    // MARK: The database

    @Test(
        "Search finds codes by every kind of text, in any letter case, with and without accents",
        arguments: [
            ("G0001", "G0001"), ("g0001", "G0001"), ("title", "G0001"), ("CHECK-UP", "G0001"), ("prufung", "G0001"),
            ("Prüfung", "G0001"),
            ("kidney stones", "G0001"), ("stones kidney", "G0001"), ("kidn", "G0001"),
            ("examination imaginary", "G0001"),
            ("carriage", "A0001"), ("topical gram", "J0002"), ("99213", "99213"),
        ])
    func searchFinds(text: String, code: String) throws {
        let written = try Written(overlays: [awkwardOverlay])
        #expect(try written.search(text, limit: 10).first?.code == code)
    }

    @Test(
        "Search wants every word, and takes no word for a command",
        arguments: [
            "kidney carriage", "idney", "kidn stones x", "", " ", "\"", "*", "()", "G0001 NOT title", "zzz OR carriage",
            "carriage AND", "NEAR(a b)", "a:b", "^x", "'; DROP",
        ])
    func searchMisses(text: String) throws {
        let written = try Written(overlays: [awkwardOverlay])
        #expect(try written.search(text, limit: 10).isEmpty)
    }

    @Test("Search gives no more than it is asked for, titles and categories with the codes")
    func searchLimit() throws {
        let written = try Written()
        #expect(try written.search("made", limit: 3).count == 3)
        let hit = try #require(try written.search("topical", limit: 3).first)
        #expect(
            hit.title == "Made-up gel for topical administration, 1 gram" && hit.system == "HCPCS"
                && hit.longDescriptor?.hasSuffix("1 gram") == true)
    }

    @Test("The database holds the tables' rows, and sqlite3 finds it whole")
    func database() throws {
        let written = try Written(overlays: [awkwardOverlay])
        func ask(_ sql: String) throws -> String? {
            try runTool("/usr/bin/sqlite3", ["dataset.sqlite", sql], in: written.folder.url)?.output
        }
        guard let answer = try ask("PRAGMA integrity_check; PRAGMA foreign_key_check;") else { return }
        #expect(answer == "ok\n")
        for table in schemas.tables where table.name != "payments" {
            #expect(
                try ask("SELECT count(*) FROM \"\(table.name)\"") == "\(try written.table(table.name).count)\n",
                "\(table.name)")
        }
        #expect(try ask("SELECT work, modifier = '' FROM relative_values WHERE code = '99213'") == "1.3|1\n")
        #expect(try ask("SELECT summary FROM editorial") == awkward + "\n")
        #expect(
            try ask("SELECT unpriced_reason IS NULL, endoscopic_base IS NULL FROM relative_values WHERE code = '99213'")
                == "1|1\n")
    }

    @Test("Another reader of JSON and CSV finds the same values")
    func otherReaders() throws {
        let written = try Written(overlays: [awkwardOverlay])
        let program = """
            import csv, json
            documents = [json.loads(line) for line in open('codes.ndjson', encoding='utf-8')]
            rows = list(csv.DictReader(open('tables/codes.csv', encoding='utf-8', newline=''), strict=True))
            assert [d['code'] for d in documents] == [r['code'] for r in rows]
            assert [d['title'] or '' for d in documents] == [r['title'] for r in rows]
            json.load(open('manifest.json')); json.load(open('datapackage.json'))
            print(next(d for d in documents if d['code'] == 'G0001')['editorial']['summary'], end='')
            """
        guard let answer = try runTool("/usr/bin/python3", ["-c", program], in: written.folder.url) else { return }
        #expect(answer.output == awkward)
    }
}
