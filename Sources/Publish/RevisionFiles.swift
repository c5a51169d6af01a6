import Digest
import Foundation
import JSON
import Model
import Parallel
import Zlib

/// A revision as it is served: exactly its own files, a JSON file for each code with an index of them, and beside each
/// file its packed form.
struct RevisionFiles: Sendable {
    let name: RevisionName
    /// The revision's folder in the store.
    let source: URL
    let manifest: [UInt8]
    private let files: [ManifestFile]
    /// What names and signs the manifest, as far as it is there.
    private let seals: [(path: String, bytes: [UInt8])]
    let tier: String

    private static let documents = "codes.ndjson"
    private static let sealName = "manifest.json.sha256"

    /// Reads a revision's manifest.
    /// - Throws: when it cannot be read, or is not the one that was published.
    init(name: RevisionName, source: URL) throws(IngestError) {
        self.name = name
        self.source = source
        func file(_ path: String) -> [UInt8]? { readFile(source.appendingPathComponent(path).path) }
        guard let bytes = file("manifest.json"), let json = try? JSONValue(bytes),
            json["release"]?["label"]?.string == name.label, json["release"]?["revision"]?.integer == name.number
        else { throw Self.damaged(source, "manifest.json", "it is no manifest of \(name)") }
        let seal = file(Self.sealName)
        if let seal, seal != Digest.seal(of: bytes, name: "manifest.json") {
            throw Self.damaged(source, "manifest.json", "its hash is not that of \(Self.sealName)")
        }
        manifest = bytes
        tier = json["tier"]?.string ?? ""
        let elements = json["files"]?.elements ?? []
        files = elements.compactMap(ManifestFile.init)
        guard files.count == elements.count else {
            throw Self.damaged(source, "manifest.json", "it names a file that cannot be one of the revision")
        }
        seals = [(Self.sealName, seal), ("manifest.json.sig", file("manifest.json.sig"))].compactMap { path, bytes in
            bytes.map { (path, $0) }
        }
    }

    private static func damaged(_ folder: URL, _ path: String, _ what: String) -> IngestError {
        IngestError(
            .badData, "revision_damaged", at: Place(folder.appendingPathComponent(path).path),
            "this is not what was published: \(what)",
            hint: "Restore the revision's folder from a copy; `ingest validate` says more. Nothing of it was hosted.")
    }

    /// A part of the work, which a core does by itself.
    private enum Part {
        case file(ManifestFile)
        case codes(Range<Int>)
    }

    /// What was written or looked at.
    struct Count {
        var files = 0
        var bytes = 0

        static func + (left: Count, right: Count) -> Count {
            Count(files: left.files + right.files, bytes: left.bytes + right.bytes)
        }
    }

    private var documentFile: ManifestFile? { files.first { $0.path == Self.documents } }

    /// The work, the largest files first, so that the cores end together.
    private func parts(codes: Int) -> [Part] {
        files.sorted { ($0.bytes, $0.path) > ($1.bytes, $1.path) }.map { .file($0) }
            + pieces(of: codes, size: 256).map { .codes($0) }
    }

    // MARK: Writing

    /// Writes all of it into `folder`, which is new.
    /// - Throws: when a file is not what the manifest says, or cannot be written.
    func write(to folder: URL) throws(IngestError) -> Count {
        let documents = try documentFile.map { file throws(IngestError) in lines(try contents(of: file)) } ?? []
        for path in Set(files.compactMap(\.folder)).union(["codes"]).sorted() {
            try HostedFolder.makeFolder(folder.appendingPathComponent(path))
        }
        var count = Count()
        var index: [[UInt8]] = []
        for result in inParallel(parts(codes: documents.count), { write($0, documents, to: folder) }) {
            let written = try result.get()
            count = count + written.count
            index += written.index
        }
        var gzip = Gzip()
        func put(_ bytes: [UInt8], _ path: String) throws(IngestError) {
            count = count + (try Self.write(bytes, to: folder.appendingPathComponent(path).path, &gzip))
        }
        try put(codeIndex(index), "codes/index.json")
        for (path, bytes) in seals { try put(bytes, path) }
        try put(manifest, "manifest.json")
        return count
    }

    private func write(
        _ part: Part, _ documents: [ArraySlice<UInt8>], to folder: URL
    ) -> Result<(count: Count, index: [[UInt8]]), IngestError> {
        do throws(IngestError) {
            var gzip = Gzip()
            switch part {
            case .file(let file):
                let path = folder.appendingPathComponent(file.path).path
                return .success((try Self.write(try contents(of: file), to: path, &gzip), []))
            case .codes(let range):
                var count = Count()
                var index: [[UInt8]] = []
                for line in documents[range] {
                    let entry = try CodeEntryLine(Array(line), in: source)
                    index.append(entry.bytes)
                    let path = "\(folder.path)/codes/\(entry.code).json"
                    count = count + (try Self.write(line + [UInt8(ascii: "\n")], to: path, &gzip))
                }
                return .success((count, index))
            }
        } catch {
            return .failure(error)
        }
    }

    private static func write(
        _ bytes: ArraySlice<UInt8>, to path: String, _ gzip: inout Gzip
    ) throws(IngestError) -> Count { try write(Array(bytes), to: path, &gzip) }

    private static func write(_ bytes: [UInt8], to path: String, _ gzip: inout Gzip) throws(IngestError) -> Count {
        try writeFile(bytes, to: path)
        let packed = gzip.pack(bytes)
        try writeFile(packed, to: path + ".gz")
        return Count(files: 2, bytes: bytes.count + packed.count)
    }

    /// A file of the revision, which must be what the manifest says.
    private func contents(of file: ManifestFile) throws(IngestError) -> [UInt8] {
        guard let bytes = readFile(source.appendingPathComponent(file.path).path) else {
            throw Self.damaged(source, file.path, "the manifest names it and it cannot be read")
        }
        guard bytes.count == file.bytes, Digest.hex(bytes) == file.sha256 else {
            throw Self.damaged(source, file.path, "it has not the bytes and the hash that the manifest says")
        }
        return bytes
    }

    private func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] { bytes.split(separator: 0x0A) }

    private func codeIndex(_ entries: [[UInt8]]) -> [UInt8] {
        var bytes = Array("{\n  \"release\": \"\(name.label)\",\n  \"revision\": \(name.number),\n  \"codes\": [".utf8)
        for (place, entry) in entries.enumerated() {
            bytes += Array((place > 0 ? ",\n    " : "\n    ").utf8)
            bytes += entry
        }
        return bytes + Array("\n  ]\n}\n".utf8)
    }

    // MARK: Looking at what is there

    /// Compares what was published before with the revision: every file by its hash, every code's with its line, and every
    /// packed form with what it was packed from. Packed by another version of zlib it may have other bytes.
    /// - Throws: when anything is not as it was.
    func check(_ path: String, in folder: borrowing HostedFolder) throws(IngestError) -> Count {
        let place = folder.place
        func differs(_ file: String, _ what: String) -> IngestError { folder.differs("\(path)/\(file)", what) }
        for (file, bytes) in [("manifest.json", manifest)] + seals.map({ ($0.path, $0.bytes) })
        where folder.bytes("\(path)/\(file)") != bytes {
            throw differs(file, "it is not that of the store's \(name)")
        }
        let root = place.appendingPathComponent(path).path
        var documents: [ArraySlice<UInt8>] = []
        if let file = documentFile {
            documents = lines(readFile("\(root)/\(file.path)") ?? [])
        }
        let fixed = documents
        var count = Count()
        for result in inParallel(parts(codes: documents.count), { Self.look($0, fixed, in: root) }) {
            switch result {
            case .success(let looked): count = count + looked
            case .failure(let problem): throw differs(problem.path, problem.what)
            }
        }
        for file in ["codes/index.json", "manifest.json"] + seals.map(\.path) {
            switch Self.pair("\(root)/\(file)", nil) {
            case .success(let looked): count = count + looked
            case .failure(let problem): throw differs(file + problem.path, problem.what)
            }
        }
        return count
    }

    private struct Problem: Error {
        let path: String
        let what: String
    }

    private static func look(
        _ part: Part, _ documents: [ArraySlice<UInt8>], in root: String
    ) -> Result<Count, Problem> {
        func named(_ path: String, _ result: Result<Count, Problem>) -> Result<Count, Problem> {
            result.mapError { Problem(path: path + $0.path, what: $0.what) }
        }
        switch part {
        case .file(let file):
            guard let bytes = readFile("\(root)/\(file.path)") else {
                return .failure(Problem(path: file.path, what: "it cannot be read"))
            }
            guard bytes.count == file.bytes, Digest.hex(bytes) == file.sha256 else {
                return .failure(Problem(path: file.path, what: "its hash is not the one that the manifest says"))
            }
            return named(file.path, pair("\(root)/\(file.path)", bytes))
        case .codes(let range):
            var count = Count()
            for line in documents[range] {
                let path = "codes/\(CodeEntryLine.code(line)).json"
                guard let bytes = readFile("\(root)/\(path)"), bytes.last == 0x0A, bytes.dropLast() == line else {
                    return .failure(Problem(path: path, what: "it is not the code's line in codes.ndjson"))
                }
                switch named(path, pair("\(root)/\(path)", bytes)) {
                case .success(let looked): count = count + looked
                case .failure(let problem): return .failure(problem)
                }
            }
            return .success(count)
        }
    }

    /// Whether the packed form of a file unpacks to it.
    private static func pair(_ path: String, _ contents: [UInt8]?) -> Result<Count, Problem> {
        guard let contents = contents ?? readFile(path) else {
            return .failure(Problem(path: "", what: "it cannot be read"))
        }
        guard let packed = readFile(path + ".gz"), (try? gunzip(packed, largest: contents.count)) == contents else {
            return .failure(Problem(path: ".gz", what: "it does not unpack to the file beside it"))
        }
        return .success(Count(files: 2, bytes: contents.count + packed.count))
    }
}

extension ManifestFile {
    /// The folder it lies in, below the revision's; `nil` for the revision's own.
    fileprivate var folder: String? {
        path.lastIndex(of: "/").map { String(path[..<$0]) }
    }
}

/// A code in a revision's index.
private struct CodeEntryLine {
    let code: String
    let bytes: [UInt8]

    /// The code of a document, which begins with it.
    static func code(_ line: ArraySlice<UInt8>) -> String {
        String(decoding: line.dropFirst(#"{"code":""#.utf8.count).prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }

    init(_ line: [UInt8], in source: URL) throws(IngestError) {
        guard let document = try? JSONValue(line), let code = document["code"]?.string, code.utf8.count == 5,
            code.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
        else {
            throw IngestError(
                .badData, "document_unreadable", at: Place(source.appendingPathComponent("codes.ndjson").path),
                "a line is no document of a code", hint: "`ingest validate` tells whether the revision is intact.")
        }
        self.code = code
        let rows = document["relative_values"]?.elements ?? []
        let row = rows.first { $0["modifier"]?.string == nil } ?? rows.first
        var json = JSONWriter(indented: false)
        json.object { json in
            json.field("code", code)
            json.field("title", document["title"]?.string ?? document["suggested_title"]?.string)
            json.field("system", document["system"]?.string)
            json.field("section", document["section"]?["id"]?.string)
            json.field("status", row?["status"]?.string)
        }
        bytes = json.bytes
    }
}
