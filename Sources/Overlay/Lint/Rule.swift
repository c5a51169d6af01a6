public import Model

/// A rule that overlays should keep, as `Schemas/overlay-rules.md` tells it.
public struct LintRule: Sendable {
    /// `overlay_doubled_word`.
    public let id: String
    public let severity: Diagnostic.Severity
    /// Whether an overlay or a run may switch it off; not where the file cannot be read without it.
    public let mayBeAllowed: Bool
    /// What it finds and why that matters.
    public let meaning: String
    /// What to do.
    public let hint: String
    /// An overlay that breaks this rule and no other; empty where none can be shown.
    public let wrong: String
    /// The same overlay as it should be.
    public let right: String
}

/// What a rule found.
public struct LintFinding: Sendable, Hashable {
    public let rule: String
    public var severity: Diagnostic.Severity
    public let place: Place
    /// The code that the overlay is about.
    public let code: String?
    public let message: String
    public let hint: String
}

/// That a rule is switched off, for one overlay or for the whole run.
public struct LintAllowance: Sendable, Hashable {
    public let rule: String
    public let reason: String
    /// Where the overlay says so; `nil` for the run.
    public let place: Place?
    /// How many findings it silences.
    public var silenced = 0

    public init(rule: String, reason: String, place: Place? = nil) {
        self.rule = rule
        self.reason = reason
        self.place = place
    }
}

/// What was found in all overlays.
public struct LintReport: Sendable {
    /// In the order of the files.
    public var findings: [LintFinding]
    public var allowances: [LintAllowance]
    public let files: Int
    public let overlays: Int

    public func count(_ severity: Diagnostic.Severity) -> Int { findings.count { $0.severity == severity } }
}
