import Model

/// Descriptors of the AMA (CPT) and the ADA (D codes) as digests, made from CMS's files at run time and never written
/// anywhere. Only descriptors of three words and more are looked for: shorter ones are common speech.
struct LicensedTexts: Sendable {
    private static let fewest = 3
    private static let most = 40

    /// By the first three words, which numbers of words the descriptors have that begin with them.
    private let beginnings: WordTable<UInt64>
    /// Several codes may have one descriptor.
    private let descriptors: WordTable<[Code]>

    init(_ codes: [CodeEntry]) {
        var words = Words()
        func digests(_ text: String) -> (first: UInt64, whole: UInt64, count: Int)? {
            text.utf8.withContiguousStorageIfAvailable { bytes in
                words.read(bytes)
                let count = words.all.count
                guard count >= Self.fewest, count <= Self.most else { return nil }
                return (
                    Self.digest(words.all[0..<Self.fewest]), Self.digest(words.all[0..<count]), count
                )
            } ?? nil
        }
        // What Level II says as well is free.
        var free: Set<UInt64> = []
        var beginnings: [(UInt64, UInt64)] = []
        var descriptors: [(UInt64, [Code])] = []
        for entry in codes where Tier.public.shows(entry.system) {
            for text in [entry.shortDescriptor, entry.longDescriptor ?? ""] {
                if let found = digests(text) { free.insert(found.whole) }
            }
        }
        for entry in codes where !Tier.public.shows(entry.system) {
            for text in [entry.shortDescriptor, entry.longDescriptor ?? ""] {
                guard let found = digests(text), !free.contains(found.whole) else { continue }
                beginnings.append((found.first, 1 << UInt64(found.count)))
                descriptors.append((found.whole, [entry.code]))
            }
        }
        self.beginnings = WordTable(beginnings, merging: |)
        self.descriptors = WordTable(descriptors, merging: +)
    }

    private static func digest(_ words: ArraySlice<Words.Word>) -> UInt64 {
        words.reduce(0) { ($0 &* 0x9E37_79B9_7F4A_7C15) ^ ($1.number &+ ($0 >> 29)) }
    }

    /// The codes whose descriptor begins at word `index`, and its number of words; the longest.
    func descriptor(at index: Int, of words: Words) -> (codes: [Code], count: Int)? {
        guard index + Self.fewest <= words.all.count,
            var counts = beginnings[Self.digest(words.all[index..<index + Self.fewest])]
        else { return nil }
        while counts != 0 {
            let count = 63 - counts.leadingZeroBitCount
            counts &= ~(1 << UInt64(count))
            guard index + count <= words.all.count else { continue }
            if let codes = descriptors[Self.digest(words.all[index..<index + count])] { return (codes, count) }
        }
        return nil
    }
}

extension Checker {
    /// A descriptor in the text: as the whole of it, of the overlay's own code, or of four words and more.
    mutating func checkLicensed(_ bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < words.all.count {
            guard let (codes, count) = context.licensed.descriptor(at: index, of: words) else {
                index += 1
                continue
            }
            let own = subject.code.flatMap { codes.contains($0) ? $0 : nil }
            guard let code = own ?? codes.first, count > 3 || own != nil || count == words.all.count else {
                index += 1
                continue
            }
            let owner = code.system == .cdt ? "American Dental Association" : "American Medical Association"
            report(
                "overlay_licensed_text", at: Int(words.all[index].start),
                "\(count) words are the descriptor of \(code), which belongs to the \(owner)")
            index += count
        }
    }
}
