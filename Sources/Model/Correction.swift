/// What became of one line of a HCPCS correction file.
public struct Correction: Sendable, Hashable {
    public enum Outcome: String, Sendable {
        case applied
        /// The HCPCS file says what the correction says.
        case alreadySo = "already_so"
        /// The line cannot be understood or does not fit; the file's values stay.
        case notApplied = "not_applied"
    }

    /// The code or modifier as the line has it.
    public let code: String
    /// The action in CMS's words.
    public let action: String
    public let outcome: Outcome
    /// What changed, or why nothing did. Never a descriptor.
    public let detail: String
    public let place: Place

    public init(code: String, action: String, outcome: Outcome, detail: String, place: Place) {
        self.code = code
        self.action = action
        self.outcome = outcome
        self.detail = detail
        self.place = place
    }
}
