/// The answer at the end of all redirects.
struct Arrival {
    let answer: Answer
    let failure: ExchangeFailure?
    let address: String
}

/// Sends `request` and follows redirects one by one: each must be allowed, none may be met twice. Stops before an
/// address that `isGate` knows; its redirect is then the answer.
func follow(
    _ request: Request, client: Client, isGate: (String) -> Bool = { _ in false },
    body: @escaping (Answer, UnsafeRawBufferPointer) -> Bool
) throws(DownloadFailure) -> Arrival {
    var request = request
    var seen: [String] = []
    let deadline = ContinuousClock.now + .seconds(request.seconds)
    while true {
        let address = request.address
        guard !seen.contains(address) else {
            throw DownloadFailure(
                .redirects, seen.first ?? address,
                "the server redirects in a loop: \((seen + [address]).joined(separator: " → "))",
                hint: "Try again later, or give the file with --input.")
        }
        guard seen.count <= client.limits.redirects else {
            throw DownloadFailure(
                .redirects, seen.first ?? address,
                "more than \(client.limits.redirects) redirects; the last leads to \(address)",
                hint: "Try again later, or give the file with --input.")
        }
        guard client.allows(address) else {
            throw DownloadFailure(
                .insecure, address,
                seen.last.map { "\($0) redirects to an address that is not HTTPS" } ?? "the address is not HTTPS",
                hint: "Plain HTTP is asked only on this machine or from the --mirror itself.")
        }
        seen.append(address)
        var dropped = 0
        let (answer, failure) = exchange(request) { answer, bytes in
            guard answer.isRedirect else { return body(answer, bytes) }
            dropped += bytes.count
            return dropped < 1 << 16
        }
        guard answer.isRedirect else { return Arrival(answer: answer, failure: failure, address: address) }
        guard let next = answer.redirect else {
            throw DownloadFailure(.redirects, address, "the server answers \(answer.status) without saying where to")
        }
        if isGate(next) { return Arrival(answer: answer, failure: failure, address: address) }
        request.address = next
        request.seconds = max(1, Int((deadline - .now) / .seconds(1)))
    }
}

extension Answer {
    var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }
}
