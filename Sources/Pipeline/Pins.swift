import Foundation
import JSON
public import Model
public import Schemas
import Store

/// A file of CMS's as it was fetched once.
public struct PostedFile: Sendable, Hashable {
    /// The file's name below its hash.
    public var name: String
    /// CMS's address of it.
    public var url: String
    /// Where it came from in the end.
    public var finalURL: String
    public var sha256: String
    public var bytes: Int
    /// CMS's own date: the RELEASED line of PPRRVU.
    public var released: CalendarDate?
    public var etag: String?
    public var lastModified: String?
}

/// The file that a source is pinned to.
public struct Pin: Sendable {
    public struct Acceptance: Sendable {
        public let license: String
        /// Address of the licence's text.
        public let text: String
        /// Day, UTC.
        public let on: String
    }

    public let kind: SourceKind
    /// The release's label, or its quarter.
    public let subject: String
    /// The file that runs use; `nil` while the only one ever offered is not the catalogue's.
    public var pinned: PostedFile?
    /// What CMS has put in its place and nobody has accepted yet.
    public var offered: PostedFile?
    /// Pinned before, oldest first.
    public var earlier: [PostedFile] = []
    public var license: Acceptance?
}

/// `sources/sources.lock.json` of a store: what every source is pinned to.
struct Pins {
    private var pins: [Pin] = []
    private let file: URL

    /// Reads the pins of the folder `sources`; none where there is no file.
    /// - Throws: when the file is not what this program writes.
    init(_ sources: URL) throws(IngestError) {
        file = sources.appendingPathComponent("sources.lock.json")
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        let hint = "Restore it from a copy. Without it everything is fetched and pinned anew."
        guard let data = try? Data(contentsOf: file), let json = try? JSONValue([UInt8](data)) else {
            throw IngestError(.badData, "pins_unreadable", at: Place(file.relativePath), "it is no JSON", hint: hint)
        }
        if let problem = try schemaProblems(of: json, schema: "sources-lock.schema.json").first {
            throw IngestError(.badData, "pins_unreadable", at: Place(file.relativePath), problem, hint: hint)
        }
        pins = json["sources"]?.elements.compactMap(Pin.init) ?? []
    }

    var all: [Pin] { pins }

    subscript(kind: SourceKind, subject: String) -> Pin {
        get {
            pins.first { $0.kind == kind && $0.subject == subject } ?? Pin(kind: kind, subject: subject)
        }
        set {
            pins.removeAll { $0.kind == kind && $0.subject == subject }
            pins.append(newValue)
            pins.sort { ($0.kind.rawValue, $0.subject) < ($1.kind.rawValue, $1.subject) }
        }
    }

    /// Writes the file whole or not at all; an unchanged one is not touched.
    func write() throws(IngestError) {
        var json = JSONWriter(indented: true)
        json.object { json in
            json.field("schema_version", "1.0.0")
            json.array("sources") { json in for pin in pins { pin.write(to: &json) } }
        }
        let bytes = json.bytes + [0x0A]
        if let present = try? Data(contentsOf: file), present.elementsEqual(bytes) { return }
        try replaceFile(file, with: bytes)
    }
}

extension Pin {
    fileprivate init?(_ json: JSONValue) {
        guard let kind = json["kind"]?.string.flatMap(SourceKind.init(rawValue:)), let subject = json["of"]?.string
        else {
            return nil
        }
        self.init(
            kind: kind, subject: subject, pinned: json["pinned"].flatMap(PostedFile.init),
            offered: json["offered"].flatMap(PostedFile.init),
            earlier: json["earlier"]?.elements.compactMap(PostedFile.init) ?? [],
            license: json["license"].flatMap { json in
                guard let id = json["id"]?.string, let text = json["text"]?.string, let on = json["accepted_on"]?.string
                else { return nil }
                return Acceptance(license: id, text: text, on: on)
            })
    }

    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("kind", kind.rawValue)
            json.field("of", subject)
            json.key("pinned")
            PostedFile.write(pinned, to: &json)
            json.key("offered")
            PostedFile.write(offered, to: &json)
            json.array("earlier") { json in for file in earlier { PostedFile.write(file, to: &json) } }
            json.key("license")
            guard let license else { return json.value(Cell.null) }
            json.object { json in
                json.field("id", license.license)
                json.field("text", license.text)
                json.field("accepted_on", license.on)
            }
        }
    }
}

extension PostedFile {
    fileprivate init?(_ json: JSONValue) {
        guard let name = json["name"]?.string, let url = json["url"]?.string, let finalURL = json["final_url"]?.string,
            let sha256 = json["sha256"]?.string, let bytes = json["bytes"]?.integer
        else { return nil }
        self.init(
            name: name, url: url, finalURL: finalURL, sha256: sha256, bytes: bytes,
            released: json["released"]?.string.flatMap { CalendarDate(iso: $0) }, etag: json["etag"]?.string,
            lastModified: json["last_modified"]?.string)
    }

    fileprivate static func write(_ file: PostedFile?, to json: inout JSONWriter) {
        guard let file else { return json.value(Cell.null) }
        json.object { json in file.writeFields(to: &json) }
    }

    func writeFields(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("url", url)
        json.field("final_url", finalURL)
        json.field("sha256", sha256)
        json.field("bytes", bytes)
        json.field("released", released?.description)
        json.field("etag", etag)
        json.field("last_modified", lastModified)
    }
}
