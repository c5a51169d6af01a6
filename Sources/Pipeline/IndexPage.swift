import Fetch
import Foundation
import Model
import Schemas

/// CMS's page that lists the files of a kind. Its layout has changed often: only its links are read.
struct IndexPage {
    private let kind: SourceKind
    private let client: Client
    private let links: [Page.Link]

    /// - Throws: when the page cannot be read.
    init(_ definition: SourceCatalogue.Definition, client: Client) throws(DownloadFailure) {
        kind = definition.kind
        self.client = client
        // A page of CMS's vouches for CMS's files only.
        let host = URLComponents(string: definition.index)?.host
        links = try page(definition.index, client: client).links.filter {
            URLComponents(string: $0.address)?.host == host
        }
    }

    /// What the page links to for each release that it names, by label.
    var releases: [String: String] {
        var releases: [String: String] = [:]
        for link in links {
            guard let label = releaseLabel(in: link.words) ?? releaseLabel(in: lastPart(link.address)) else { continue }
            if releases[label] == nil { releases[label] = link.address }
        }
        return releases
    }

    /// The archives of `release` that the page links to, or the release's own page behind it.
    /// - Throws: when that page cannot be read.
    func archives(of release: Release) throws(DownloadFailure) -> [String] {
        guard kind == .rvu else {
            // HCPCS and ASP archives are linked at once, and named by month and year.
            let words = [release.titleMonth.lowercased(), "\(release.year)"]
            return Array(
                links.map(\.address).filter { address in
                    let name = lastPart(address).lowercased()
                    return isArchive(address) && words.allSatisfy(name.contains) && !name.contains("correction")
                        && (kind == .hcpcs ? name.contains("hcpcs") && name.contains("file") : true)
                }.prefix(2))
        }
        guard let address = releases[release.label] else { return [] }
        if isArchive(address) { return [address] }
        let host = URLComponents(string: address)?.host
        return Array(
            try page(address, client: client).links.map(\.address)
                .filter {
                    URLComponents(string: $0)?.host == host && isArchive($0)
                        && releaseLabel(in: lastPart($0)) == release.label
                }.prefix(2))
    }
}

private func isArchive(_ address: String) -> Bool {
    URLComponents(string: address)?.path.lowercased().hasSuffix(".zip") ?? false
}

/// The path below `/files/zip/`, which may have slashes of its own, or the part behind the last slash.
private func lastPart(_ address: String) -> String {
    let path = URLComponents(string: address)?.path ?? ""
    if let folder = path.range(of: "/zip/") { return String(path[folder.upperBound...]) }
    return path.split(separator: "/").last.map(String.init) ?? ""
}

/// The first release label in `text`: `RVU26A`, `rvu24ar-posted-…`, `rvu25d-0`.
private func releaseLabel(in text: String) -> String? {
    let upper = Array(text.uppercased().utf8)
    let marker = Array("RVU".utf8)
    for start in 0..<max(0, upper.count - 5) where upper[start..<(start + 3)].elementsEqual(marker) {
        func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        // PPRRVU26 is a member, and not a release.
        if start > 0, isLetter(upper[start - 1]) { continue }
        var label = upper[start..<(start + 6)]
        guard isDigit(upper[start + 3]), isDigit(upper[start + 4]), (0x41...0x44).contains(upper[start + 5]) else {
            continue
        }
        var end = start + 6
        if end < upper.count, upper[end] == UInt8(ascii: "R") {
            label = upper[start...end]
            end += 1
        }
        if end < upper.count, isLetter(upper[end]) { continue }
        return String(decoding: label, as: UTF8.self)
    }
    return nil
}
