public import Foundation
public import Model

extension IngestError: LocalizedError {
    /// What went wrong, in sentences: where, what was there, what was expected, and what to try.
    public var message: String {
        diagnostics.kinds.flatMap(\.first).map { problem in
            [problem.place.map { "\($0): \(problem.message)" } ?? problem.message, problem.hint]
                .compactMap(\.self).joined(separator: ". ")
        }.joined(separator: "\n")
    }

    public var errorDescription: String? { message }
}
