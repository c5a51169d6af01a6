import Fetch
import Foundation
import Model
import TestSupport
import Testing

@Suite("Addresses")
struct AddressTests {
    @Test(
        "A fetched file is named as CMS names it, dates with slashes included",
        arguments: [
            ("https://www.cms.gov/files/zip/rvu25a-updated-01/10/2025.zip", "rvu25a-updated-01_10_2025.zip"),
            ("https://www.cms.gov/files/zip/rvu21d.zip", "rvu21d.zip"),
            (
                "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets/Downloads/2020-Alpha-Numeric-HCPCS-File.zip",
                "2020-Alpha-Numeric-HCPCS-File.zip"
            ),
            ("https://a.example/x.zip?y=../z", "x.zip"),
        ])
    func names(address: String, name: String) { #expect(fileName(of: address) == name) }

    @Test(
        "No address gives a name that leads elsewhere",
        arguments: [
            "https://a.example/files/zip/../../../etc/passwd", "https://a.example/", "https://a.example/files/zip/",
            "https://a.example/..", "https://a.example/%2e%2e%2fx", "https://a.example/.zip", "", "\u{0}",
            "/files/zip/%00.zip",
            "https://a.example/files/zip/" + String(repeating: "x", count: 5000),
        ])
    func safeNames(address: String) {
        let name = fileName(of: address)
        #expect(!name.isEmpty && name.utf8.count < 200 && name.first != "." && name.hasSuffix(".zip"))
        #expect(name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
    }

    @Test(
        "A mirror is an HTTP address",
        arguments: ["", "x", "ftp://a.example", "http://", "https://a.example/?q", "file:///"])
    func mirrors(address: String) {
        #expect(refusal { try Mirror(address) }?.ids == ["mirror_address"])
    }
}

@Suite("Versions of a file")
struct ValidatorTests {
    private func version(_ etag: String?, _ date: String?, _ bytes: Int?) -> Validators {
        Validators(etag: etag, lastModified: date, bytes: bytes)
    }

    @Test("The tag decides where both have one") func tag() {
        #expect(version("a", "d", 1).isSame(as: version("a", "e", 2)))
        #expect(!version("a", "d", 1).isSame(as: version("b", "d", 1)))
    }

    @Test("Without tags date and length decide together") func date() {
        #expect(version(nil, "d", 1).isSame(as: version("b", "d", 1)))
        #expect(version(nil, "d", nil).isSame(as: version(nil, "d", 1)))
        #expect(!version(nil, "d", 1).isSame(as: version(nil, "d", 2)))
        #expect(!version(nil, "d", 1).isSame(as: version(nil, "e", 1)))
    }

    @Test("Without both the length decides, and nothing says nothing") func length() {
        #expect(version(nil, nil, 1).isSame(as: version("x", "d", 1)))
        #expect(!version(nil, nil, 1).isSame(as: version(nil, nil, 2)))
        #expect(!version(nil, nil, nil).isSame(as: version(nil, nil, nil)))
        #expect(!version("a", nil, nil).isSame(as: version(nil, "d", nil)))
    }
}

@Suite("Pages")
struct PageTests {
    private func links(_ html: String) -> [Page.Link] {
        Page(address: "https://www.cms.gov/a/b", html: Array(html.utf8)).links
    }

    @Test(
        "A link is found however it is written",
        arguments: [
            #"<a href="/x.zip">RVU27A</a>"#, "<A class=y HREF='/x.zip'>RVU27A</A>", "<a href=/x.zip>RVU27A</a>",
            "<a\n href = \"\n/x.zip \"><span>RVU</span>27A</a>", #"<a href="../x.zip">RVU27A</a>"#,
            #"<a href="https://www.cms.gov/x.zip">RVU27A"#,
        ])
    func found(html: String) {
        #expect(links(html).map(\.address) == ["https://www.cms.gov/x.zip"])
        #expect(links(html).map(\.words) == ["RVU27A"])
    }

    @Test(
        "What is no link is passed over",
        arguments: [
            "", "href", "href=", "href=\"", "<a href=>x</a>", "<a href=\"javascript:x()\">", "<a href='mailto:a@b'>",
            "hre", "<a href=\"",
        ])
    func none(html: String) { #expect(links(html).isEmpty) }

    @Test("An ampersand is read as one") func ampersand() {
        #expect(links(#"<a href="/x?a=1&amp;b=2">"#).first?.address == "https://www.cms.gov/x?a=1&b=2")
    }

    @Test("Any bytes are read to the end") func random() {
        var chance = SeededRandom(11)
        let alphabet = Array("<a href=\"'>/x.zip \u{0}\u{FF}hrefHREF".utf8)
        for _ in 0..<2_000 {
            let html = chance.bytes(of: alphabet, count: 0...200)
            #expect(Page(address: "https://www.cms.gov/", html: html).links.count < 60)
        }
    }
}

@Suite("The folder of downloads")
struct SourceFolderTests {
    private let temporary: TemporaryFolder
    private let folder: SourceFolder
    private let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    init() throws {
        temporary = try TemporaryFolder()
        folder = SourceFolder(temporary["sources"])
        try folder.make()
        let place = temporary["sources/sha256/\(hash)"]
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data("abc".utf8).write(to: place.appendingPathComponent("a.zip"))
    }

    @Test("A file is found under the hash of its content") func whole() {
        guard case .whole(let file) = folder.kept(hash, name: "a.zip") else {
            Issue.record("it is not found")
            return
        }
        #expect(file.lastPathComponent == "a.zip")
    }

    @Test("A file that is not what its hash says is damaged") func damaged() throws {
        try Data("abd".utf8).write(to: temporary["sources/sha256/\(hash)/a.zip"])
        guard case .damaged = folder.kept(hash, name: "a.zip") else {
            Issue.record("the damage is not noticed")
            return
        }
    }

    @Test(
        "What is no hash leads nowhere", arguments: ["", "..", "../..", "BA7816BF", String(repeating: "Z", count: 64)])
    func noHash(hash: String) {
        guard case .missing = folder.kept(hash, name: "a.zip") else {
            Issue.record("\(hash) is found")
            return
        }
    }

    @Test("What arrived in part long ago is forgotten, and what did lately is not") func forgotten() throws {
        for (name, days) in [("old", 8.0), ("new", 6.0)] {
            let file = temporary["sources/partial/\(name).part"]
            try Data("x".utf8).write(to: file)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -days * 86_400)], ofItemAtPath: file.path)
        }
        folder.clearForgotten()
        #expect(temporary.files.filter { $0.hasSuffix(".part") } == ["sources/partial/new.part"])
    }
}
