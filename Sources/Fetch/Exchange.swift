private import CLibcurl
private import Foundation

/// One request of a file or page, as it goes to the server.
struct Request {
    var address: String
    /// Further header lines, such as `Range: bytes=100-`.
    var headers: [String] = []
    var userAgent: String
    /// Seconds for the whole exchange.
    var seconds: Int
    /// Seconds without a byte after which the server counts as stalled.
    var stallSeconds: Int
    /// Reads to the end of the connection whatever length the server states: to find out how wrong it is.
    var ignoresLength = false
}

/// The head of the server's answer.
struct Answer {
    var status = 0
    /// By lower-case name; of a repeated header the last.
    var headers: [String: String] = [:]
    /// Where a redirect leads, made absolute.
    var redirect: String?

    var length: Int? { headers["content-length"].flatMap { Int($0) } }
    var etag: String? { headers["etag"] }
    var lastModified: String? { headers["last-modified"] }
}

/// Why an exchange ended early.
enum ExchangeFailure {
    /// The receiver had seen enough.
    case stopped
    /// The connection ended before the stated length.
    case cut
    case timedOut
    case certificate(String)
    /// Name resolution, connection, protocol: with the library's own words.
    case connection(String)
}

/// What arrives, in its order. A class because the C library keeps a pointer to it for as long as it runs.
private final class Receiver {
    var answer = Answer()
    let body: (Answer, UnsafeRawBufferPointer) -> Bool
    var wasStopped = false
    private let patience: Duration
    private var lastSign = ContinuousClock.now

    init(stallSeconds: Int, _ body: @escaping (Answer, UnsafeRawBufferPointer) -> Bool) {
        patience = .seconds(stallSeconds)
        self.body = body
    }

    func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        lastSign = .now
        if !body(answer, bytes) { wasStopped = true }
        return !wasStopped
    }

    /// Whether the server has been silent for too long. The library's own measure is an average over seconds and
    /// notices a stall far too late.
    var isStalled: Bool { ContinuousClock.now - lastSign > patience }

    func take(header line: String) {
        lastSign = .now
        if line.hasPrefix("HTTP/") {
            // The head of an interim answer (100, a proxy's) is forgotten.
            answer = Answer()
            answer.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if let colon = line.firstIndex(of: ":") {
            let name = line[..<colon].lowercased()
            answer.headers[name] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
}

/// The library's state for one exchange, released with the value.
private struct Handle: ~Copyable {
    let curl: UnsafeMutableRawPointer
    var list: UnsafeMutablePointer<curl_slist>?

    init?() {
        guard let curl = ingest_curl_begin() else { return nil }
        self.curl = curl
        list = nil
    }

    mutating func add(header: String) {
        // Out of memory gives nil and leaves the list as it was.
        if let longer = ingest_curl_list_append(list, header) { list = longer }
    }

    deinit {
        ingest_curl_end(curl)
        ingest_curl_list_free(list)
    }
}

/// Why the library cannot be used; it is loaded and set up once in the process.
private let libraryProblem = ingest_curl_load().map { String(cString: $0) }

/// The name and version of the client library, for the User-Agent.
let libraryName: String = {
    guard libraryProblem == nil, let version = ingest_curl_version() else { return "libcurl" }
    return "libcurl/" + (String(cString: version).split { $0 == "/" || $0 == " " }.dropFirst().first ?? "")
}()

/// Sends `request` and hands the body over piece by piece; `body` answers whether to go on. Redirects are not
/// followed: where they lead is in the answer. Proxies are those of the environment (`https_proxy`, `no_proxy` …).
func exchange(
    _ request: Request, body: @escaping (Answer, UnsafeRawBufferPointer) -> Bool
) -> (answer: Answer, failure: ExchangeFailure?) {
    if let libraryProblem { return (Answer(), .connection("libcurl is needed to fetch: \(libraryProblem)")) }
    guard var handle = Handle() else { return (Answer(), .connection("libcurl cannot start")) }
    let receiver = Receiver(stallSeconds: request.stallSeconds, body)
    for header in request.headers { handle.add(header: header) }
    let curl = handle.curl
    ingest_curl_set_text(curl, CURLOPT_URL, request.address)
    // Which of them an address may have is decided by `Client.allows`.
    ingest_curl_set_text(curl, CURLOPT_PROTOCOLS_STR, "https,http")
    ingest_curl_set_text(curl, CURLOPT_USERAGENT, request.userAgent)
    ingest_curl_set_list(curl, CURLOPT_HTTPHEADER, handle.list)
    ingest_curl_set_number(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    ingest_curl_set_number(curl, CURLOPT_CONNECTTIMEOUT, min(20, max(1, request.seconds)))
    ingest_curl_set_number(curl, CURLOPT_TIMEOUT, max(1, request.seconds))
    ingest_curl_set_number(curl, CURLOPT_NOPROGRESS, 0)
    if request.ignoresLength { ingest_curl_set_number(curl, CURLOPT_IGNORE_CONTENT_LENGTH, 1) }
    // A company whose proxy opens connections has a certificate of its own; the variable is OpenSSL's.
    if let bundle = ProcessInfo.processInfo.environment["SSL_CERT_FILE"], !bundle.isEmpty {
        ingest_curl_set_text(curl, CURLOPT_CAINFO, bundle)
    }
    var words = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
    let code = words.withUnsafeMutableBufferPointer { buffer in
        ingest_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, buffer.baseAddress)
        defer { ingest_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, nil) }
        return withExtendedLifetime(receiver) {
            let pointer = Unmanaged.passUnretained(receiver).toOpaque()
            ingest_curl_set_pointer(curl, CURLOPT_HEADERDATA, pointer)
            ingest_curl_set_pointer(curl, CURLOPT_WRITEDATA, pointer)
            ingest_curl_set_receive(curl, CURLOPT_HEADERFUNCTION) { bytes, size, count, receiver in
                guard let bytes, let receiver else { return 0 }
                let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
                Unmanaged<Receiver>.fromOpaque(receiver).takeUnretainedValue()
                    .take(header: String(decoding: line, as: UTF8.self))
                return size * count
            }
            ingest_curl_set_receive(curl, CURLOPT_WRITEFUNCTION) { bytes, size, count, receiver in
                guard let bytes, let receiver else { return 0 }
                let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
                let goesOn = Unmanaged<Receiver>.fromOpaque(receiver).takeUnretainedValue().take(body: piece)
                // Anything but the count ends the exchange.
                return goesOn ? piece.count : piece.count + 1
            }
            ingest_curl_set_pointer(curl, CURLOPT_XFERINFODATA, pointer)
            ingest_curl_set_progress(curl, CURLOPT_XFERINFOFUNCTION) { receiver, _, _, _, _ in
                guard let receiver else { return 0 }
                return Unmanaged<Receiver>.fromOpaque(receiver).takeUnretainedValue().isStalled ? 1 : 0
            }
            return ingest_curl_perform(curl)
        }
    }
    var answer = receiver.answer
    var redirect: UnsafePointer<CChar>?
    if ingest_curl_text_info(curl, CURLINFO_REDIRECT_URL, &redirect) == CURLE_OK, let redirect {
        answer.redirect = String(cString: redirect)
    }
    if receiver.wasStopped { return (answer, .stopped) }
    let text = String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let reason = text.isEmpty ? String(cString: ingest_curl_reason(code)) : text
    switch code {
    case CURLE_OK: return (answer, nil)
    case CURLE_PARTIAL_FILE: return (answer, .cut)
    // A connection that breaks while the body is under way.
    case CURLE_RECV_ERROR where answer.status == 200 || answer.status == 206: return (answer, .cut)
    case CURLE_OPERATION_TIMEDOUT, CURLE_ABORTED_BY_CALLBACK: return (answer, .timedOut)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
        return (answer, .certificate(reason))
    default: return (answer, .connection(reason))
    }
}
