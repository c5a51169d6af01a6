/// Which keys a mapping may hold, in the order in which they are written; keys that are not listed come after them.
public struct YAMLShape: Sendable {
    public var keys: [(name: String, shape: YAMLShape)]
    /// The shape of a list's items: none or one.
    public var items: [YAMLShape]

    public init(keys: [(name: String, shape: YAMLShape)] = [], items: [YAMLShape] = []) {
        self.keys = keys
        self.items = items
    }

    subscript(key: String?) -> YAMLShape { keys.first { $0.name == key }?.shape ?? YAMLShape() }

    func rank(_ key: String?) -> Int { keys.firstIndex { $0.name == key } ?? keys.count }
}
