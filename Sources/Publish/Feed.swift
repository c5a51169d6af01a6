import Digest
import HTML
import JSON
import Model

/// An entry for each revision, in Atom (RFC 4287) and as a JSON Feed (1.1), both the same.
///
/// What a standard wants to be unique for ever, the identifiers, follows from the manifests, which never change; they
/// hold wherever the folder lies. What it wants as a date is a day that CMS or the maintainer gave: no clock is asked, so
/// that the same store gives the same feeds. Addresses are relative to the feed unless the reader of the store says where
/// it will be.
struct Feed {
    let list: ReleaseList
    let entries: [FeedEntry]
    let baseURL: String?

    private let title = "CMS Physician Fee Schedule and HCPCS Level II: releases of this dataset"

    private func address(_ path: String) -> String { (baseURL ?? "") + path }

    /// The feed is the store's whose first revision this was.
    private var id: String { uniqueName("feed \(list.newestFirst.last?.manifestSHA256 ?? "")") }

    private var updated: String { (entries.map(\.updated).max() ?? "1970-01-01") + FeedEntry.time }

    func atom() -> [UInt8] {
        var xml: Markup = """
            <?xml version="1.0" encoding="utf-8"?>
            <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
              <id>\(id)</id>
              <title>\(title)</title>
              <updated>\(updated)</updated>
              <author><name>The publisher of this dataset</name></author>
              <link rel="self" type="application/atom+xml" href="\(address("feed.atom"))"/>
              <link rel="alternate" type="text/html" href="\(address("index.html"))"/>

            """
        for entry in entries {
            xml += """
                  <entry>
                    <id>\(entry.id)</id>
                    <title>\(entry.title)</title>
                    <published>\(entry.published + FeedEntry.time)</published>
                    <updated>\(entry.updated + FeedEntry.time)</updated>
                    <link rel="alternate" type="\(entry.page.type)" href="\(address(entry.page.path))"/>
                    <link rel="related" type="application/json" href="\(address(entry.manifestPath))"/>

                """
            for file in entry.enclosures {
                xml += """
                        <link rel="enclosure" type="\(file.type)" length="\(file.bytes)" href="\(address(file.path))"/>

                    """
            }
            if entry.isWithdrawn { xml += "    <category term=\"withdrawn\"/>\n" }
            xml += """
                    <rights>\(entry.rights)</rights>
                    <content type="text">\(entry.text)</content>
                  </entry>

                """
        }
        xml += "</feed>\n"
        return xml.bytes
    }

    func json() -> [UInt8] {
        var json = JSONWriter(indented: true)
        json.object { json in
            json.field("version", "https://jsonfeed.org/version/1.1")
            json.field("title", title)
            json.field("home_page_url", address("index.html"))
            json.field("feed_url", address("feed.json"))
            json.field("language", "en")
            json.array("authors") { json in json.object { $0.field("name", "The publisher of this dataset") } }
            json.array("items") { json in
                for entry in entries {
                    json.object { json in
                        json.field("id", entry.id)
                        json.field("url", address(entry.page.path))
                        json.field("title", entry.title)
                        json.field("content_text", entry.text)
                        json.field("date_published", entry.published + FeedEntry.time)
                        json.field("date_modified", entry.updated + FeedEntry.time)
                        if entry.isWithdrawn { json.field("tags", texts: ["withdrawn"]) }
                        json.array("attachments") { json in
                            for file in entry.enclosures {
                                json.object { json in
                                    json.field("url", address(file.path))
                                    json.field("mime_type", file.type)
                                    json.field("size_in_bytes", file.bytes)
                                }
                            }
                        }
                    }
                }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

/// What the feeds say of a revision.
struct FeedEntry {
    let id: String
    let title: String
    /// Days; ``time`` makes them what the standards want.
    let published: String
    let updated: String
    let text: String
    let rights: String
    let isWithdrawn: Bool
    let page: (path: String, type: String)
    let manifestPath: String
    let enclosures: [(path: String, type: String, bytes: Int)]

    static let time = "T00:00:00Z"

    /// - Parameter diff: the revision's `diff.json`.
    init(_ revision: HostedRevision, _ withdrawal: Withdrawal?, diff: [UInt8]?) {
        id = uniqueName("revision \(revision.manifestSHA256)")
        isWithdrawn = withdrawal != nil
        title = "\(isWithdrawn ? "Withdrawn: " : "")\(revision.name), in force from \(revision.effectiveFrom)"
        published = revision.released ?? revision.effectiveFrom
        updated = max(published, withdrawal?.date.description ?? published)
        var lines: [String] = []
        if let withdrawal {
            lines.append(
                "Withdrawn on \(withdrawal.date): \(withdrawal.reason)"
                    + (withdrawal.use.map { " Use \($0) in its place." } ?? ""))
        }
        lines.append("In force from \(revision.effectiveFrom) to \(revision.effectiveTo).")
        lines += DiffSummary(diff).lines
        text = lines.joined(separator: "\n")
        rights = revision.manifest["license"]?.string ?? ""
        manifestPath = "\(revision.path)/manifest.json"
        let files = revision.files
        page =
            files.contains { $0.path == "diff.html" }
            ? ("\(revision.path)/diff.html", "text/html") : ("\(revision.path)/manifest.json", "application/json")
        enclosures = [
            ("codes.ndjson", "application/x-ndjson"), ("dataset.sqlite", "application/vnd.sqlite3"),
        ].compactMap { path, type in
            files.first { $0.path == path }.map { ("\(revision.path)/\(path)", type, $0.bytes) }
        }
    }
}

/// The first lines of what changed.
struct DiffSummary {
    let lines: [String]

    init(_ diff: [UInt8]?) {
        guard let diff, let json = Self.head(of: diff) else {
            lines = []
            return
        }
        guard let base = json["base"]?["name"]?.string else {
            lines = ["Nothing that took effect before was published here: there is nothing to compare it with."]
            return
        }
        func count(_ name: String) -> String { grouped(json["counts"]?[name]?.text ?? "0") }
        var found = [
            "Against \(base): \(count("rows_changed")) of \(count("rows_common")) common rows changed; "
                + "\(count("rows_added")) added, \(count("rows_removed")) deleted."
        ]
        for change in json["systemic"]?.elements ?? [] {
            let isOfValue = ["work_changed", "status_changed"].contains(change["category"]?.string)
            guard let explains = change["explains"]?.integer, let all = change["of"]?.integer, explains * 2 >= all,
                isOfValue, ["listed", "discovered"].contains(change["origin"]?.string)
            else { continue }
            found.append("\(grouped("\(explains)")) of \(grouped("\(all)")): \(change["title"]?.string ?? "").")
        }
        lines = found
    }

    /// A difference without its list of changes, which is long, stands last and is not looked at. The file is indented, and
    /// no text in it has an end of line.
    private static func head(of diff: [UInt8]) -> JSONValue? {
        let marker = Array(",\n  \"changes\": [".utf8)
        let end = diff.firstRange(of: marker)?.lowerBound
        return try? JSONValue(end.map { Array(diff[..<$0]) + [UInt8(ascii: "}")] } ?? diff)
    }
}

/// An identifier that follows from `text` alone: a UUID of version 8 (RFC 9562) from its SHA-256.
private func uniqueName(_ text: String) -> String {
    var digits = Array(Digest.hex("ingest \(text)").utf8.prefix(32))
    digits[12] = UInt8(ascii: "8")
    digits[16] = Array("89ab".utf8)[Int(digits[16] & 3)]
    var name = "urn:uuid:"
    for (place, digit) in digits.enumerated() {
        if [8, 12, 16, 20].contains(place) { name += "-" }
        name.unicodeScalars.append(Unicode.Scalar(digit))
    }
    return name
}
