/// What a published revision is called: its release and a number that counts from 1, `RVU26A-r1`.
public struct RevisionName: Hashable, Sendable, CustomStringConvertible {
    /// CMS's label of the release, `RVU26A`.
    public let label: String
    /// 1 for the first publication of the release; a correction of inputs or texts makes the next one.
    public let number: Int

    public init(label: String, number: Int) {
        self.label = label
        self.number = number
    }

    /// Reads `RVU26A-r1`; anything else is `nil`.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[1].first == "r",
            parts[1].dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(parts[1].dropFirst()),
            number > 0
        else { return nil }
        self.init(label: String(parts[0]), number: number)
    }

    /// `RVU26A-r1`.
    public var description: String { "\(label)-r\(number)" }

    /// Where the revision lies below a store: `releases/RVU26A/r1`.
    public var path: String { "releases/\(label)/r\(number)" }
}
