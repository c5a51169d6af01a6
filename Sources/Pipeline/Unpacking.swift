import Acquire
import Digest
import Model
import Unpack

/// The documents of all inputs, with the ledger of what was found.
struct Unpacked {
    var documents: [SourceDocument] = []
    var inputs: [Input] = []
}

/// Opens archives, and archives in archives; loose files stand for themselves.
/// - Throws: for an archive that is damaged or hostile, and for a file that the user named and that is not read.
func unpack(_ acquired: Acquired) throws(IngestError) -> Unpacked {
    var opener = Opener(unpacked: Unpacked(inputs: acquired.ignored))
    for file in acquired.files {
        try opener.open(
            Opener.File(
                path: file.name, bytes: file.bytes, sha256: file.sha256, isNamedByUser: file.isNamedByUser, depth: 1))
    }
    return opener.unpacked
}

/// Follows archives into each other, to a limited depth and amount.
private struct Opener {
    /// A file that lies at hand whole.
    struct File {
        /// Its name, or `archive.zip/inner.zip`.
        let path: String
        let bytes: [UInt8]
        let sha256: String
        let isNamedByUser: Bool
        /// How many archives it lies in, itself included.
        let depth: Int

        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
        var lowerName: String { name.lowercased() }
        /// A workbook is an archive too, but one table to us.
        var isArchive: Bool {
            !lowerName.hasSuffix(".xlsx") && (lowerName.hasSuffix(".zip") || Archive.isArchive(bytes))
        }
    }

    /// CMS's payment archives hold one for each track, and a maintainer may pack what CMS packed.
    private static let deepest = 4
    /// What all archives inside others may unpack to: fifty times CMS's largest.
    private static let largestInside = 1 << 30

    /// CMS's archives have some twenty members.
    private static let mostDocuments = 10_000

    var unpacked: Unpacked
    private var seen: [String: String] = [:]
    private var bytesInside = 0

    init(unpacked: Unpacked) { self.unpacked = unpacked }

    mutating func open(_ file: File) throws(IngestError) {
        if let first = seen.updateValue(file.path, forKey: file.sha256) {
            seen[file.sha256] = first
            list(file, .ignored, "the same file as \(first)")
        } else if let reason = unreadable(file.name) {
            guard !file.isNamedByUser else {
                throw IngestError(
                    .badData, "form_unreadable", at: Place(file.path), "this is \(reason)",
                    hint: "Name the TXT, CSV or XLSX of the same table, or CMS's archive.")
            }
            list(file, .ignored, reason)
        } else if file.lowerName.hasSuffix(".gz") || isGzip(file.bytes) {
            try openGzip(file)
        } else if file.isArchive {
            try openArchive(file)
        } else {
            let bytes = file.bytes
            unpacked.documents.append(
                SourceDocument(path: file.path, size: bytes.count, isNamedByUser: file.isNamedByUser) {
                    () throws(IngestError) in bytes
                })
        }
    }

    private mutating func openGzip(_ file: File) throws(IngestError) {
        try refuseDepth(file)
        let contents = try gunzip(file.bytes, name: file.path)
        try account(contents.count, file)
        list(file, .archive)
        let name = file.lowerName.hasSuffix(".gz") ? String(file.name.dropLast(3)) : file.name
        try open(
            File(
                path: "\(file.path)/\(name)", bytes: contents, sha256: Digest.hex(contents),
                isNamedByUser: file.isNamedByUser, depth: file.depth + 1))
    }

    private mutating func openArchive(_ file: File) throws(IngestError) {
        try refuseDepth(file)
        let archive = try Archive(file.bytes, name: file.path)
        list(file, .archive)
        guard unpacked.documents.count + unpacked.inputs.count + archive.documents.count <= Self.mostDocuments else {
            throw IngestError(
                .badData, "archive_too_large", at: Place(file.path),
                "the archives hold more than \(Self.mostDocuments) members")
        }
        for document in archive.documents {
            if let reason = unreadable(document.name) {
                unpacked.inputs.append(
                    Input(path: document.path, bytes: document.size, sha256: "", role: .ignored, remark: reason))
            } else if document.fileExtension == "zip" || document.fileExtension == "gz" {
                try account(document.size, file)
                let bytes = try document.load()
                try open(
                    File(
                        path: document.path, bytes: bytes, sha256: Digest.hex(bytes), isNamedByUser: false,
                        depth: file.depth + 1))
            } else {
                unpacked.documents.append(document)
            }
        }
    }

    private func refuseDepth(_ file: File) throws(IngestError) {
        guard file.depth <= Self.deepest else {
            throw IngestError(
                .badData, "archive_too_deep", at: Place(file.path),
                "it lies in \(file.depth - 1) archives, one in the other; at most \(Self.deepest) are opened",
                hint: "Unpack the outer ones, and name what is in them.")
        }
    }

    private mutating func account(_ bytes: Int, _ file: File) throws(IngestError) {
        bytesInside += bytes
        guard bytesInside <= Self.largestInside else {
            throw IngestError(
                .badData, "archive_too_large", at: Place(file.path),
                "the archives inside others unpack to more than \(Self.largestInside) bytes")
        }
    }

    private mutating func list(_ file: File, _ role: Input.Role, _ remark: String? = nil) {
        unpacked.inputs.append(
            Input(path: file.path, bytes: file.bytes.count, sha256: file.sha256, role: role, remark: remark))
    }
}
