/// A quarterly release of the Physician Fee Schedule relative values, such as `RVU26A`.
public struct Release: Hashable, Sendable {
    /// CMS's label: `RVU`, two digits of the year, a letter for the quarter, `R` for a correction.
    public let label: String
    public let year: Int
    /// The days of service for which the values hold.
    public let effectiveFrom: CalendarDate
    public let effectiveTo: CalendarDate
    /// The month that CMS writes in the file's title: January, April, July or October.
    public let titleMonth: String

    public init(
        label: String, year: Int, effectiveFrom: CalendarDate, effectiveTo: CalendarDate, titleMonth: String
    ) {
        self.label = label
        self.year = year
        self.effectiveFrom = effectiveFrom
        self.effectiveTo = effectiveTo
        self.titleMonth = titleMonth
    }
}

/// Which descriptors a dataset may carry.
public enum Tier: String, Sendable, CaseIterable {
    /// Level II text without D codes only. Codes and numbers of all systems.
    case `public`
    /// All descriptors, for holders of the AMA's and ADA's licences.
    case licensed

    /// Whether the descriptors of `system` may appear.
    public func shows(_ system: CodeSystem) -> Bool { self == .licensed || system == .hcpcs }
}
