/// The quarter that a HCPCS file is of, as its name says: `HCPC2025_OCT_ANWEB_v3.xlsx`, or `HCPC17_CONTR_ANWEB.txt`
/// from the years when there was one file a year.
public struct HCPCSQuarter: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let year: Int
    /// The place in ``months`` of the month that the quarter begins with; 0 for the files of a whole year.
    public let quarter: Int
    /// Whether the name has the month.
    private let isNamed: Bool

    /// How the names of files abbreviate the months in which quarters begin.
    public static let months = ["JAN", "APR", "JUL", "OCT"]

    /// - Parameter name: the file's name, or its path in an archive.
    /// - Returns: `nil` when the name has no year of two or four digits.
    public init?(fileNamed name: String) {
        let upper = (name.split(separator: "/").last ?? "").uppercased()
        guard let digits = upper.split(whereSeparator: { !$0.isNumber }).first, let number = Int(digits),
            digits.count == 2 || digits.count == 4
        else { return nil }
        year = digits.count == 2 ? 2000 + number : number
        let words = upper.split { !$0.isLetter }.map { $0.prefix(3) }
        let named = Self.months.firstIndex { month in words.contains { $0 == month } }
        quarter = named ?? 0
        isNamed = named != nil
    }

    /// The quarter of a release.
    public init(of release: Release) {
        year = release.year
        quarter = Self.months.firstIndex { release.titleMonth.uppercased().hasPrefix($0) } ?? 0
        isNamed = true
    }

    /// Whether corrections named so belong to a file of this quarter: to a file of a whole year all of that year's.
    public func mayHaveCorrections(of other: HCPCSQuarter) -> Bool {
        self == other || (year == other.year && !(isNamed && other.isNamed))
    }

    public static func == (left: Self, right: Self) -> Bool { (left.year, left.quarter) == (right.year, right.quarter) }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(year)
        hasher.combine(quarter)
    }

    public static func < (left: Self, right: Self) -> Bool { (left.year, left.quarter) < (right.year, right.quarter) }

    public var description: String {
        let month = Self.months[quarter]
        return isNamed ? "\(month.prefix(1))\(month.dropFirst().lowercased()) \(year)" : "\(year)"
    }
}
