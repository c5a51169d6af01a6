/// A name for a Level II code that was made from CMS's own descriptors, for editors to take or to better.
/// Never made from text of the AMA or the ADA.
public struct SuggestedTitle: Sendable, Equatable {
    /// Which of CMS's two texts the name was made from.
    public enum Origin: String, Sendable, CaseIterable {
        /// The long descriptor, its punctuation and capitals mended.
        case longDescriptor = "long_descriptor"
        /// The short descriptor, its abbreviations expanded as well.
        case shortDescriptor = "short_descriptor"
    }

    public var text: String
    public var origin: Origin

    public init(_ text: String, _ origin: Origin) {
        self.text = text
        self.origin = origin
    }
}

/// Where the name that is shown comes from.
public enum TitleOrigin: String, Sendable, CaseIterable {
    /// The editors wrote it.
    case editors
    /// Made from the Level II descriptors: nobody has read it yet.
    case suggested
    /// The short descriptor as its owner wrote it.
    case descriptor
}
