import FlyingFox
import FlyingSocks
import Foundation
public import Model

/// What the preview answers a request for a path.
public struct PreviewAnswer: Sendable {
    public let type: String
    public let bytes: [UInt8]
    /// Whether there is something under that path.
    public let isFound: Bool

    public init(_ type: String, _ bytes: [UInt8], isFound: Bool = true) {
        self.type = type
        self.bytes = bytes
        self.isFound = isFound
    }
}

/// Serves pages on this machine alone and tells them when to load again.
public struct PreviewServer: Sendable {
    /// What lies under a path, without the query.
    let answer: @Sendable (_ path: String) -> PreviewAnswer
    /// A number that is another after every change.
    let version: @Sendable () -> Int

    public init(
        answer: @escaping @Sendable (_ path: String) -> PreviewAnswer, version: @escaping @Sendable () -> Int
    ) {
        self.answer = answer
        self.version = version
    }

    /// Listens on 127.0.0.1 until the task is cancelled.
    /// - Parameters:
    ///   - port: 0 for any that is free.
    ///   - listening: is told the port.
    /// - Throws: when the port cannot be had.
    public func run(port: UInt16, listening: @escaping @Sendable (_ port: UInt16) -> Void) async throws(IngestError) {
        do {
            let server = HTTPServer(
                address: try .inet(ip4: "127.0.0.1", port: port), timeout: 30, logger: .disabled,
                handler: ClosureHTTPHandler { request in await respond(to: request) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                group.addTask {
                    try await server.waitUntilListening()
                    if case .ip4(_, let port)? = await server.listeningAddress { listening(port) }
                }
                try await group.waitForAll()
            }
        } catch {
            if Task.isCancelled { return }
            throw IngestError(
                .unavailable, "port_taken", at: Place("127.0.0.1:\(port)"), "the preview cannot listen there: \(error)",
                hint: "Name another --port, or 0 for any that is free.")
        }
    }

    private func respond(to request: HTTPRequest) async -> HTTPResponse {
        // A page elsewhere may name a host of its own that leads here; it must not read ours.
        let host = request.headers[.host]?.split(separator: ":").first.map(String.init)
        guard host == "127.0.0.1" || host == "localhost" else {
            return HTTPResponse(statusCode: .misdirectedRequest, body: Data("not a host of this preview\n".utf8))
        }
        guard request.method == .GET else { return HTTPResponse(statusCode: .methodNotAllowed) }
        var headers: HTTPHeaders = [.cacheControl: "no-store"]
        if request.path == "/events" {
            headers[.contentType] = "text/event-stream"
            let known = request.headers[HTTPHeader("Last-Event-ID")].flatMap { Int($0) }
            return HTTPResponse(statusCode: .ok, headers: headers, body: Data(await event(after: known).utf8))
        }
        let answer = answer(request.path)
        headers[.contentType] = answer.type
        return HTTPResponse(
            statusCode: answer.isFound ? .ok : .notFound, headers: headers, body: Data(answer.bytes))
    }

    /// The version as a server-sent event: at once for a page that knows none, else as soon as it is another. The
    /// answer ends, and the browser asks again with what it knows.
    private func event(after known: Int?) async -> String {
        if let known {
            for _ in 0..<200 where version() == known && !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        let now = version()
        return "retry: 100\nid: \(now)\ndata: \(now)\n\n"
    }
}
