/// A published revision that must no longer be used. Its files stay: whoever has used it can still look at it.
public struct Withdrawal: Hashable, Sendable {
    public let revision: RevisionName
    /// In the maintainer's words.
    public let reason: String
    /// What to use in its place.
    public let use: RevisionName?
    /// The day that the maintainer gave.
    public let date: CalendarDate

    public init(revision: RevisionName, reason: String, use: RevisionName?, date: CalendarDate) {
        self.revision = revision
        self.reason = reason
        self.use = use
        self.date = date
    }
}
