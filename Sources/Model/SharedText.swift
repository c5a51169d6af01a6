private import Synchronization

/// A text that many rows name, as the file that they came from: kept once, for as long as the process runs. A row that
/// names it is copied as a number is, where every copy of a `String` is counted by all cores at one place. For texts of
/// which there are few.
public struct SharedText: Hashable, @unchecked Sendable {
    /// Written before anybody has it, and never again.
    private let place: UnsafePointer<String>

    private static let known = Mutex<[String: SharedText]>([:])

    /// The one that stands for `text`.
    public init(_ text: String) {
        self = Self.known.withLock { known in
            if let shared = known[text] { return shared }
            let shared = SharedText(keeping: text)
            known[text] = shared
            return shared
        }
    }

    private init(keeping text: String) {
        let place = UnsafeMutablePointer<String>.allocate(capacity: 1)
        place.initialize(to: text)
        self.place = UnsafePointer(place)
    }

    /// The text itself.
    public var text: String { place.pointee }
}
