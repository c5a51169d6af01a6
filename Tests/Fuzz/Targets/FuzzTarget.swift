import Model
import Schemas

/// A reader of what others wrote, with the promises that it keeps for any bytes at all.
public enum FuzzTarget: String, Sendable, CaseIterable {
    /// ZIP archives and gzip files.
    case archive
    /// The CSV tokeniser, beside libcsv, and the tables that are read from it.
    case csv
    /// Tables of fixed-width records.
    case fixedWidth = "fixed-width"
    /// The XML parts of a workbook.
    case workbook
    /// Editors' overlays: both readers of YAML, the overlays they make, and the form that files are kept in.
    case overlay
    /// Policies.
    case policy

    /// Reads `bytes` and checks what came of it.
    /// - Throws: the promise that was broken. A trap is a broken promise too, and ends the process.
    public func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        switch self {
        case .archive: try checkArchive(bytes)
        case .csv: try checkCSV(bytes)
        case .fixedWidth: try checkFixedWidth(bytes)
        case .workbook: try checkWorkbook(bytes)
        case .overlay: try checkOverlay(bytes)
        case .policy: try checkPolicy(bytes)
        }
    }

    /// The tables of the program, read once.
    static let schemas: Schemas = {
        do { return try Schemas() } catch { fatalError("the embedded tables cannot be read: \(error)") }
    }()
}

/// What a reader should have done and did not.
public struct BrokenPromise: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// - Throws: unless `holds`.
func promise(_ holds: Bool, _ description: @autoclosure () -> String) throws(BrokenPromise) {
    if !holds { throw BrokenPromise(description()) }
}

/// A refusal says what is wrong, and where.
func promiseRefusal(_ error: IngestError) throws(BrokenPromise) {
    let found = error.diagnostics.kinds.flatMap(\.first)
    try promise(error.kind == .badData, "refused as \(error.kind), not as bad data: \(found)")
    try promise(!found.isEmpty, "refused without a reason")
    for diagnostic in found {
        try promise(diagnostic.place?.file.isEmpty == false, "no place: \(diagnostic)")
        try promise(
            (diagnostic.place?.line ?? 1) >= 1 && (diagnostic.place?.column ?? 1) >= 1, "before 1: \(diagnostic)")
        try promise(!diagnostic.id.isEmpty && !diagnostic.message.isEmpty, "nothing said: \(diagnostic)")
    }
}
