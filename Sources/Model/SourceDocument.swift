/// A file as the pipeline holds it between acquire and parse: loose, or a member of an archive.
public struct SourceDocument: Sendable {
    /// The file's name, or `archive.zip/MEMBER`.
    public let path: String
    /// Length once unpacked.
    public let size: Int
    /// Whether the user named this very file; then it may not be passed over in silence.
    public let isNamedByUser: Bool
    /// The bytes, unpacked and checked on each call, so that only the members in use take memory.
    public let load: @Sendable () throws(IngestError) -> [UInt8]

    public init(
        path: String, size: Int, isNamedByUser: Bool,
        load: @escaping @Sendable () throws(IngestError) -> [UInt8]
    ) {
        self.path = path
        self.size = size
        self.isNamedByUser = isNamedByUser
        self.load = load
    }

    /// The part behind the last slash.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The lower-case extension, without the point.
    public var fileExtension: String {
        let parts = name.split(separator: ".")
        return parts.count > 1 ? parts[parts.count - 1].lowercased() : ""
    }
}
