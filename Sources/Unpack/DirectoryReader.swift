import Model

/// Reads the end record and the central directory of a ZIP archive (PKWARE APPNOTE 4.3).
struct DirectoryReader {
    let bytes: [UInt8]
    let name: String
    let limits: Archive.Limits

    private static let endSignature: UInt32 = 0x0605_4B50
    private static let entrySignature: UInt32 = 0x0201_4B50
    private static let memberSignature: UInt32 = 0x0403_4B50

    mutating func entries() throws(IngestError) -> [Archive.Entry] {
        let end = try endRecord()
        guard u16(end + 4) == 0, u16(end + 6) == 0, u16(end + 8) == u16(end + 10) else {
            throw refused("archive_split", "it is one part of an archive split over several files")
        }
        let count = Int(u16(end + 10))
        let size = Int(u32(end + 12))
        let start = Int(u32(end + 16))
        guard count != 0xFFFF, size != 0xFFFF_FFFF, start != 0xFFFF_FFFF else {
            throw refused("archive_zip64", "it uses ZIP64, which CMS's archives do not")
        }
        guard count <= limits.members else {
            throw refused("archive_too_large", "it has \(count) members; at most \(limits.members) are read")
        }
        guard start + size == end else {
            throw damaged("its directory should end at byte \(end) and ends at byte \(start + size)")
        }

        var entries: [Archive.Entry] = []
        var names: Set<String> = []
        var position = start
        var total = 0
        for _ in 0..<count {
            guard position + 46 <= end, u32(position) == Self.entrySignature else {
                throw damaged("its directory breaks off after \(entries.count) of \(count) members")
            }
            let nameEnd = position + 46 + Int(u16(position + 28))
            let next = nameEnd + Int(u16(position + 30)) + Int(u16(position + 32))
            guard next <= end else { throw damaged("its directory breaks off inside a member's name") }
            let member = try memberName(bytes[(position + 46)..<nameEnd])
            let entry = try entry(at: position, name: member, directory: start)
            position = next
            guard names.insert(member.lowercased()).inserted else {
                throw refused("archive_duplicate_member", "it holds '\(member)' twice")
            }
            total += entry.size
            guard total <= limits.totalBytes else {
                throw refused(
                    "archive_too_large", "its members unpack to more than \(limits.totalBytes) bytes")
            }
            if !member.hasSuffix("/") { entries.append(entry) }
        }
        guard position == end else { throw damaged("its directory holds more than the \(count) members it counts") }
        try refuseOverlaps(entries)
        return entries
    }

    /// The end record stands at the very end, before a comment of known length.
    private func endRecord() throws(IngestError) -> Int {
        if let first = bytes.first(where: { $0 > 0x20 }), first == UInt8(ascii: "<") {
            throw IngestError(
                .badData, "html_instead_of_archive", at: Place(name, line: 1),
                "this is an HTML page, not a ZIP archive",
                hint: "CMS answers some requests with a page: open the link in a browser and save the file.")
        }
        guard Archive.isArchive(bytes) else {
            throw IngestError(
                .badData, "not_an_archive", at: Place(name),
                "a ZIP archive begins with the bytes 'PK' 03 04; this file begins with "
                    + bytes.prefix(4).map { String($0, radix: 16) }.joined(separator: " "))
        }
        var position = bytes.count - 22
        let lowest = max(0, position - 0xFFFF)
        while position >= lowest {
            if u32(position) == Self.endSignature, position + 22 + Int(u16(position + 20)) == bytes.count {
                return position
            }
            position -= 1
        }
        throw damaged("it has no end record: the file is cut")
    }

    private func entry(
        at position: Int, name member: String, directory: Int
    ) throws(IngestError) -> Archive.Entry {
        func refusedMember(_ id: String, _ message: String) -> IngestError {
            IngestError(.badData, id, at: Place("\(name)/\(member)"), message)
        }
        let flags = u16(position + 8)
        let method = u16(position + 10)
        let compressedSize = Int(u32(position + 20))
        let size = Int(u32(position + 24))
        let offset = Int(u32(position + 42))
        guard flags & 0x41 == 0 else { throw refusedMember("archive_encrypted", "it is encrypted") }
        guard method == 0 || method == 8 else {
            throw refusedMember(
                "archive_method", "it is compressed by method \(method); stored (0) and deflate (8) are read")
        }
        guard method == 8 || compressedSize == size else {
            throw refusedMember("archive_damaged", "it is stored, yet its two sizes differ")
        }
        guard size <= limits.memberBytes else {
            throw refusedMember(
                "archive_too_large", "it unpacks to \(size) bytes; at most \(limits.memberBytes) are read")
        }
        guard size <= max(compressedSize, 1024) * limits.ratio else {
            throw refusedMember(
                "archive_ratio",
                "\(compressedSize) bytes that unpack to \(size): no table shrinks \(limits.ratio)-fold")
        }
        guard offset + 30 <= directory, u32(offset) == Self.memberSignature else {
            throw refusedMember("archive_damaged", "its data should begin at byte \(offset) and does not")
        }
        let nameEnd = offset + 30 + Int(u16(offset + 26))
        let start = nameEnd + Int(u16(offset + 28))
        guard start + compressedSize <= directory else {
            throw refusedMember("archive_damaged", "its data runs past byte \(directory), where the directory begins")
        }
        guard u16(offset + 8) == method, try memberName(bytes[(offset + 30)..<nameEnd]) == member else {
            throw refusedMember("archive_damaged", "the directory and the member's own header disagree")
        }
        return Archive.Entry(
            name: member, method: method, crc: u32(position + 16), compressedSize: compressedSize, size: size,
            start: start)
    }

    /// A member's name as text, refused when it could lead out of a folder or deceive a reader.
    private func memberName(_ raw: ArraySlice<UInt8>) throws(IngestError) -> String {
        guard let name = String(validating: raw, as: UTF8.self), !name.isEmpty,
            !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            throw refused("archive_member_name", "a member's name is empty or holds control characters")
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.hasPrefix("/"), !name.contains("\\"), !name.contains(":"), !parts.contains("..") else {
            throw refused("archive_path_escape", "its member '\(name)' points outside the archive")
        }
        return name
    }

    private func refuseOverlaps(_ entries: [Archive.Entry]) throws(IngestError) {
        let byStart = entries.sorted { $0.start < $1.start }
        for (left, right) in zip(byStart, byStart.dropFirst())
        where left.start + left.compressedSize > right.start {
            throw refused("archive_overlap", "its members '\(left.name)' and '\(right.name)' share bytes")
        }
    }

    private func refused(_ id: String, _ message: String) -> IngestError {
        IngestError(.badData, id, at: Place(name), message)
    }

    private func damaged(_ message: String) -> IngestError {
        IngestError(
            .badData, "archive_damaged", at: Place(name), message,
            hint: "The download is incomplete or damaged: fetch the archive again.")
    }

    private func u16(_ position: Int) -> UInt16 {
        position + 2 <= bytes.count && position >= 0
            ? UInt16(bytes[position]) | UInt16(bytes[position + 1]) << 8 : 0
    }

    private func u32(_ position: Int) -> UInt32 { UInt32(u16(position)) | UInt32(u16(position + 2)) << 16 }
}
