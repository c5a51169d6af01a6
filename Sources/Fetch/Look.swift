private import Foundation

/// What lies at an address, told from the first bytes.
public enum Probe: Sendable {
    case archive(Validators)
    /// Nothing, or a page that says so.
    case absent
    /// It could not be found out.
    case unknown(DownloadFailure)
}

/// Looks whether there is an archive at CMS's `address` without fetching it.
public func probe(_ address: String, client: Client) -> Probe {
    var head: [UInt8] = []
    let failure: DownloadFailure
    do throws(DownloadFailure) {
        let arrival = try ask(address, client: client, headers: ["Accept-Encoding: identity"]) { _, bytes in
            head += bytes.prefix(4 - head.count)
            return head.count < 4
        }
        switch arrival.answer.status {
        case 200 where head == [0x50, 0x4B, 0x03, 0x04]: return .archive(Validators(arrival.answer))
        case 200, 404, 410: return .absent
        default: failure = arrival.refusal
        }
    } catch {
        failure = error
    }
    return .unknown(failure)
}

/// A page, as far as its first megabytes.
public struct Page: Sendable {
    public let address: String
    /// Every address that it links to, made absolute, with the words of the link.
    public let links: [Link]

    public struct Link: Sendable, Hashable {
        public let address: String
        public let words: String
    }

    /// Reads the links of a page. Layouts change: nothing is asked of the page but `href` attributes. Works on
    /// bytes, in one pass, whatever the page is.
    public init(address: String, html: [UInt8]) {
        self.address = address
        let base = URL(string: address)
        var links: [Link] = []
        var position = 0
        while links.count < 20_000, let target = Self.nextTarget(html, &position) {
            let text = String(decoding: html[target], as: UTF8.self).replacing("&amp;", with: "&")
                .trimmingCharacters(in: .whitespacesAndNewlines)
            guard let url = URL(string: text, relativeTo: base)?.absoluteURL,
                ["http", "https"].contains(url.scheme ?? "")
            else { continue }
            links.append(Link(address: url.absoluteString, words: Self.words(html, behind: target.upperBound)))
        }
        self.links = links
    }

    private static let longest = 1_000

    /// The value of the next `href` attribute from `position` on.
    private static func nextTarget(_ html: [UInt8], _ position: inout Int) -> Range<Int>? {
        func skipBlanks() { while position < html.count, html[position] <= 0x20 { position += 1 } }
        while position + 4 < html.count {
            guard html[position..<(position + 4)].elementsEqual("href".utf8, by: { $0 | 0x20 == $1 }) else {
                position += 1
                continue
            }
            position += 4
            skipBlanks()
            guard position < html.count, html[position] == UInt8(ascii: "=") else { continue }
            position += 1
            skipBlanks()
            guard position < html.count else { return nil }
            let quote = html[position]
            let isQuoted = quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
            let start = isQuoted ? position + 1 : position
            var end = start
            while end < html.count, end - start < longest,
                isQuoted ? html[end] != quote : html[end] > 0x20 && html[end] != UInt8(ascii: ">")
            {
                end += 1
            }
            position = end
            if end > start { return start..<end }
        }
        return nil
    }

    /// The words between a link's tags, other tags left out.
    private static func words(_ html: [UInt8], behind start: Int) -> String {
        var words: [UInt8] = []
        var isTag = true
        for index in start..<min(html.count, start + longest) {
            switch html[index] {
            case UInt8(ascii: "<"):
                if html[index...].prefix(3).elementsEqual("</a".utf8, by: { $0 | 0x20 == $1 | 0x20 }) {
                    return String(decoding: words, as: UTF8.self)
                }
                isTag = true
            case UInt8(ascii: ">"): isTag = false
            case let byte: if !isTag { words.append(byte) }
            }
        }
        return String(decoding: words, as: UTF8.self)
    }
}

/// Reads the page at CMS's `address`.
/// - Throws: when it cannot be read.
public func page(_ address: String, client: Client) throws(DownloadFailure) -> Page {
    var text: [UInt8] = []
    let limit = 4 << 20
    let arrival = try ask(address, client: client, headers: ["Accept: text/html"]) { _, bytes in
        text += bytes.prefix(limit - text.count)
        return text.count < limit
    }
    guard arrival.answer.status == 200 else { throw arrival.refusal }
    return Page(address: address, html: text)
}

/// Asks once more when nothing came.
private func ask(
    _ address: String, client: Client, headers: [String], body: @escaping (Answer, UnsafeRawBufferPointer) -> Bool
) throws(DownloadFailure) -> Arrival {
    let request = Request(
        address: client.target(address), headers: headers, userAgent: client.userAgent,
        seconds: min(60, client.limits.seconds), stallSeconds: client.limits.stallSeconds)
    var arrival = try follow(request, client: client, body: body)
    for turn in 0..<min(1, client.retries) where arrival.isPassing {
        Thread.sleep(forTimeInterval: TimeInterval(client.retrySeconds << turn))
        arrival = try follow(request, client: client, body: body)
    }
    if arrival.answer.status == 0 { throw arrival.refusal }
    return arrival
}

extension Arrival {
    /// Whether the same request may fare better.
    fileprivate var isPassing: Bool { [0, 408, 425, 429].contains(answer.status) || answer.status >= 500 }

    fileprivate var refusal: DownloadFailure {
        guard answer.status == 0 else {
            return DownloadFailure(.refused, address, "the server answers \(answer.status)")
        }
        switch failure {
        case .certificate(let reason):
            return DownloadFailure(.certificate, address, "the certificate is not trusted: \(reason)")
        case .connection(let reason): return DownloadFailure(.unreachable, address, "no answer: \(reason)")
        case .timedOut: return DownloadFailure(.timeout, address, "no answer in time")
        case .cut, .stopped, nil: return DownloadFailure(.unreachable, address, "the connection ended before an answer")
        }
    }
}
