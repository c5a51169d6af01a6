import ArgumentParser
import Foundation
import JSON
import Model
import Pipeline
import Schemas
import Site
import Store

struct SiteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "site",
        abstract: "Write a published dataset as a static site: a page for each code, with a search.",
        discussion: """
            The site is made from the revision's own files and shows what an app can show. It needs no server and no \
            network: open index.html. DIR appears whole; one that holds anything else is refused.

            --only CODE writes that page alone into DIR, quickly, for a look while editing; `ingest preview` shows \
            texts that are not published yet.
            """)

    @Option(help: "The folder to write.", completion: .directory)
    var out: String

    @Option(help: "A release or revision, such as RVU26A or RVU26A-r2; the newest when left out.")
    var release: String?

    @Option(help: "Write the page of this code alone.")
    var only: String?

    @Option(help: "Where the site will be, for canonical links and structured data: https://example.org/codes/")
    var baseUrl: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        guard let baseUrl else { return }
        guard baseUrl.hasPrefix("https://") || baseUrl.hasPrefix("http://") else {
            throw ValidationError("--base-url is a web address such as https://example.org/codes/")
        }
    }

    func run() throws {
        try reporting(consequence: "The site was not written.") {
            let talk = Talk()
            let revision = try store.value.revision(release)
            let site = try site(
                of: revision, in: store.value, only: only?.uppercased(),
                baseURL: baseUrl.map { $0.hasSuffix("/") ? $0 : $0 + "/" }, schemas: try Schemas())
            let place = URL(fileURLWithPath: out)
            let written =
                try only.map { code throws(IngestError) in try site.writePage(of: code.uppercased(), to: place) }
                ?? site.write(to: place)
            talk.say("\(revision.name): \(written.pages) pages, \(written.bytes / 1_000_000) MB")
            let result = place.appendingPathComponent(written.start).relativePath
            guard format.format == .json else {
                print(result)
                return
            }
            var json = JSONWriter(indented: true)
            json.object { json in
                json.field("revision", revision.name)
                json.field("path", result)
                json.field("pages", written.pages)
                json.field("bytes", written.bytes)
            }
            printData(json.bytes + [0x0A])
        }
    }
}
