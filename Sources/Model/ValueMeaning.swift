/// What a value of an indicator means, so that an app needs no table of its own.
public struct ValueMeaning: Sendable, Equatable, TableRow {
    /// A column of `relative_values` or `codes`, or a field of the code documents.
    public let indicator: String
    public let value: String
    public let meaning: String

    public init(_ indicator: String, _ value: String, _ meaning: String) {
        self.indicator = indicator
        self.value = value
        self.meaning = meaning
    }

    public static let table = "indicator_values"
    public static let columns = ["indicator", "value", "meaning"]
    public var cells: [Cell] { [.text(indicator), value.isEmpty ? .null : .text(value), .text(meaning)] }
}
