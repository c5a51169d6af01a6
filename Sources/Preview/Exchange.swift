import FlyingSocks
import Foundation

// HTTP as far as a browser on this machine needs it to load a page: one request for each connection, and no body in it.
// A whole HTTP library would bring libcurl with it for proxies, which every command would load before it begins.

/// The head of a request.
struct Request: Sendable {
    let method: String
    /// Without the query, and its percent signs read.
    let path: String
    /// By lower-case name.
    let headers: [String: String]

    /// The host that the browser was told to ask, without the port.
    var host: String? { headers["host"]?.split(separator: ":").first.map(String.init) }

    /// Reads a head up to its empty line; `nil` for what is none, is longer than any browser's, or takes half a minute.
    init?(from connection: AsyncSocket) async {
        let head = await withTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { try? await Self.head(from: connection) }
            group.addTask {
                try? await Task.sleep(for: .seconds(30))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        guard let head else { return nil }
        self.init(head: head)
    }

    init?(head: [UInt8]) {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/"),
            let path = words[1].prefix(while: { $0 != "?" }).removingPercentEncoding
        else { return nil }
        method = String(words[0])
        self.path = path
        headers = lines.dropFirst().reduce(into: [:]) { headers, line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
    }

    private static func head(from connection: AsyncSocket) async throws -> [UInt8]? {
        var head: [UInt8] = []
        while head.count < 1 << 16 {
            head += try await connection.read(atMost: 4096)
            if let end = head.firstRange(of: Array("\r\n\r\n".utf8)) { return Array(head[..<end.lowerBound]) }
        }
        return nil
    }
}

/// An answer, after which the connection ends.
struct Response: Sendable {
    let bytes: Data

    init(_ status: String, type: String = "text/plain; charset=utf-8", body: [UInt8] = []) {
        let head = [
            "HTTP/1.1 \(status)", "Content-Type: \(type)", "Content-Length: \(body.count)", "Cache-Control: no-store",
            "Connection: close",
        ]
        bytes = Data(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    }
}
