public import Foundation
public import JSON
public import Model

extension Dataset {
    /// The document of a code: everything that a page about it shows, texts of its category included.
    /// - Returns: `nil` when the release does not have the code.
    /// - Throws: when `codes.ndjson` is not there, as in an app that carries the database alone, or the document cannot be read.
    public func document(of code: String) throws(IngestError) -> JSONValue? {
        guard let bytes = try documentBytes(of: code) else { return nil }
        guard let document = try? JSONValue(bytes) else {
            throw IngestError(
                .badData, "document_unreadable", "\(name) has a damaged document of \(code.uppercased())",
                hint: "ingest validate \(folder.relativePath)")
        }
        return document
    }

    /// The document of a code as it was published: a line of `codes.ndjson`, found by bisection, as lines are sorted by code.
    /// - Returns: `nil` when the release does not have the code.
    /// - Throws: when `codes.ndjson` cannot be read.
    public func documentBytes(of code: String) throws(IngestError) -> [UInt8]? {
        try Self.documentBytes(of: code.uppercased(), in: folder)
    }

    /// The same from a revision's folder of which nothing else is opened.
    /// - Returns: `nil` when the release does not have the code, which is taken as it is written.
    /// - Throws: when `codes.ndjson` cannot be read.
    public static func documentBytes(of code: String, in folder: URL) throws(IngestError) -> [UInt8]? {
        try DocumentFile(in: folder).bytes(of: code)
    }
}

/// The documents of a revision, `codes.ndjson`, for many questions to one opened file.
public struct DocumentFile: Sendable {
    private let data: Data

    /// Opens the file in a revision's folder.
    /// - Throws: when it cannot be read.
    public init(in folder: URL) throws(IngestError) {
        let url = folder.appendingPathComponent("codes.ndjson")
        do { data = try Data(contentsOf: url, options: .alwaysMapped) } catch {
            throw IngestError(.badData, "documents_unreadable", at: Place(url.path), error.localizedDescription)
        }
    }

    /// The document of a code, which is taken as it is written; `nil` when the release does not have it.
    public func bytes(of code: String) -> [UInt8]? {
        let wanted = Array(code.utf8)
        let prefix = Array(#"{"code":""#.utf8)
        return data.withUnsafeBytes { bytes -> [UInt8]? in
            // Where the document may begin.
            var low = 0
            var high = bytes.count
            while low < high {
                let middle = (low + high) / 2
                var start = middle
                while start > 0, bytes[start - 1] != 0x0A { start -= 1 }
                // The rest of the line does not matter: a longer code is another one by its next character.
                let line = bytes[start...].prefix(prefix.count + wanted.count + 1).prefix { $0 != 0x0A }
                let found = line.dropFirst(prefix.count).prefix { $0 != UInt8(ascii: "\"") }
                if found.elementsEqual(wanted) { return Array(bytes[start...].prefix { $0 != 0x0A }) }
                if found.lexicographicallyPrecedes(wanted) { low = middle + 1 } else { high = start }
            }
            return nil
        }
    }
}
