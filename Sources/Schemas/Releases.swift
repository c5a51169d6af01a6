public import Model

/// `values/releases.csv`: the quarterly releases and what is known of each beforehand.
public struct ReleaseCatalogue: Sendable {
    public struct Entry: Sendable {
        public let release: Release
        /// Dollars per RVU that the release's PPRRVU must carry; `nil` for releases not listed yet.
        public let conversionFactors: ConversionFactors<ConversionFactor>?
        /// National anesthesia factors that ANES must carry.
        public let anesthesia: ConversionFactors<AnesthesiaConversionFactor>?
        /// How many payment localities there are.
        public let localities: Int?
        /// How many PPRRVU rows CMS shipped.
        public let rows: Int?
    }

    public let entries: [Entry]

    init(_ table: EmbeddedTable) throws(IngestError) {
        var entries: [Entry] = []
        for row in table.rows {
            let label = try row("label")
            guard let year = Self.year(of: label),
                let from = CalendarDate(iso: try row("effective_from")),
                let to = CalendarDate(iso: try row("effective_to")), from <= to
            else { throw row.invalid("the label or the effective window cannot be read") }
            func factor<Factor: ExactDecimal>(
                _ column: String, _ type: Factor.Type
            ) throws(IngestError) -> ConversionFactors<Factor>? {
                guard let nonQP = Factor(try row(column)) else { return nil }
                return ConversionFactors(nonQP: nonQP, qp: Factor(try row("\(column)_qp")))
            }
            entries.append(
                Entry(
                    release: Release(
                        label: label, year: year, effectiveFrom: from, effectiveTo: to,
                        titleMonth: try row("title_month")),
                    conversionFactors: try factor("conversion_factor", ConversionFactor.self),
                    anesthesia: try factor("anesthesia_conversion_factor", AnesthesiaConversionFactor.self),
                    localities: try row.integer("localities"), rows: try row.integer("rows")))
        }
        self.entries = entries
    }

    /// The release called `label`. One that is not listed is read by the rule of the labels: a quarter of
    /// its year, with nothing known beforehand.
    /// - Throws: when `label` is no release label.
    public func entry(_ label: String) throws(IngestError) -> Entry {
        let upper = label.uppercased()
        if let entry = entries.first(where: { $0.release.label == upper }) { return entry }
        let quarters: [Character: (String, Int, Int, Int)] = [
            "A": ("January", 1, 3, 31), "B": ("April", 4, 6, 30), "C": ("July", 7, 9, 30),
            "D": ("October", 10, 12, 31),
        ]
        let letters = upper.dropFirst(5)
        guard upper.hasPrefix("RVU"), let year = Self.year(of: upper), let letter = letters.first,
            letters.dropFirst().isEmpty || letters.dropFirst() == "R",
            let (month, first, last, lastDay) = quarters[letter],
            let from = CalendarDate(year: year, month: first, day: 1),
            let to = CalendarDate(year: year, month: last, day: lastDay)
        else {
            throw IngestError(
                .usage, "release_label", "'\(label)' is not the label of a release",
                hint: "Labels look like RVU26A: RVU, the year's last two digits, A to D for the quarter, "
                    + "R for a correction. `ingest releases` lists the known ones.")
        }
        return Entry(
            release: Release(
                label: upper, year: year, effectiveFrom: from, effectiveTo: to, titleMonth: month),
            conversionFactors: nil, anesthesia: nil, localities: nil, rows: nil)
    }

    /// The listed row counts nearest in time before and after `release`: what its size should be like.
    public func neighbours(of release: Release) -> [Entry] {
        let counted = entries.filter { $0.rows != nil && $0.release.label != release.label }
        let before = counted.filter { $0.release.effectiveFrom <= release.effectiveFrom }
            .max { $0.release.effectiveFrom < $1.release.effectiveFrom }
        let after = counted.filter { $0.release.effectiveFrom > release.effectiveFrom }
            .min { $0.release.effectiveFrom < $1.release.effectiveFrom }
        return [before, after].compactMap(\.self)
    }

    private static func year(of label: String) -> Int? {
        let digits = label.dropFirst(3).prefix(2)
        return digits.utf8.count == 2 && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
            ? Int(digits).map { 2000 + $0 } : nil
    }
}
