public import Foundation
public import JSON
public import Model
import Parallel

/// A revision as a static site: the facts it is made from, all of them the revision's own.
public struct Site: Sendable {
    public let context: SiteContext
    /// The lines of `codes.ndjson`.
    let documents: [[UInt8]]
    /// By code, the oldest release first.
    let history: [String: [HistoryLine]]
    /// `verification.json`.
    let certificate: JSONValue
    /// `diff.html`, which is a page already.
    let diff: [UInt8]?
    /// The data dictionary, which is a page already.
    let dictionary: [UInt8]
    private let assets = SiteAssets()

    public init(
        context: SiteContext, documents: [[UInt8]], history: [String: [HistoryLine]], certificate: JSONValue,
        diff: [UInt8]?, dictionary: [UInt8]
    ) {
        self.context = context
        self.documents = documents
        self.history = history
        self.certificate = certificate
        self.diff = diff
        self.dictionary = dictionary
    }

    /// What was written.
    public struct Written: Sendable {
        public let pages: Int
        public let bytes: Int
        /// The page to open first, below the site's folder.
        public let start: String
    }

    /// Writes all pages to `place`, which appears whole or stays as it was.
    /// - Throws: when `place` holds something else, a document cannot be read or a file cannot be written.
    public func write(to place: URL) throws(IngestError) -> Written {
        let folder = SiteFolder(place: place)
        try folder.refuseForeign()
        let aside = try folder.makeAside()
        do {
            var (summaries, bytes) = try writeCodePages(to: aside.path)
            summaries.sort { $0.code < $1.code }
            var search = SearchIndex()
            for summary in summaries { search.add(summary) }
            let index = SiteAsset("search", "js", search.script)
            let sections = sections(summaries)
            var files = assets.files + [("assets/\(index.name)", index.bytes)]
            for section in sections { files.append((section.path, section.bytes())) }
            files.append(
                ("index.html", IndexPage(sections: sections, search: index, context: context, assets: assets).bytes()))
            files.append(
                (
                    "certificate.html",
                    CertificatePage(certificate: certificate, context: context, assets: assets).bytes()
                ))
            files.append(("dictionary.html", dictionary))
            if let diff { files.append(("diff.html", diff)) }
            files.append((SiteFolder.mark, mark))
            for (path, content) in files {
                try writeFile(content, to: "\(aside.path)/\(path)")
                bytes += content.count
            }
            try folder.publish()
            let pages = summaries.count + sections.count + 3 + (diff == nil ? 0 : 1)
            return Written(pages: pages, bytes: bytes, start: "index.html")
        } catch {
            folder.discard()
            throw error
        }
    }

    /// Writes the page of one code, and what it needs to be looked at, into a site or a new folder.
    /// - Throws: as ``write(to:)`` does.
    public func writePage(of code: String, to place: URL) throws(IngestError) -> Written {
        let folder = SiteFolder(place: place)
        let mark = try folder.refuseForeign()
        do { try folder.makeFolders(place) } catch { throw folder.cannotWrite(error) }
        guard let line = documents.first else { throw unreadable(code) }
        let page = try page(line)
        var bytes = 0
        for (path, content) in assets.files + [(CodePage.path(code), page.bytes)]
            + (mark ? [] : [(SiteFolder.mark, self.mark)])
        {
            try replaceFile("\(place.path)/\(path)", with: content)
            bytes += content.count
        }
        return Written(pages: 1, bytes: bytes, start: CodePage.path(code))
    }

    // MARK: Parts

    private var mark: [UInt8] {
        var json = JSONWriter(indented: true)
        json.object { json in
            json.field("made_by", "ingest site")
            json.field("revision", context.revision)
            json.field("content_hash", context.manifest["content_hash"]?.text ?? "")
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private func page(_ line: [UInt8]) throws(IngestError) -> (bytes: [UInt8], summary: CodeSummary) {
        guard let document = try? JSONValue(line) else { throw unreadable("a line") }
        let summary = CodeSummary(document)
        let page = CodePage(document, history: history[summary.code] ?? [], context: context, assets: assets)
        return (page.bytes(), summary)
    }

    private func unreadable(_ what: String) -> IngestError {
        IngestError(
            .badData, "document_unreadable", at: Place("codes.ndjson"), "\(what) is no document of a code",
            hint: "`ingest validate` tells whether the published files are intact.")
    }

    /// Writes the code pages side by side.
    private func writeCodePages(to folder: String) throws(IngestError) -> (summaries: [CodeSummary], bytes: Int) {
        let results = inParallel(pieces(of: documents.count, size: 256)) { writePiece($0, to: folder) }
        var all: (summaries: [CodeSummary], bytes: Int) = ([], 0)
        for result in results {
            let piece = try result.get()
            all.summaries += piece.summaries
            all.bytes += piece.bytes
        }
        return all
    }

    private func writePiece(
        _ range: Range<Int>, to folder: String
    ) -> Result<(summaries: [CodeSummary], bytes: Int), IngestError> {
        do throws(IngestError) {
            var summaries: [CodeSummary] = []
            var bytes = 0
            for index in range {
                let page = try page(documents[index])
                try writeFile(page.bytes, to: "\(folder)/\(CodePage.path(page.summary.code))")
                summaries.append(page.summary)
                bytes += page.bytes.count
            }
            return .success((summaries, bytes))
        } catch {
            return .failure(error)
        }
    }

    /// The section pages: those of our own ranges first, then Level II by letter.
    private func sections(_ summaries: [CodeSummary]) -> [SectionPage] {
        var order: [String] = []
        var codes: [String: [CodeSummary]] = [:]
        for summary in summaries {
            if codes[summary.sectionID] == nil { order.append(summary.sectionID) }
            codes[summary.sectionID, default: []].append(summary)
        }
        return order.map { id in
            SectionPage(
                id: id, name: codes[id]?.first?.sectionName ?? "", codes: codes[id] ?? [], context: context,
                assets: assets)
        }
    }
}
