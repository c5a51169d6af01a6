public import Model

/// The 1.0 floor of the work GPCI, a law that is extended time and again: the days for which it is known to hold, as in
/// `Schemas/values/work-floor.csv`, which a test compares.
public enum WorkFloor {
    package static let windows: [(from: String, to: String)] = [("2020-01-01", "2026-12-31")]

    /// Whether the floor is in force on a day of service.
    public static func applies(on day: CalendarDate) -> Bool {
        windows.contains { $0.from <= day.description && day.description <= $0.to }
    }
}
