/// Builds small ZIP archives, honest or with one lie told on purpose.
public struct ZIP {
    public struct Member {
        public var name: [UInt8]
        public var contents: [UInt8]
        /// 0 stored, 8 deflate (in blocks that are not compressed, which any inflater must read).
        public var method: UInt16
        public var flags: UInt16 = 0
        /// What the directory states; the truth where `nil`.
        public var crc: UInt32?
        public var size: UInt32?
        public var compressedSize: UInt32?
        public var offset: UInt32?
        /// What the member's own header states.
        public var localName: [UInt8]?
        public var localMethod: UInt16?

        public init(_ name: String, _ contents: [UInt8], method: UInt16 = 0) {
            self.name = Array(name.utf8)
            self.contents = contents
            self.method = method
        }

        public init(_ name: String, _ contents: String, method: UInt16 = 0) {
            self.init(name, Array(contents.utf8), method: method)
        }

        var compressed: [UInt8] { method == 8 ? deflateBlocks(contents) : contents }
    }

    public var members: [Member]
    public var comment: [UInt8] = []
    /// What the end record states: the number of this disk and of members in all.
    public var disk: UInt16 = 0
    public var count: UInt16?
    public var directoryOffset: UInt32?

    public init(_ members: [Member]) { self.members = members }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let offset = UInt32(bytes.count)
            let compressed = member.compressed
            let truth = (
                crc: crc32(member.contents), compressed: UInt32(compressed.count), size: UInt32(member.contents.count)
            )
            bytes.append32(0x0403_4B50)
            bytes.append16(20, member.flags, member.localMethod ?? member.method, 0, 0x21)
            bytes.append32(truth.crc, truth.compressed, truth.size)
            bytes.append16(UInt16((member.localName ?? member.name).count), 0)
            bytes += (member.localName ?? member.name) + compressed

            directory.append32(0x0201_4B50)
            directory.append16(20, 20, member.flags, member.method, 0, 0x21)
            directory.append32(
                member.crc ?? truth.crc, member.compressedSize ?? truth.compressed, member.size ?? truth.size)
            directory.append16(UInt16(member.name.count), 0, 0, 0, 0)
            directory.append32(0, member.offset ?? offset)
            directory += member.name
        }
        let start = UInt32(bytes.count)
        let total = UInt16(members.count)
        bytes += directory
        bytes.append32(0x0605_4B50)
        bytes.append16(disk, 0, total, count ?? total)
        bytes.append32(UInt32(directory.count), directoryOffset ?? start)
        bytes.append16(UInt16(comment.count))
        return bytes + comment
    }
}

/// A gzip file (RFC 1952) of one member.
public func gzip(_ contents: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF] + deflateBlocks(contents)
    bytes.append32(crc32(contents), UInt32(contents.count))
    return bytes
}

/// Raw deflate (RFC 1951) in stored blocks.
private func deflateBlocks(_ contents: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    var start = 0
    repeat {
        let end = min(start + 0xFFFF, contents.count)
        let length = UInt16(end - start)
        bytes.append(end == contents.count ? 1 : 0)
        bytes.append16(length, ~length)
        bytes += contents[start..<end]
        start = end
    } while start < contents.count
    return bytes
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}

extension [UInt8] {
    fileprivate mutating func append16(_ numbers: UInt16...) {
        for number in numbers { self += [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)] }
    }

    fileprivate mutating func append32(_ numbers: UInt32...) {
        for number in numbers {
            append16(UInt16(truncatingIfNeeded: number), UInt16(number >> 16))
        }
    }
}
