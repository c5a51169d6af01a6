/// A day of the Gregorian calendar, without time or zone.
public struct CalendarDate: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The day as YYYYMMDD.
    private let compact: Int32

    public var year: Int { Int(compact) / 10_000 }
    public var month: Int { Int(compact) / 100 % 100 }
    public var day: Int { Int(compact) % 100 }

    /// `nil` where there is no such day or the year is not of four digits.
    public init?(year: Int, month: Int, day: Int) {
        guard (1000...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let days =
            switch month {
            case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        guard day <= days else { return nil }
        compact = Int32(year * 10_000 + month * 100 + day)
    }

    /// CMS's `YYYYMMDD` (HCPCS record layout).
    @inlinable
    public init?(compact bytes: some Collection<UInt8>) {
        guard bytes.count == 8 else { return nil }
        var number = 0
        for byte in bytes {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number * 10 + Int(digit)
        }
        self.init(year: number / 10000, month: number / 100 % 100, day: number % 100)
    }

    /// ISO 8601, `2026-01-01`.
    public init?(iso text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            let year = number(parts[0]), let month = number(parts[1]), let day = number(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// CMS's `mm/dd/yyyy` (the RELEASED line of PPRRVU).
    public init?(american text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let month = number(parts[0]), let day = number(parts[1]),
            let year = number(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// The number of a day in a spreadsheet, counted from 30 December 1899; five digits for every day from 1927 to
    /// 2173.
    public init?(spreadsheetDay digits: some Collection<UInt8>) {
        guard digits.count == 5, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        // The Gregorian calendar repeats every 400 years of 146 097 days; counted from 1 March of year 0, when 30
        // December 1899 is day 693 899, leap days come last.
        let day = number + 693_899
        let era = day / 146_097
        let dayOfEra = day % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        self.init(
            year: era * 400 + yearOfEra + (month < 10 ? 0 : 1), month: month < 10 ? month + 3 : month - 9,
            day: dayOfYear - (153 * month + 2) / 5 + 1)
    }

    public static func < (left: Self, right: Self) -> Bool { left.compact < right.compact }

    public var description: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day))"
    }
}

/// Digits only: `Int` would take a sign as well.
private func number(_ digits: some StringProtocol) -> Int? {
    digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(digits) : nil
}
