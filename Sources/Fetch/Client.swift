private import Foundation
public import Model

/// How files are asked for: who asks, where, how patiently and up to what size.
public struct Client: Sendable {
    public struct Limits: Sendable {
        /// No file of CMS's is a tenth of this size.
        public var bytes = 1 << 30
        /// For one file with all its repetitions.
        public var seconds = 1800
        /// Without a byte.
        public var stallSeconds = 30
        public var redirects = 10

        public init() {}
    }

    private let program: String
    public var mirror: Mirror?
    public var limits = Limits()
    /// How often a request that brought nothing is repeated.
    public var retries = 4
    /// Seconds before the first repetition; doubled for each further one.
    public var retrySeconds = 1

    public init(program: String, mirror: Mirror? = nil) {
        self.program = program
        self.mirror = mirror
    }

    /// The name and version that the server sees.
    var userAgent: String { "\(program) \(libraryName)" }

    /// Where the file that CMS has at `address` is asked for.
    func target(_ address: String) -> String { mirror?.address(of: address) ?? address }

    /// Whether `address` may be asked: HTTPS anywhere, plain HTTP only on this machine or from the mirror.
    func allows(_ address: String) -> Bool {
        guard let parts = URLComponents(string: address), let host = parts.host?.lowercased() else { return false }
        switch parts.scheme?.lowercased() {
        case "https": return true
        case "http": return isLoopback(host) || mirror.map { $0.isOrigin(of: parts) } ?? false
        default: return false
        }
    }
}

/// A company's copy of CMS's site: the same paths below another address.
public struct Mirror: Sendable {
    private let base: String

    /// - Throws: when `address` is no HTTP address.
    public init(_ address: String) throws(IngestError) {
        guard let parts = URLComponents(string: address), let host = parts.host, !host.isEmpty,
            ["http", "https"].contains(parts.scheme?.lowercased() ?? ""), parts.query == nil, parts.fragment == nil
        else {
            throw IngestError(
                .usage, "mirror_address", "'\(address)' is not the address of a mirror",
                hint: "Give one such as https://mirror.example/cms; CMS's own paths are put behind it.")
        }
        base = String(address.reversed().drop { $0 == "/" }.reversed())
    }

    func address(of original: String) -> String {
        guard let parts = URLComponents(string: original) else { return original }
        return base + parts.percentEncodedPath + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    fileprivate func isOrigin(of parts: URLComponents) -> Bool {
        guard let own = URLComponents(string: base) else { return false }
        return own.scheme?.lowercased() == parts.scheme?.lowercased()
            && own.host?.lowercased() == parts.host?.lowercased() && own.port == parts.port
    }
}

private func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
}

/// Why a file could not be fetched.
public struct DownloadFailure: Error, Sendable {
    public enum Reason: String, Sendable {
        /// 404 or 410.
        case notFound = "not_found"
        /// The server will not give it to us.
        case refused
        /// 429 or 5xx, every time.
        case busy
        /// No connection, or none that lasts.
        case unreachable
        case certificate
        case timeout
        /// A page where an archive should be.
        case page = "html"
        case license
        /// Neither an archive nor a page.
        case notArchive = "not_archive"
        /// The body ends before the archive does.
        case cut
        /// The server states another length than it sends.
        case length
        case redirects
        /// Plain HTTP from elsewhere than this machine or the mirror.
        case insecure
        case tooLarge = "too_large"
        case cannotWrite = "cannot_write"
    }

    public let reason: Reason
    public let address: String
    public let message: String
    public let hint: String?

    init(_ reason: Reason, _ address: String, _ message: String, hint: String? = nil) {
        self.reason = reason
        // Both may hold what a server has sent.
        self.address = printable(address)
        self.message = printable(message)
        self.hint = hint
    }

    /// As every other error of the program.
    public var error: IngestError {
        let kind: IngestError.Kind =
            switch reason {
            case .cannotWrite: .cannotWrite
            case .license: .usage
            default: .unavailable
            }
        return IngestError(kind, "download_\(reason.rawValue)", at: Place(address), message, hint: hint)
    }
}
