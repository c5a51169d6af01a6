import Diff
import Model

/// A policy is read or refused, each problem at its place.
func checkPolicy(_ bytes: [UInt8]) throws(BrokenPromise) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    do throws(IngestError) { _ = try Policy(text, file: "policy.yaml", schemas: FuzzTarget.schemas) } catch {
        try promiseRefusal(error)
    }
}
