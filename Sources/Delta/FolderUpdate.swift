import Digest
public import Foundation
public import Model

extension Delta {
    /// Applies the delta to a revision's tables and writes those of ``head`` into a new folder, which appears whole or not
    /// at all.
    /// - Parameters:
    ///   - folder: a revision's folder, or another that has `tables/`.
    ///   - output: the folder to be made; `tables/` goes into it.
    /// - Throws: when the folder's tables are not those of ``base``, or the new ones cannot be written.
    public func update(folder: URL, to output: URL) throws(IngestError) -> DeltaOutcome {
        var older: [String: [UInt8]] = [:]
        for name in tables.map(\.shape.name) + dropped.map(\.name) + [provenanceTable] {
            guard let data = try? Data(contentsOf: folder.appendingPathComponent("tables/\(name).csv")) else {
                continue
            }
            older[name] = [UInt8](data)
        }
        let outcome = try outcome(of: older.mapValues { Digest.hex($0) }, at: Place(folder.relativePath))
        guard case .applied = outcome else { return outcome }
        var newer: [(name: String, bytes: [UInt8])] = []
        for table in tables {
            let bytes = older[table.shape.name] ?? []
            newer.append((table.shape.name, table.isChanged ? try head(of: table, from: bytes) : bytes))
        }
        if let provenance { newer.append((provenanceTable, try head(of: provenance, over: newer))) }
        try writeFolder(newer.map { ("tables/\($0.name).csv", $0.bytes) }, to: output)
        return .applied
    }
}

/// Makes a folder with files in it, on disk before it is seen under its name: whole or not at all.
/// - Throws: when there is something of the name, or it cannot be written.
public func writeFolder(_ files: [(path: String, bytes: [UInt8])], to output: URL) throws(IngestError) {
    guard !FileManager.default.fileExists(atPath: output.path) else {
        throw IngestError(
            .cannotWrite, "folder_exists", at: Place(output.relativePath), "there is something of this name already",
            hint: "Name another folder with --out; nothing is written over.")
    }
    let aside = output.deletingLastPathComponent().appendingPathComponent(".\(output.lastPathComponent).new")
    do {
        if FileManager.default.fileExists(atPath: aside.path) { try FileManager.default.removeItem(at: aside) }
        for (path, bytes) in files {
            let file = aside.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
                throw CocoaError(.fileWriteUnknown)
            }
            let handle = try FileHandle(forWritingTo: file)
            try handle.write(contentsOf: bytes)
            try handle.synchronize()
            try handle.close()
        }
        try FileManager.default.moveItem(at: aside, to: output)
    } catch {
        try? FileManager.default.removeItem(at: aside)
        throw IngestError(
            .cannotWrite, "cannot_write", at: Place(output.relativePath),
            "the folder cannot be written: \(error.localizedDescription)",
            hint: "Check the disk's free space and the folder's permissions. Nothing was changed.")
    }
}
