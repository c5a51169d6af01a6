import Model
import Unpack

/// What is accepted has names that stay inside, and members of the size and checksum that the directory states,
/// whichever way they are unpacked; no more than the limits allow.
func checkArchive(_ bytes: [UInt8]) throws(BrokenPromise) {
    var limits = Archive.Limits()
    limits.memberBytes = 1 << 20
    limits.totalBytes = 1 << 22
    limits.members = 64
    if isGzip(bytes) { try checkGzip(bytes, limits) }

    let archive: Archive
    do throws(IngestError) { archive = try Archive(bytes, name: "a.zip", limits: limits) } catch {
        return try promiseRefusal(error)
    }
    let listed = Directory(bytes).members
    let documents = archive.documents
    try promise(documents.count <= limits.members, "\(documents.count) members")
    try promise(documents.reduce(0) { $0 + $1.size } <= limits.totalBytes, "larger than the limit in all")
    try promise(Set(documents.map { $0.path.lowercased() }).count == documents.count, "two members of one name")
    for document in documents {
        let name = String(document.path.dropFirst("a.zip/".count))
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        try promise(
            parts.first?.isEmpty == false && !parts.contains("..") && !name.utf8.contains(UInt8(ascii: "\\"))
                && !name.utf8.contains(UInt8(ascii: ":")) && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F },
            "the name \(name.debugDescription)")
        guard let member = listed.first(where: { $0.name.elementsEqual(name.utf8) }) else {
            throw BrokenPromise("\(name.debugDescription) is not in the directory")
        }
        try promise(document.size == member.size && member.size <= limits.memberBytes, "the size of \(name)")

        var streamed: [UInt8] = []
        var whole: [UInt8]?
        do throws(IngestError) { whole = try document.load() } catch { try promiseRefusal(error) }
        do throws(IngestError) { try archive.stream(document) { streamed += $0 } } catch {
            try promiseRefusal(error)
            try promise(whole == nil, "\(name) loads and does not stream")
            continue
        }
        try promise(whole == streamed, "\(name) streams other bytes than it loads")
        guard let whole else { continue }
        try promise(whole.count == member.size, "\(name) has \(whole.count) bytes for \(member.size)")
        try promise(checksum(whole) == member.crc, "\(name) has another checksum than the directory states")
    }
}

/// A gzip file twice over is its contents twice over, and a cut one is none.
private func checkGzip(_ bytes: [UInt8], _ limits: Archive.Limits) throws(BrokenPromise) {
    func unpacked(_ bytes: [UInt8]) throws(BrokenPromise) -> [UInt8]? {
        do throws(IngestError) { return try gunzip(bytes, name: "a.gz", limits: limits) } catch {
            try promiseRefusal(error)
            return nil
        }
    }
    guard let once = try unpacked(bytes) else { return }
    try promise(once.count <= limits.memberBytes, "unpacks to \(once.count) bytes")
    // Padding may follow the last member only.
    guard let last = bytes.last, last != 0, once.count * 2 <= limits.memberBytes else { return }
    if let twice = try unpacked(bytes + bytes) { try promise(twice == once + once, "twice over is not twice") }
    try promise(try unpacked(bytes.dropLast()) != once, "its last byte does not matter")
}

/// The central directory as it stands in the bytes, without any judgement.
private struct Directory {
    struct Member {
        let name: ArraySlice<UInt8>
        let crc: UInt32
        let size: Int
    }

    var members: [Member] = []

    init(_ bytes: [UInt8]) {
        func number(_ position: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { position + $1 < bytes.count ? $0 | Int(bytes[position + $1]) << (8 * $1) : $0 }
        }
        // An archive without members is accepted, and so is any comment, so the end is looked for from behind.
        var end = bytes.count - 22
        while end >= 0, number(end, 4) != 0x0605_4B50 || end + 22 + number(end + 20, 2) != bytes.count { end -= 1 }
        guard end >= 0 else { return }
        var position = number(end + 16, 4)
        for _ in 0..<number(end + 10, 2) where position + 46 <= bytes.count {
            let name = min(position + 46 + number(position + 28, 2), bytes.count)
            members.append(
                Member(
                    name: bytes[(position + 46)..<name], crc: UInt32(number(position + 16, 4)),
                    size: number(position + 24, 4)))
            position = name + number(position + 30, 2) + number(position + 32, 2)
        }
    }
}

/// CRC-32 by its definition (ISO 3309), bit by bit.
private func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xEDB8_8320 }
    }
    return ~crc
}
