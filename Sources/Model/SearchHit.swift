/// A code that a search found.
public struct SearchHit: Sendable {
    public let code: String
    public let system: String
    public let title: String?
    public let longDescriptor: String?
    public let categoryName: String?

    public init(code: String, system: String, title: String?, longDescriptor: String?, categoryName: String?) {
        self.code = code
        self.system = system
        self.title = title
        self.longDescriptor = longDescriptor
        self.categoryName = categoryName
    }
}
