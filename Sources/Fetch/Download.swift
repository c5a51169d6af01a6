public import Foundation

/// A file to fetch.
public struct Wanted: Sendable {
    /// CMS's address of it; a mirror is asked for the same path.
    public var address: String
    /// A file with this hash is accepted whatever length the server states.
    public var sha256: String?
    /// The version that is there already; the server is asked for another one only.
    public var known: Validators?
    /// The pages that stand before gated files.
    public var licensePages: [LicensePage]

    public init(_ address: String, sha256: String? = nil, known: Validators? = nil, licensePages: [LicensePage] = []) {
        self.address = address
        self.sha256 = sha256
        self.known = known
        self.licensePages = licensePages
    }
}

/// A page on which one agrees to a licence before CMS gives a file.
public struct LicensePage: Sendable {
    public let license: String
    /// Parts of its address, or of what it says, by which it is known.
    public let marks: [String]
    /// The query that says yes; `nil` unless the user has accepted the licence.
    public let answer: String?

    public init(license: String, marks: [String], answer: String?) {
        self.license = license
        self.marks = marks
        self.answer = answer
    }
}

/// A file that has arrived whole.
public struct Downloaded: Sendable {
    /// Where it was in the end.
    public let address: String
    public let sha256: String
    public let bytes: Int
    public let validators: Validators
    /// The licence that was asked for on the way.
    public let license: String?
    /// Where it lies.
    public let file: URL
}

/// What came of asking for a file.
public enum Fetched: Sendable {
    case file(Downloaded)
    /// The server has the version that is known.
    case unchanged
}

/// How far a file is.
public struct DownloadProgress: Sendable {
    public let address: String
    public let bytes: Int
    public let total: Int?
}

/// Fetches an archive into `folder`, going on with what a killed run left there.
/// - Throws: a ``DownloadFailure``; bytes that can be gone on with stay in the folder.
public func download(
    _ wanted: Wanted, client: Client, folder: SourceFolder, progress: @escaping (DownloadProgress) -> Void
) throws(DownloadFailure) -> Fetched {
    let partial = Partial(folder: folder.partials, key: wanted.address)
    if let failure = partial.failure { throw cannotWrite(partial, failure) }
    var downloading = Downloading(wanted: wanted, client: client, partial: partial, progress: progress)
    do throws(DownloadFailure) {
        switch try downloading.run() {
        case .unchanged:
            partial.remove()
            return .unchanged
        case .arrived(let address, let validators):
            guard partial.synchronise(), let sha256 = partial.digest() else {
                throw cannotWrite(partial, partial.failure ?? "it cannot be read back")
            }
            let name = fileName(of: wanted.address)
            let file = try folder.adopt(partial.path, sha256: sha256, name: name)
            partial.forget()
            return .file(
                Downloaded(
                    address: address, sha256: sha256, bytes: partial.size, validators: validators,
                    license: downloading.license?.license, file: file))
        }
    } catch {
        // What cannot be gone on with is of no use to the next run.
        if partial.size == 0 || partial.validators?.forRange == nil { partial.remove() }
        throw error
    }
}

/// The name under which the file at `address` is kept. CMS writes dates with slashes into some names.
public func fileName(of address: String) -> String {
    let path = (URLComponents(string: address)?.path ?? address).split(separator: "/").map(String.init)
    let folder = path.lastIndex { ["zip", "downloads"].contains($0.lowercased()) }
    let parts = folder.map { path[($0 + 1)...] }.flatMap { $0.isEmpty ? nil : $0 } ?? path.suffix(1)
    let name = parts.joined(separator: "_").map { character in
        character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character)) ? character : "_"
    }
    let text = String(name.drop { $0 == "." }.suffix(120))
    return text.lowercased().hasSuffix(".zip") ? text : (text.isEmpty ? "source" : text) + ".zip"
}

private func cannotWrite(_ partial: Partial, _ reason: String) -> DownloadFailure {
    DownloadFailure(
        .cannotWrite, partial.path, "the download cannot be written: \(reason)",
        hint: "Check the disk's free space and the folder's permissions.")
}

/// One file with all its attempts.
private struct Downloading {
    let wanted: Wanted
    let client: Client
    let partial: Partial
    let progress: (DownloadProgress) -> Void
    let deadline: ContinuousClock.Instant
    /// The licence page that was met and answered.
    var license: LicensePage?
    /// Set after a body that is no whole archive although its length was the stated one.
    var ignoresLength = false

    enum End {
        case arrived(address: String, Validators)
        case unchanged
    }

    enum Step {
        case end(End)
        case again(DownloadFailure, after: Int?)
    }

    init(wanted: Wanted, client: Client, partial: Partial, progress: @escaping (DownloadProgress) -> Void) {
        self.wanted = wanted
        self.client = client
        self.partial = partial
        self.progress = progress
        deadline = .now + .seconds(client.limits.seconds)
    }

    private var secondsLeft: Int { max(0, Int((deadline - .now) / .seconds(1))) }

    mutating func run() throws(DownloadFailure) -> End {
        var fruitless = 0
        // A slow line may break often, each time further on; but not for ever.
        for _ in 0..<10_000 {
            let before = partial.size
            switch try attempt() {
            case .end(let end): return end
            case .again(let failure, let after):
                fruitless = partial.size > before ? 0 : fruitless + 1
                guard fruitless <= client.retries else { throw failure }
                let wait = max(after ?? 0, fruitless == 0 ? 0 : client.retrySeconds << min(fruitless - 1, 6))
                guard wait < secondsLeft else { throw failure }
                if wait > 0 { Thread.sleep(forTimeInterval: TimeInterval(wait)) }
            }
        }
        throw DownloadFailure(.cut, wanted.address, "the connection broke ten thousand times")
    }

    private mutating func attempt() throws(DownloadFailure) -> Step {
        guard secondsLeft > 0 else { throw timeout(target) }
        let body = Body(partial: partial, known: wanted.known, limit: client.limits.bytes, resumes: resumes) {
            [wanted, progress] in
            progress(DownloadProgress(address: wanted.address, bytes: $0, total: $1))
        }
        let request = Request(
            address: target, headers: headers, userAgent: client.userAgent, seconds: secondsLeft,
            stallSeconds: client.limits.stallSeconds, ignoresLength: ignoresLength)
        let pages = wanted.licensePages
        let arrival = try follow(request, client: client, isGate: { licensePage(pages, at: $0, says: "") != nil }) {
            body.take($0, $1)
        }
        let gate = arrival.answer.redirect ?? arrival.address
        let text = (200..<300).contains(arrival.answer.status) ? body.pageText : ""
        if let page = licensePage(pages, at: gate, says: text) {
            try accept(page, at: gate)
            return try attempt()
        }
        return try judge(arrival.answer, arrival.failure, body, arrival.address)
    }

    private var target: String {
        let address = client.target(wanted.address)
        guard let answer = license?.answer else { return address }
        return address + (address.contains("?") ? "&" : "?") + answer
    }

    private var resumes: Bool { partial.size > 0 && !ignoresLength }

    private var headers: [String] {
        // As it is: a body that was packed on the way has another length than is stated.
        var headers = [
            "Accept: application/zip, application/octet-stream;q=0.9, */*;q=0.5", "Accept-Encoding: identity",
        ]
        if ignoresLength { headers.append("Connection: close") }
        if resumes, let validator = partial.validators?.forRange {
            headers += ["Range: bytes=\(partial.size)-", "If-Range: \(validator)"]
        } else if let known = wanted.known {
            if let etag = known.etag { headers.append("If-None-Match: \(etag)") }
            if let date = known.lastModified { headers.append("If-Modified-Since: \(date)") }
        }
        return headers
    }

    // MARK: Licence pages

    private mutating func accept(_ page: LicensePage, at address: String) throws(DownloadFailure) {
        guard page.answer != nil else {
            throw DownloadFailure(
                .license, wanted.address,
                "the server asks to agree to the \(page.license.uppercased()) licence first: \(address)",
                hint: "Read it, and if you agree say so with --accept-license \(page.license).")
        }
        guard license == nil else {
            throw DownloadFailure(
                .license, wanted.address, "the server shows its licence page again after it was agreed to: \(address)",
                hint: "Fetch the file with a browser and give it with --input.")
        }
        license = page
    }

    // MARK: Judging an answer

    private mutating func judge(
        _ answer: Answer, _ failure: ExchangeFailure?, _ body: Body, _ address: String
    ) throws(DownloadFailure) -> Step {
        if let reason = partial.failure { throw cannotWrite(partial, reason) }
        switch answer.status {
        case 200, 206: return try judgeBody(answer, failure, body, address)
        case 0:
            switch failure {
            case .certificate(let reason):
                throw DownloadFailure(
                    .certificate, address, "the server's certificate is not trusted: \(reason)",
                    hint: "Behind a proxy with a certificate of its own, name it with SSL_CERT_FILE=….")
            case .timedOut: return .again(timeout(address), after: nil)
            case .connection(let reason):
                return .again(
                    DownloadFailure(
                        .unreachable, address, "no answer: \(reason)",
                        hint: "Check the network and https_proxy, or give the file with --input."), after: nil)
            case .cut, .stopped, nil:
                return .again(
                    DownloadFailure(.unreachable, address, "the connection ended before an answer"), after: nil)
            }
        case 304 where wanted.known != nil: return .end(.unchanged)
        case 404, 410:
            throw DownloadFailure(
                .notFound, address, "there is no such file (\(answer.status))",
                hint: "CMS may have renamed it: see `ingest releases --remote`, or give the file with --input.")
        case 416:
            // Nothing is left to ask for: a run was killed after the last byte.
            if let total = contentRange(answer)?.total, total == partial.size, partial.isWholeArchive {
                return .end(.arrived(address: address, partial.validators ?? Validators(answer)))
            }
            partial.discard()
            return .again(
                DownloadFailure(.cut, address, "the server does not go on where the download ended (416)"), after: nil)
        case 408, 425, 429, 500...599:
            let after = answer.headers["retry-after"].flatMap { Int($0) }
            return .again(
                DownloadFailure(
                    .busy, address,
                    "the server answers \(answer.status)\(answer.status == 429 ? " (too many requests)" : "") every time",
                    hint: after.map { "Try again later: it asks to wait \($0) seconds." } ?? "Try again later."),
                after: after)
        case 407:
            throw DownloadFailure(
                .refused, address, "the proxy wants a name and password (407)",
                hint: "Write them into https_proxy=http://name:password@proxy:port.")
        case 401, 403, 451:
            throw DownloadFailure(
                .refused, address, "the server refuses to give the file (\(answer.status))\(title(body.pageText))",
                hint:
                    "It may turn programs away: fetch the file with a browser and give it with --input, or use a --mirror."
            )
        default:
            throw DownloadFailure(
                .refused, address, "the server answers \(answer.status)\(title(body.pageText))",
                hint: "Give the file with --input.")
        }
    }

    private mutating func judgeBody(
        _ answer: Answer, _ failure: ExchangeFailure?, _ body: Body, _ address: String
    ) throws(DownloadFailure) -> Step {
        switch body.mode {
        case .unchanged: return .end(.unchanged)
        case .otherRange:
            partial.discard()
            return .again(
                DownloadFailure(.cut, address, "the server goes on at another byte than it was asked for"), after: nil)
        case .tooLarge:
            partial.discard()
            throw DownloadFailure(
                .tooLarge, address,
                "the file is larger than \(client.limits.bytes) bytes"
                    + (answer.length.map { "; the server states \($0)" } ?? ""),
                hint: "No file of a release is so large. If this one is to be, raise --max-size.")
        case .page, .undecided:
            if case .timedOut = failure { return .again(timeout(address), after: nil) }
            return try .again(notAnArchive(body, address), after: nil)
        case .archive: break
        }
        let stated = contentRange(answer)?.total ?? (answer.status == 200 ? answer.length : nil)
        let end = Step.end(.arrived(address: address, partial.validators ?? Validators(answer)))
        let isWhole = partial.isWholeArchive
        if isWhole, wanted.sha256 != nil, partial.digest() == wanted.sha256 { return end }
        switch failure {
        case nil where isWhole && (stated == nil || stated == partial.size): return end
        case .timedOut: return .again(timeout(address), after: nil)
        case nil, .cut, .stopped, .connection, .certificate: break
        }
        let size = partial.size
        if let stated, isWhole || (ignoresLength && size > stated) {
            partial.discard()
            throw DownloadFailure(
                .length, address,
                "the server states a length of \(stated) bytes and sends \(size)"
                    + (isWhole ? ", which are a whole archive by its own directory" : ""),
                hint:
                    "Its length is wrong, so a cut would go unnoticed. Try again later, or give the file with --input.")
        }
        let message =
            if let stated, size < stated {
                "the body ends after \(size) of \(stated) bytes"
            } else {
                "the body ends after \(size) bytes, before the directory that ends an archive"
            }
        if failure == nil {
            // By the stated length it is complete: going on would bring nothing, so look how much there is.
            ignoresLength = true
            partial.discard()
        } else if partial.validators?.forRange == nil {
            partial.discard()
        }
        return .again(
            DownloadFailure(
                .cut, address, message, hint: "Run the same command again: it goes on where this one ended."),
            after: nil)
    }

    private func timeout(_ address: String) -> DownloadFailure {
        DownloadFailure(
            .timeout, address,
            secondsLeft > 0
                ? "the server sent nothing for \(client.limits.stallSeconds) seconds"
                : "the download took longer than \(client.limits.seconds) seconds; \(partial.size) bytes have arrived",
            hint: "Run the same command again: it goes on where this one ended. --max-time allows more.")
    }

    /// - Throws: for what another attempt would bring again.
    /// - Returns: for an empty body, which may be an accident.
    private func notAnArchive(_ body: Body, _ address: String) throws(DownloadFailure) -> DownloadFailure {
        let text = body.pageText
        guard !text.isEmpty else {
            return DownloadFailure(.cut, address, "the body is empty", hint: "Try again later.")
        }
        let lower = text.lowercased()
        guard lower.contains("<html") || lower.contains("<!doctype") || lower.drop(while: \.isWhitespace).first == "<"
        else {
            let bytes = body.page.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
            throw DownloadFailure(
                .notArchive, address,
                "this is no ZIP archive: it begins with the bytes \(bytes.joined(separator: " ")) and not 50 4B 03 04",
                hint: "Give the file with --input, or use another --mirror.")
        }
        throw DownloadFailure(
            .page, address, "the server sends a web page instead of the archive\(title(text))",
            hint:
                "CMS answers some errors so. See the page in a browser; the file may have moved: `ingest releases --remote`."
        )
    }

    private func title(_ text: String) -> String {
        let lower = text.lowercased()
        guard let start = lower.range(of: "<title"),
            let open = lower.range(of: ">", range: start.upperBound..<lower.endIndex),
            let end = lower.range(of: "</title", range: open.upperBound..<lower.endIndex)
        else { return "" }
        let words = lower[open.upperBound..<end.lowerBound].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.isEmpty ? "" : ", titled “\(words.prefix(120))”"
    }
}

private func licensePage(_ pages: [LicensePage], at address: String, says text: String) -> LicensePage? {
    let (address, text) = (address.lowercased(), text.lowercased())
    return pages.first { page in page.marks.contains { address.contains($0) || text.contains($0) } }
}

/// `bytes 100-199/200`, `bytes */200`.
private func contentRange(_ answer: Answer) -> (start: Int?, total: Int?)? {
    guard let text = answer.headers["content-range"], text.lowercased().hasPrefix("bytes ") else { return nil }
    let parts = text.dropFirst(6).split(separator: "/")
    guard parts.count == 2 else { return nil }
    return (parts[0].split(separator: "-").first.flatMap { Int($0) }, Int(parts[1]))
}

/// Decides on the first bytes what a body is, and writes an archive's to disk. A class because the exchange
/// and its caller share it.
private final class Body {
    enum Mode {
        case undecided, archive, page, unchanged, otherRange, tooLarge
    }

    private(set) var mode = Mode.undecided
    /// The beginning of what is no archive.
    private(set) var page: [UInt8] = []
    private let partial: Partial
    private let known: Validators?
    private let limit: Int
    private let resumes: Bool
    private let progress: (Int, Int?) -> Void
    private static let longestPage = 1 << 16

    init(partial: Partial, known: Validators?, limit: Int, resumes: Bool, progress: @escaping (Int, Int?) -> Void) {
        self.partial = partial
        self.known = known
        self.limit = limit
        self.resumes = resumes
        self.progress = progress
    }

    var pageText: String { String(decoding: page, as: UTF8.self) }

    /// - Returns: whether more is wanted.
    func take(_ answer: Answer, _ bytes: UnsafeRawBufferPointer) -> Bool {
        if mode == .undecided, page.isEmpty, answer.status == 206 { decideRange(answer) }
        switch mode {
        case .undecided:
            page += bytes
            guard page.count >= 4 else { return true }
            return decide(answer)
        case .archive: return write(bytes, answer)
        case .page:
            page += bytes.prefix(Self.longestPage - page.count)
            return page.count < Self.longestPage
        case .unchanged, .otherRange, .tooLarge: return false
        }
    }

    private func decideRange(_ answer: Answer) {
        guard resumes, contentRange(answer)?.start == partial.size,
            partial.validators.map({
                $0.isSame(as: Validators(etag: answer.etag, lastModified: answer.lastModified, bytes: nil))
                    || (answer.etag == nil && answer.lastModified == nil)
            }) ?? false
        else {
            mode = .otherRange
            return
        }
        mode = .archive
    }

    private func decide(_ answer: Answer) -> Bool {
        guard answer.status == 200, page.starts(with: [0x50, 0x4B, 0x03, 0x04]) else {
            mode = .page
            return page.count < Self.longestPage
        }
        let version = Validators(answer)
        if let known, known.isSame(as: version) {
            mode = .unchanged
            return false
        }
        guard (answer.length ?? 0) <= limit else {
            mode = .tooLarge
            return false
        }
        mode = .archive
        partial.begin(version)
        let head = page
        page = []
        return head.withUnsafeBytes { write($0, answer) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ answer: Answer) -> Bool {
        guard partial.size + bytes.count <= limit else {
            mode = .tooLarge
            return false
        }
        guard partial.failure == nil, partial.append(bytes) else { return false }
        progress(partial.size, contentRange(answer)?.total ?? answer.length)
        return true
    }
}
