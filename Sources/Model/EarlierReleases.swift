/// What releases published earlier say of codes: what a review was pinned to, and where a code was last seen.
public protocol EarlierReleases {
    /// The descriptor of `code` with the digest `pin` (`sha256:…`) in the release `label`.
    mutating func text(of code: Code, in label: String, pin: String) -> EarlierText

    /// Whether the release `label` has `code`; `nil` when it is not known.
    mutating func knows(_ code: Code, in label: String) -> Bool?

    /// The newest release before the one at hand that has `code`, as `RVU25D`.
    mutating func last(with code: Code) -> String?

    /// The revisions that an answer was found in, such as `RVU25D-r1`, sorted.
    var consulted: [String] { get }

    /// Why an answer may be wrong: something that is there could not be read.
    var problem: IngestError? { get }
}

extension EarlierReleases {
    public var problem: IngestError? { nil }
}

/// A descriptor of an earlier release, or why there is none.
public enum EarlierText: Sendable {
    /// `isLong` tells the long descriptor; `added` is HCPCS's date then.
    case found(String, isLong: Bool, added: CalendarDate?)
    case absent(Editorial.WordsAbsence)
}

/// No store to look in.
public struct NoEarlierReleases: EarlierReleases {
    public init() {}
    public func text(of code: Code, in label: String, pin: String) -> EarlierText { .absent(.releaseNotInStore) }
    public func knows(_ code: Code, in label: String) -> Bool? { nil }
    public func last(with code: Code) -> String? { nil }
    public var consulted: [String] { [] }
}

/// A code overlay whose code the release does not have any more, though it was pinned to a release that had it.
public struct LostOverlay: Sendable, Equatable {
    public let code: Code
    /// The release it was reviewed against.
    public let release: String?
    /// The last release of the store that has the code.
    public let last: String?
    /// The code's line in the overlay.
    public let place: Place

    public init(code: Code, release: String?, last: String?, place: Place) {
        self.code = code
        self.release = release
        self.last = last
        self.place = place
    }
}
