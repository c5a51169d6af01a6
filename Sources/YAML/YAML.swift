public import Model
private import Yams

/// A YAML value as its editor typed it: `NO` is the text NO and `00100` keeps its zeros.
public struct YAMLNode: Sendable {
    public enum Content: Sendable {
        case text(String)
        case list([YAMLNode])
        /// Keys in the order of the file.
        case mapping(YAMLMapping)
    }

    public let content: Content
    /// Where it stands in its file, from 1.
    public let line: Int?
    public let column: Int?
    /// Whether it is a text without quotation marks, which other readers may take for a number or a truth value.
    public let isPlain: Bool

    public var mapping: YAMLMapping? { if case .mapping(let mapping) = content { mapping } else { nil } }
    public var list: [YAMLNode]? { if case .list(let nodes) = content { nodes } else { nil } }
    public var text: String? { if case .text(let text) = content { text } else { nil } }
}

/// Keys with their values; no key stands twice.
public struct YAMLMapping: Sendable {
    public let members: [(key: YAMLNode, value: YAMLNode)]

    public subscript(key: String) -> YAMLNode? { members.first { $0.key.text == key }?.value }
}

/// Why a text is no YAML, and where.
public struct YAMLError: Error {
    public let message: String
    public let line: Int?
    public let column: Int?
}

/// The documents of a YAML text that begins at `firstLine` of its file. Texts in the form that most overlays are
/// written in are read by a reader of that form; all others, and all that are no YAML, by Yams.
/// - Throws: when it is no YAML, or a key stands twice.
public func readYAML(_ text: String, firstLine: Int = 1) throws(YAMLError) -> [YAMLNode] {
    if let nodes = readSimpleYAML(text, firstLine: firstLine) { return nodes }
    return try readAnyYAML(text, firstLine: firstLine)
}

/// The same by Yams alone, each document by itself: Yams would let one use the anchors of those before it.
package func readAnyYAML(_ text: String, firstLine: Int = 1) throws(YAMLError) -> [YAMLNode] {
    var nodes: [YAMLNode] = []
    for piece in yamlPieces(text, size: 1) {
        nodes += try readDocuments(piece.text, firstLine: firstLine + piece.firstLine - 1)
    }
    return nodes
}

private func readDocuments(_ text: String, firstLine: Int) throws(YAMLError) -> [YAMLNode] {
    do {
        var documents = try compose_all(yaml: text)
        var nodes: [YAMLNode] = []
        // Every value takes a byte to write, so that more values than this are aliases of aliases.
        var rest = text.utf8.count + 16
        let before = firstLine - 1
        while let document = documents.next() { nodes.append(try YAMLNode(document, before: before, rest: &rest)) }
        if let error = documents.error { throw error }
        return nodes
    } catch {
        let error = (error as? YAMLError) ?? YAMLError(error)
        throw YAMLError(message: error.message, line: error.line.map { $0 + firstLine - 1 }, column: error.column)
    }
}

extension YAMLNode {
    fileprivate init(_ node: Node, before: Int, rest: inout Int) throws(YAMLError) {
        rest -= 1
        guard rest > 0 else {
            throw YAMLError(message: "its aliases unfold without end", line: node.mark?.line, column: node.mark?.column)
        }
        line = node.mark.map { $0.line + before }
        column = node.mark?.column
        isPlain = node.scalar?.style == .plain
        switch node {
        case .scalar(let scalar): content = .text(scalar.string)
        case .sequence(let sequence):
            var nodes: [YAMLNode] = []
            for node in sequence { nodes.append(try YAMLNode(node, before: before, rest: &rest)) }
            content = .list(nodes)
        case .mapping(let mapping):
            var members: [(key: YAMLNode, value: YAMLNode)] = []
            for (key, value) in mapping {
                members.append(
                    (
                        try YAMLNode(key, before: before, rest: &rest),
                        try YAMLNode(value, before: before, rest: &rest)
                    ))
            }
            content = .mapping(YAMLMapping(members: members))
        case .alias: content = .text("")
        }
    }
}

extension YAMLError {
    fileprivate init(_ error: any Error) {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(message: problem, line: mark.line, column: mark.column)
        case .duplicatedKeysInMapping(let duplicates, let context):
            self.init(
                message: "the key '\(duplicates.joined(separator: "', '"))' stands twice", line: context.mark.line,
                column: context.mark.column)
        case .reader(let problem, _, _, _): self.init(message: problem, line: nil, column: nil)
        default: self.init(message: "\(error)", line: nil, column: nil)
        }
    }
}

/// Reads files of one kind and collects what is wrong with them, each thing at its line and column.
public protocol YAMLReader {
    /// The first word of its findings' identifiers: `overlay`, `policy`.
    static var findings: String { get }
    /// The file that is being read, as findings name it.
    var file: String { get }
    var problems: Diagnostics { get set }
}

extension YAMLReader {
    public func place(_ node: YAMLNode) -> Place { Place(file, line: node.line, column: node.column) }

    public mutating func report(_ id: String, _ node: YAMLNode, _ message: String, hint: String? = nil) {
        problems.add(Diagnostic(.error, id, at: place(node), message, hint: hint))
    }

    public mutating func refuseUnknownKeys(_ mapping: YAMLMapping, _ known: [String]) {
        for (key, _) in mapping.members where !known.contains(key.text ?? "") {
            report(
                "\(Self.findings)_key", key,
                "'\(key.text ?? "")' is no key here; known are \(known.joined(separator: ", "))")
        }
    }

    /// The documents of `text`; a finding and nothing where it is no YAML.
    public mutating func documents(_ text: String, firstLine: Int = 1, hint: String? = nil) -> [YAMLNode]? {
        do { return try readYAML(text, firstLine: firstLine) } catch {
            problems.add(
                Diagnostic(
                    .error, "\(Self.findings)_yaml", at: Place(file, line: error.line, column: error.column),
                    error.message, hint: hint))
            return nil
        }
    }
}
