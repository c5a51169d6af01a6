public import Model

/// `values/status.csv`: what each status code means and whether Medicare pays by the row's values.
public struct StatusTable: Sendable {
    public enum Payable: String, Sendable {
        case yes
        /// Status R: by its values where there are any, else by the contractor.
        case ifValued = "if_valued"
        case no
    }

    public struct Entry: Sendable {
        public let payable: Payable
        /// Why a row of this status has no price.
        public let reason: SharedText
        public let meaning: String
    }

    private let entries: [Indicator: Entry]

    init(_ table: EmbeddedTable) throws(IngestError) {
        var entries: [Indicator: Entry] = [:]
        for row in table.rows {
            guard let status = Indicator(try row("status")), !status.isBlank,
                let payable = Payable(rawValue: try row("payable"))
            else { throw row.invalid("the status or its payability cannot be read") }
            entries[status] = Entry(
                payable: payable, reason: SharedText(try row("reason")), meaning: try row("meaning"))
        }
        self.entries = entries
    }

    public subscript(status: Indicator) -> Entry? { entries[status] }

    /// Every status code, sorted.
    public var all: [Indicator] { entries.keys.sorted() }

    /// Why a row has no price; `nil` when its values price it. A code is never paid from values of zero.
    public func unpricedReason(status: Indicator, isValued: Bool) -> SharedText? {
        guard let entry = entries[status] else { return SharedText("unknown_status") }
        return entry.payable != .no && isValued ? nil : entry.reason
    }

    /// Every reason there is.
    public var reasons: Set<String> { Set(entries.values.map(\.reason.text)).union(["not_on_fee_schedule"]) }
}

/// A table of the values that indicator columns may have, with their meanings.
public struct IndicatorValues: Sendable {
    private let values: [String: [Indicator: String]]

    init(_ table: EmbeddedTable) throws(IngestError) {
        var values: [String: [Indicator: String]] = [:]
        for row in table.rows {
            guard let value = Indicator(try row("value")) else {
                throw row.invalid("the value is longer than an indicator")
            }
            values[try row("field"), default: [:]][value] = try row("meaning")
        }
        self.values = values
    }

    /// The values of `field` with their meanings; empty for a field without a fixed set.
    public subscript(field: String) -> [Indicator: String] { values[field] ?? [:] }

    public func meaning(_ field: String, _ value: Indicator) -> String? { values[field]?[value] }

    /// Every field with its values, sorted.
    var fields: [(field: String, values: [(value: Indicator, meaning: String)])] {
        values.sorted { $0.key < $1.key }.map { field, values in
            (field, values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
    }
}
