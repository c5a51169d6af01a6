import Model

extension Layout {
    /// The field whose label is `label`, with the decimal that the header carries for it and with the place in
    /// the list that the label is numbered for.
    func field(labelled label: String) -> (field: FieldLayout, factor: String?, item: Int)? {
        var bare = label
        while bare.hasSuffix("*") { bare.removeLast() }
        for field in fields {
            for pattern in field.labels {
                guard pattern.utf8.contains(UInt8(ascii: "{")) else {
                    if bare == pattern { return (field, nil, 1) }
                    continue
                }
                if field.itemCount > 1 {
                    let start = pattern.prefix { $0 != "{" }
                    if bare.hasPrefix(start), let item = Int(bare.dropFirst(start.count)),
                        (1...field.itemCount).contains(item)
                    {
                        return (field, nil, item)
                    }
                    continue
                }
                let expected = pattern.replacing("{year}", with: String(year))
                if let anyYear = expected.firstRange(of: "{yyyy}") {
                    let start = expected[..<anyYear.lowerBound]
                    let end = expected[anyYear.upperBound...]
                    if bare.hasPrefix(start), bare.hasSuffix(end),
                        bare.utf8.count == start.utf8.count + 4 + end.utf8.count,
                        bare.dropFirst(start.count).prefix(4).allSatisfy(\.isNumber)
                    {
                        return (field, nil, 1)
                    }
                } else if let factor = expected.firstRange(of: "{factor}") {
                    let start = expected[..<factor.lowerBound]
                    if bare.hasPrefix(start) {
                        let number = String(bare.dropFirst(start.count))
                        if AnesthesiaConversionFactor(number) != nil { return (field, number, 1) }
                    }
                } else if bare == expected {
                    return (field, nil, 1)
                }
            }
        }
        return nil
    }
}

extension FieldLayout {
    /// The label of the column that holds the field, of a list that of its value number `item`.
    func label(year: Int, item: Int) -> String {
        let label = (labels.first ?? name).replacing("{year}", with: String(year)).replacing(
            "{yyyy}", with: String(year))
        return itemCount > 1 ? label.prefix { $0 != "{" } + String(item) : label
    }
}

extension FieldKind {
    /// Whether `field` can be a key of this kind: told from a footnote by its shape.
    func accepts(_ field: some Collection<UInt8>) -> Bool {
        let trimmed = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 }
        switch self {
        case .contractor:
            return (1...5).contains(trimmed.count) && trimmed.allSatisfy { (0x30...0x39).contains($0) }
        default: return (1...5).contains(trimmed.count)
        }
    }
}
