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
            let pool: some AsyncSocketPool = .make()
            try await pool.prepare()
            let socket = try Socket(domain: Int32(AF_INET))
            defer { try? socket.close() }
            try socket.setValue(true, for: .localAddressReuse)
            #if canImport(Darwin)
                try socket.setValue(true, for: .noSIGPIPE)
            #endif
            try socket.bind(to: try .inet(ip4: "127.0.0.1", port: port))
            try socket.listen()
            let listener = try AsyncSocket(socket: socket, pool: pool)
            if case .ip4(_, let port) = try socket.sockname() { listening(port) }
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await pool.run() }
                for try await connection in listener.sockets {
                    group.addTask { await serve(connection) }
                }
            }
        } catch {
            if Task.isCancelled { return }
            throw IngestError(
                .unavailable, "port_taken", at: Place("127.0.0.1:\(port)"), "the preview cannot listen there: \(error)",
                hint: "Name another --port, or 0 for any that is free.")
        }
    }

    /// Answers the one request of a connection. A browser that goes away in between is nobody's loss.
    private func serve(_ connection: AsyncSocket) async {
        defer { try? connection.close() }
        guard let request = await Request(from: connection) else { return }
        try? await connection.write(await response(to: request).bytes)
    }

    private func response(to request: Request) async -> Response {
        // A page elsewhere may name a host of its own that leads here; it must not read ours.
        guard ["127.0.0.1", "localhost"].contains(request.host) else {
            return Response("421 Misdirected Request", body: Array("not a host of this preview\n".utf8))
        }
        guard request.method == "GET" else { return Response("405 Method Not Allowed") }
        if request.path == "/events" {
            let known = request.headers["last-event-id"].flatMap { Int($0) }
            return Response("200 OK", type: "text/event-stream", body: Array(await event(after: known).utf8))
        }
        let answer = answer(request.path)
        return Response(answer.isFound ? "200 OK" : "404 Not Found", type: answer.type, body: answer.bytes)
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
