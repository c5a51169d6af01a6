public import Foundation
import Model

#if canImport(FoundationNetworking)
    public import FoundationNetworking
#endif

extension HostedDataset {
    /// The folder at a web address, through `URLSession`, which asks for packed files and unpacks them.
    /// - Parameter base: the address of the folder that holds `latest.json`.
    public init(at base: URL, session: URLSession = .shared) {
        self.init { path in
            let (data, response) = try await session.data(from: base.appendingPathComponent(path))
            switch (response as? HTTPURLResponse)?.statusCode {
            case 200: return [UInt8](data)
            case 404, 410: return nil
            case let status:
                throw IngestError(
                    .unavailable, "cannot_fetch", at: Place(path),
                    "the server answered with the status \(status.map(String.init) ?? "of no web server")",
                    hint: "Check the address, and try again later.")
            }
        }
    }
}
