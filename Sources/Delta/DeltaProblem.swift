import Model

/// What is wrong with a delta's file, a base or a result; where it is, is known to who asked.
struct DeltaProblem: Error {
    let id: String
    let message: String

    init(_ id: String, _ message: String) {
        self.id = id
        self.message = message
    }

    func error(at place: Place, hint: String? = nil) -> IngestError {
        IngestError(.badData, id, at: place, message, hint: hint)
    }
}
