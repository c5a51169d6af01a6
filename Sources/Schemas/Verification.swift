public import Model

/// A row of `values/checks.csv`: how much a failed check matters.
public struct CheckPolicy: Sendable {
    public enum Severity: String, Sendable {
        /// A failure that no defect explains stops publishing.
        case stop
        /// Failures are reported, and stop publishing only when they are frequent.
        case warn
    }

    public let check: String
    public let severity: Severity
    /// For `warn`: the percentage of failures from which on publishing stops; 100 for never.
    public let toleratedPercent: Int
    public let meaning: String

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [CheckPolicy] {
        var policies: [CheckPolicy] = []
        for row in table.rows {
            guard let severity = Severity(rawValue: try row("severity")) else {
                throw row.invalid("'\(try row("severity"))' is no severity")
            }
            policies.append(
                CheckPolicy(
                    check: try row("check"), severity: severity,
                    toleratedPercent: try row.integer("tolerated_percent") ?? 0, meaning: try row("meaning")))
        }
        return policies
    }
}

/// A row of `values/known-defects.csv`: an error of CMS's own that has been found and understood.
public struct KnownDefect: Sendable {
    public let id: String
    /// The labels it occurs in: single ones, or `first-last`, or `first-` for all since.
    public let releases: String
    /// The check that finds it.
    public let check: String
    /// The codes or keys it touches: `77750`, `78429-TC`, `D*`, or `*` for any.
    public let keys: [String]
    public let what: String
    public let effect: String
    public let handling: String

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [KnownDefect] {
        var defects: [KnownDefect] = []
        for row in table.rows {
            defects.append(
                KnownDefect(
                    id: try row("id"), releases: try row("releases"), check: try row("check"),
                    keys: try row("keys").split(separator: " ").map(String.init), what: try row("what"),
                    effect: try row("effect"), handling: try row("handling")))
        }
        return defects
    }

    /// Whether it is listed for `release`.
    public func occurs(in release: Release) -> Bool {
        releases.split(separator: " ").contains { part in
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            guard ends.count == 2 else { return ends.first == release.label }
            return ends[0] <= release.label && (ends[1].isEmpty || release.label <= ends[1])
        }
    }

    /// Whether it explains a failure at `key` (a code, or a code and modifier as `78429-TC`).
    public func explains(_ key: String) -> Bool {
        keys.contains { pattern in
            pattern == "*" || pattern == key || key.hasPrefix(pattern + "-")
                || (pattern.hasSuffix("*") && key.hasPrefix(pattern.dropLast()))
        }
    }
}

/// What payment needs beside a release's own numbers.
public struct PaymentRules: Sendable {
    /// The shares of work, PE and MP in the anesthesia conversion factor, by year.
    public let anesthesiaShares: [Int: (work: GPCI, pe: GPCI, mp: GPCI)]
    private let floors: [(from: CalendarDate, to: CalendarDate)]

    init(shares: EmbeddedTable, floors: EmbeddedTable) throws(IngestError) {
        var anesthesiaShares: [Int: (work: GPCI, pe: GPCI, mp: GPCI)] = [:]
        for row in shares.rows {
            guard let year = try row.integer("year"), let work = GPCI(try row("work")), let pe = GPCI(try row("pe")),
                let mp = GPCI(try row("mp")), work.units + pe.units + mp.units == 1000
            else { throw row.invalid("the shares cannot be read or do not add up to 1") }
            anesthesiaShares[year] = (work, pe, mp)
        }
        self.anesthesiaShares = anesthesiaShares
        var windows: [(from: CalendarDate, to: CalendarDate)] = []
        for row in floors.rows {
            guard let from = CalendarDate(iso: try row("from")), let to = CalendarDate(iso: try row("to")), from <= to
            else { throw row.invalid("the window cannot be read") }
            windows.append((from, to))
        }
        self.floors = windows
    }

    /// Whether the 1.0 floor of the work GPCI is in force on `day`.
    public func workFloorApplies(on day: CalendarDate) -> Bool { floors.contains { $0.from <= day && day <= $0.to } }
}
