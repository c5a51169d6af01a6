import FeeSchedule

/// A service that somebody gave: a line of the list.
struct Service {
    let day: CalendarDate
    let code: String
    /// `26`, `TC` or `53`; empty for the service as a whole.
    let modifier: String
    let units: Int

    /// Reads `2026-01-15,99213,,1`, with commas or tabs between the fields; anything else is `nil`.
    init?(_ line: Substring) {
        let fields = line.split(omittingEmptySubsequences: false) { $0 == "," || $0 == "\t" }
        guard fields.count == 4, let day = CalendarDate(iso: String(fields[0])), Code(String(fields[1]))?.count == 5,
            let units = Int(fields[3]), (1...1000).contains(units)
        else { return nil }
        self.day = day
        code = String(fields[1])
        modifier = String(fields[2])
        self.units = units
    }

    /// `2026-01`.
    var month: String { String(day.description.prefix(7)) }
}
