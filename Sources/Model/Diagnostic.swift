/// Where in which file something was found. Lines and columns count from 1; a column is a field number in
/// CSV, a byte position in fixed-width text, a character position in YAML.
public struct Place: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    public var line: Int?
    public var column: Int?

    public init(_ file: String, line: Int? = nil, column: Int? = nil) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String {
        ([file] + [line, column].compactMap { $0.map(String.init) }).joined(separator: ":")
    }
}

/// Something a person should know about the data. The identifier is stable: scripts may match on it.
public struct Diagnostic: Hashable, Sendable {
    public enum Severity: String, Sendable, CaseIterable {
        /// The run publishes nothing.
        case error
        /// Published, and listed in the manifest.
        case warning
        /// Something that was done to the data on the way, such as restored zeros.
        case note
    }

    public let id: String
    public let severity: Severity
    public let place: Place?
    /// What was there and what was expected.
    public let message: String
    /// What to try.
    public let hint: String?

    public init(
        _ severity: Severity, _ id: String, at place: Place? = nil, _ message: String, hint: String? = nil
    ) {
        self.id = id
        self.severity = severity
        self.place = place
        self.message = message
        self.hint = hint
    }
}

/// All that was found in a run. Keeps the first few of each kind and counts the rest, so that a file with
/// one shifted column does not print nineteen thousand lines.
public struct Diagnostics: Sendable {
    public static let keptPerKind = 20

    /// One identifier's findings.
    public struct Kind: Sendable {
        public let id: String
        public let severity: Diagnostic.Severity
        public var first: [Diagnostic]
        public var count: Int
    }

    /// In the order in which each identifier was first met.
    public private(set) var kinds: [Kind] = []
    private let kept: Int

    /// - Parameter keptPerKind: of how many findings of a kind the places are kept; the rest is counted.
    public init(keptPerKind: Int = Diagnostics.keptPerKind) { kept = keptPerKind }

    public mutating func add(_ diagnostic: Diagnostic) {
        if let index = kinds.firstIndex(where: { $0.id == diagnostic.id && $0.severity == diagnostic.severity }) {
            kinds[index].count += 1
            if kinds[index].first.count < kept { kinds[index].first.append(diagnostic) }
        } else {
            kinds.append(
                Kind(id: diagnostic.id, severity: diagnostic.severity, first: [diagnostic], count: 1))
        }
    }

    public mutating func add(_ others: Diagnostics) {
        for kind in others.kinds {
            if let index = kinds.firstIndex(where: { $0.id == kind.id && $0.severity == kind.severity }) {
                kinds[index].count += kind.count
                kinds[index].first += kind.first.prefix(max(0, kept - kinds[index].first.count))
            } else {
                kinds.append(kind)
            }
        }
    }

    /// The same findings under another severity.
    public func with(_ severity: Diagnostic.Severity) -> Diagnostics {
        var others = Diagnostics(keptPerKind: kept)
        others.kinds = kinds.map { kind in
            Kind(
                id: kind.id, severity: severity,
                first: kind.first.map {
                    Diagnostic(severity, $0.id, at: $0.place, $0.message, hint: $0.hint)
                }, count: kind.count)
        }
        return others
    }

    public func count(_ severity: Diagnostic.Severity) -> Int {
        kinds.reduce(0) { $1.severity == severity ? $0 + $1.count : $0 }
    }

    /// Stops the run when errors were collected.
    /// - Throws: an ``IngestError`` of `kind` that carries everything found so far.
    public func stopOnErrors(_ kind: IngestError.Kind = .badData) throws(IngestError) {
        if count(.error) > 0 { throw IngestError(kind, self) }
    }
}

/// Why a run ended without publishing. The kind decides the exit code.
public struct IngestError: Error, Sendable {
    public enum Kind: Int32, Sendable {
        /// The data is readable but breaks a rule that must hold.
        case gateFailed = 1
        /// A file cannot be read as what it should be.
        case badData = 2
        /// The command line asks for something that makes no sense.
        case usage = 64
        /// An input is not there or cannot be read.
        case unavailable = 69
        /// The store cannot be written.
        case cannotWrite = 73
    }

    public let kind: Kind
    public let diagnostics: Diagnostics
    /// The scores of all checks, when it was one of them that failed.
    public var verification: Verification?
    /// Whether a revision was published all the same, and only what comes behind that failed.
    public var hasPublished = false

    public init(_ kind: Kind, _ diagnostics: Diagnostics) {
        self.kind = kind
        self.diagnostics = diagnostics
    }

    public init(_ kind: Kind, _ id: String, at place: Place? = nil, _ message: String, hint: String? = nil) {
        self.kind = kind
        var diagnostics = Diagnostics()
        diagnostics.add(Diagnostic(.error, id, at: place, message, hint: hint))
        self.diagnostics = diagnostics
    }
}
