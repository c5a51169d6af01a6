import Model
import Schemas

/// Which codes CMS's tables connect with the name of a drug or product: brand names of the ASP crosswalk, names in
/// brackets and in short descriptors, ingredients that descriptors begin with.
struct NameIndex: Sendable {
    /// Where a name is known from; the surer one first.
    enum Origin: Int, Sendable, Comparable {
        case crosswalk, productNames, descriptor, ingredient

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    struct Name: Sendable {
        var origin: Origin
        /// The codes that CMS uses the word for, whether or not it names them.
        var codes: [Code]
    }

    /// Whether the code stands for a drug or product, by position in the release.
    private(set) var isDrug: [Bool]
    private var names: [UInt64: Name] = [:]
    private let codes: [CodeEntry]
    private let products: [Code: Set<String>]

    init(_ canonical: Canonical, schemas: Schemas) {
        let list = schemas.lint.productNames
        codes = canonical.codes
        isDrug = canonical.codes.map { entry in
            if entry.drug != nil { return true }
            guard entry.system == .hcpcs else { return false }
            switch entry.code[0] {
            case UInt8(ascii: "J"), UInt8(ascii: "Q"): return true
            // Drugs that are new to hospitals.
            case UInt8(ascii: "C") where entry.code[1] == UInt8(ascii: "9"): return true
            case UInt8(ascii: "S"): return schemas.classification.route(descriptor: entry.longDescriptor ?? "") != nil
            default: return entry.route != nil
            }
        }
        var own: [Code: Set<String>] = [:]
        for product in list { own[product.code, default: []].formUnion(Words.of(product.name)) }
        products = own
        index(canonical, list, none: Set(schemas.lint.words.filter { $0.kind == .noName }.map(\.word)))
    }

    private mutating func index(_ canonical: Canonical, _ list: [LintTables.ProductName], none: Set<String>) {
        // Words of descriptors that are of no drug are everybody's.
        var ordinary = none
        var allLong: Set<String> = []
        for (index, entry) in codes.enumerated() where entry.system == .hcpcs {
            let words = Words.of(entry.longDescriptor ?? "")
            allLong.formUnion(words)
            if !isDrug[index] { ordinary.formUnion(words) }
        }
        var origins: [String: Origin] = [:]
        var users: [String: [Code]] = [:]
        var firsts: Set<String> = []
        var laters: Set<String> = []
        func use(_ word: String, _ code: Code) {
            if users[word]?.last != code { users[word, default: []].append(code) }
        }
        func add(_ word: String, _ origin: Origin) { origins[word] = min(origins[word] ?? origin, origin) }
        for (index, entry) in codes.enumerated() where isDrug[index] {
            // A name passes on from a code that has ended to the one that follows it.
            if let ended = entry.hcpcs?.terminated, ended < canonical.release.effectiveFrom { continue }
            // What belongs to the AMA or the ADA names nothing in a message.
            let descriptor = Tier.public.shows(entry.system) ? entry.descriptor ?? "" : ""
            let words = Words.of(descriptor)
            for word in words { use(word, entry.code) }
            for ingredient in ingredients(descriptor) {
                for (place, word) in ingredient.enumerated() {
                    if place == 0 { firsts.insert(word) } else { laters.insert(word) }
                    if place == 0 { add(word, .ingredient) }
                }
            }
            for name in bracketed(descriptor) { for word in name { add(word, .descriptor) } }
            if entry.longDescriptor != nil, !descriptor.isEmpty {
                for word in Words.of(entry.shortDescriptor) {
                    use(word, entry.code)
                    if word.utf8.count >= 6, isName(word, beside: words, allLong) { add(word, .descriptor) }
                }
            }
            for product in entry.drug?.products ?? [] {
                for word in Words.of(product.drugName) {
                    use(word, entry.code)
                    add(word, .crosswalk)
                }
            }
        }
        for product in list {
            for word in Words.of(product.name) {
                use(word, product.code)
                add(word, .productNames)
            }
        }
        for (word, origin) in origins {
            let least = origin == .crosswalk ? 4 : 5
            guard word.utf8.count >= least, word.utf8.allSatisfy(\.isASCIILetter), !ordinary.contains(word),
                firsts.contains(word) || !laters.contains(word), let codes = users[word]
            else { continue }
            names[Words.number(word)] = Name(origin: origin, codes: codes)
        }
    }

    /// The ingredients that a descriptor begins with: "Injection, A b and C d, 1 mg" has `a b` and `c d`.
    private func ingredients(_ descriptor: String) -> [[String]] {
        var text = Substring(descriptor.lowercased())
        for form in ["injection", "infusion", "instillation", "inhalation solution", "prescription drug"] {
            guard text.hasPrefix(form) else { continue }
            text = text.dropFirst(form.utf8.count).drop { !$0.isLetter }
        }
        let end = text.firstIndex { $0 == "," || $0 == ";" || $0 == "(" } ?? text.endIndex
        let words = Words.of(String(text[..<end]))
        let name = words.prefix { $0 != "per" && $0 != "for" }
        return name.split { $0 == "and" || $0 == "with" }.map(Array.init)
    }

    /// What stands in brackets, where it is a name and not a remark.
    private func bracketed(_ descriptor: String) -> [[String]] {
        var names: [[String]] = []
        var rest = Substring(descriptor)
        while let open = rest.firstIndex(of: "("), let close = rest[open...].firstIndex(of: ")") {
            let words = Words.of(String(rest[rest.index(after: open)..<close]))
            if words.count <= 2 { names.append(words) }
            rest = rest[rest.index(after: close)...]
        }
        return names
    }

    /// Whether a word of a short descriptor is a name, and no shortened word of the long one.
    private func isName(_ word: String, beside words: [String], _ allLong: Set<String>) -> Bool {
        guard !allLong.contains(word), !allLong.contains(where: { $0.hasPrefix(word) }) else { return false }
        return !words.contains { $0.utf8.first == word.utf8.first && word.isSubsequence(of: $0) }
            && !word.isSubsequence(of: words.joined())
    }

    /// The code that a word belongs to when it does not belong to the code at `index`.
    func owner(of word: String, besides index: Int) -> (code: Code, name: Name)? {
        let entry = codes[index]
        guard word.utf8.count >= 4, let name = names[Words.number(word)], !name.codes.contains(entry.code),
            let owner = name.codes.first
        else { return nil }
        var own = Set(Words.of(entry.descriptor ?? "") + Words.of(entry.shortDescriptor))
        for product in entry.drug?.products ?? [] { own.formUnion(Words.of(product.drugName)) }
        own.formUnion(products[entry.code] ?? [])
        // "implants" is "implant", and a suffix makes no other drug.
        let isOwn = own.contains { mine in
            mine.utf8.count >= 5 && word.hasPrefix(mine.prefix(max(5, mine.utf8.count - 2))) || mine.hasPrefix(word)
        }
        return isOwn ? nil : (owner, name)
    }

    /// The first ingredient of the code at `index`, to tell one drug from another.
    func ingredient(at index: Int) -> String? { ingredients(codes[index].descriptor ?? "").first?.first }
}

extension String {
    /// Whether its letters stand in `other` in their order.
    fileprivate func isSubsequence(of other: String) -> Bool {
        var rest = Substring(other).utf8
        for byte in utf8 {
            guard let index = rest.firstIndex(of: byte) else { return false }
            rest = rest[rest.index(after: index)...]
        }
        return true
    }
}

extension Checker {
    /// Names of other drugs in a title or a synonym of the drug at `index`.
    mutating func checkNames(_ bytes: UnsafeBufferPointer<UInt8>, of index: Int) {
        for word in words.all where word.end - word.start >= 4 {
            let name = text(word, bytes)
            guard let (owner, known) = context.names.owner(of: name.lowercased(), besides: index) else { continue }
            let more = known.codes.count > 1 ? " and \(known.codes.count - 1) more" : ""
            let message =
                switch known.origin {
                case .crosswalk: "CMS's ASP crosswalk has '\(name)' for \(owner)\(more)"
                case .productNames: "'\(name)' is a product of \(owner)"
                case .descriptor: "CMS's descriptors have '\(name)' for \(owner)\(more)"
                case .ingredient: "'\(name)' is what CMS's descriptor of \(owner)\(more) names"
                }
            let rule = known.origin == .ingredient ? "overlay_ingredient_elsewhere" : "overlay_brand_elsewhere"
            report(
                rule, at: Int(word.start), message + (subject.code.map { ", and not for \($0)" } ?? ""))
            return
        }
    }
}
