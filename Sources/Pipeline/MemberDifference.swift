import Digest
import Foundation
import Model
import Unpack

/// What a re-posted archive holds that the one before did not.
public struct MemberDifference: Sendable {
    public struct Member: Sendable, Hashable {
        public let name: String
        public let bytes: Int
        let sha256: String
    }

    public var added: [Member] = []
    public var removed: [Member] = []
    public var changed: [(old: Member, new: Member)] = []
    /// How many members are the same.
    public var equal = 0

    init(_ old: [Member], _ new: [Member]) {
        for member in new {
            guard let other = old.first(where: { $0.name == member.name }) else {
                added.append(member)
                continue
            }
            if other == member { equal += 1 } else { changed.append((other, member)) }
        }
        removed = old.filter { member in !new.contains { $0.name == member.name } }
    }
}

/// What an archive says of itself.
struct ArchiveContents {
    var members: [MemberDifference.Member] = []
    /// The RELEASED line of PPRRVU.
    var released: CalendarDate?
}

/// A fetched archive larger than this is kept without a look into it.
private let largestLook = 1 << 26

/// Unpacks every member once, which also proves their checksums.
/// - Returns: `nil` for an archive that is too large to look into.
/// - Throws: when the archive is damaged, or cannot be read.
func contents(of file: URL, name: String) throws(IngestError) -> ArchiveContents? {
    let data: Data
    do {
        let size = try file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
        if size > largestLook { return nil }
        data = try Data(contentsOf: file)
    } catch {
        throw IngestError(
            .unavailable, "source_unreadable", at: Place(file.relativePath),
            "it cannot be read: \(error.localizedDescription)",
            hint: "Check the folder's permissions and the disk, then fetch again.")
    }
    let archive = try Archive([UInt8](data), name: name)
    var contents = ArchiveContents()
    for document in archive.documents {
        let bytes = try document.load()
        let member = document.path.dropFirst(name.utf8.count + 1)
        contents.members.append(
            MemberDifference.Member(name: String(member), bytes: bytes.count, sha256: Digest.hex(bytes)))
        if contents.released == nil, document.fileExtension == "csv", document.name.uppercased().contains("PPRRVU") {
            contents.released = releasedDate(bytes)
        }
    }
    contents.members.sort { $0.name < $1.name }
    return contents
}

/// CMS's posting date stands in the lines above the header.
private func releasedDate(_ bytes: [UInt8]) -> CalendarDate? {
    for line in bytes.prefix(4096).split(separator: 0x0A) {
        guard let found = line.firstRange(of: Array("RELEASED ".utf8)) else { continue }
        let date = line[found.upperBound...].prefix { $0 == UInt8(ascii: "/") || (0x30...0x39).contains($0) }
        return CalendarDate(american: String(decoding: date, as: UTF8.self))
    }
    return nil
}
