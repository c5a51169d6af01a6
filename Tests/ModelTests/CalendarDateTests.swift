import Model
import Testing

@Suite("Calendar dates")
struct CalendarDateTests {
    @Test(
        "Days exist as the Gregorian calendar has them",
        arguments: [
            (2024, 2, 29, true), (2023, 2, 29, false), (2000, 2, 29, true), (1900, 2, 29, false), (2026, 12, 31, true),
            (2026, 4, 31, false), (2026, 0, 1, false), (2026, 13, 1, false), (2026, 1, 0, false), (26, 1, 1, false),
            (10_000, 1, 1, false),
        ])
    func days(year: Int, month: Int, day: Int, exists: Bool) {
        #expect((CalendarDate(year: year, month: month, day: day) != nil) == exists)
    }

    @Test("Days that a spreadsheet counted are days of the calendar, one after the other")
    func spreadsheetDays() {
        #expect(CalendarDate(spreadsheetDay: "10000".utf8) == CalendarDate(year: 1927, month: 5, day: 18))
        #expect(CalendarDate(spreadsheetDay: "36585".utf8) == CalendarDate(year: 2000, month: 2, day: 29))
        #expect(CalendarDate(spreadsheetDay: "45292".utf8) == CalendarDate(year: 2024, month: 1, day: 1))
        var number = 45292
        for year in 2024...2029 {
            for month in 1...12 {
                for day in 1...31 {
                    guard let date = CalendarDate(year: year, month: month, day: day) else { continue }
                    #expect(CalendarDate(spreadsheetDay: "\(number)".utf8) == date)
                    number += 1
                }
            }
        }
        for text in ["", "4529", "20240101", "4529a", "-4529"] {
            #expect(CalendarDate(spreadsheetDay: text.utf8) == nil)
        }
    }

    @Test("Every day of four years reads back in all three notations")
    func roundTrip() {
        var days = 0
        for year in 2023...2026 {
            for month in 1...12 {
                for day in 1...31 {
                    guard let date = CalendarDate(year: year, month: month, day: day) else { continue }
                    days += 1
                    let digits = date.description.filter { $0 != "-" }
                    #expect(CalendarDate(iso: date.description) == date)
                    #expect(CalendarDate(compact: digits.utf8) == date)
                    #expect(CalendarDate(american: "\(month)/\(day)/\(year)") == date)
                }
            }
        }
        #expect(days == 4 * 365 + 1)
    }

    @Test(
        "YYYYMMDD has eight digits and nothing else",
        arguments: ["2026010", "202601011", "2026-1-1", "20260132", "00000000", "", "2026 101"])
    func compact(text: String) { #expect(CalendarDate(compact: text.utf8) == nil) }

    @Test(
        "ISO dates have four, two and two digits",
        arguments: [
            "2026-1-01", "2026-01-1", "26-01-01", "2026-01", "2026-01-01-01", "2026/01/01", "2026-+1-01", "2026-01-+1",
            "", "2026-0a-01",
        ])
    func iso(text: String) { #expect(CalendarDate(iso: text) == nil) }

    @Test(
        "American dates are month, day and year in digits",
        arguments: ["13/01/2026", "1/32/2026", "1/2/26", "+1/2/2026", "1-2-2026", ""])
    func american(text: String) { #expect(CalendarDate(american: text) == nil) }

    @Test("Dates order by year, month and day")
    func ordering() {
        let dates = ["2026-01-31", "2025-12-31", "2026-02-01", "2026-01-01"].compactMap { CalendarDate(iso: $0) }
        #expect(dates.sorted().map(\.description) == ["2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01"])
    }
}
