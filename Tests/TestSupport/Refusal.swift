public import Model

/// The errors for which an input was refused, or the remarks on one that was accepted.
public struct Findings: CustomStringConvertible {
    public let kind: IngestError.Kind?
    public let all: [Diagnostic]

    public init(_ error: any Error) {
        if let error = error as? IngestError {
            kind = error.kind
            all = error.diagnostics.kinds.filter { $0.severity == .error }.flatMap(\.first)
        } else {
            kind = nil
            all = [Diagnostic(.error, "not_an_ingest_error", "\(error)")]
        }
    }

    public init(_ diagnostics: Diagnostics) {
        kind = nil
        all = diagnostics.kinds.flatMap(\.first)
    }

    /// The identifiers, each once, in the order in which they came.
    public var ids: [String] {
        var ids: [String] = []
        for diagnostic in all where !ids.contains(diagnostic.id) { ids.append(diagnostic.id) }
        return ids
    }

    public func of(_ id: String) -> [Diagnostic] { all.filter { $0.id == id } }

    /// The places of all findings, as messages show them.
    public var places: [String] { all.map { $0.place?.description ?? "" } }

    /// As the program prints them.
    public var description: String {
        all.map { diagnostic in
            (diagnostic.place.map { "\($0): " } ?? "")
                + "\(diagnostic.severity.rawValue): \(diagnostic.message) [\(diagnostic.id)]"
                + (diagnostic.hint.map { "\n  try: \($0)" } ?? "")
        }.joined(separator: "\n")
    }
}

/// Why `body` was refused; `nil` when it was not.
public func refusal(_ body: () throws -> some Any) -> Findings? {
    do {
        _ = try body()
        return nil
    } catch {
        return Findings(error)
    }
}
