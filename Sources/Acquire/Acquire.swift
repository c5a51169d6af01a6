private import Digest
public import Foundation
public import Model

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// A file that the user gave, read whole.
public struct AcquiredFile: Sendable {
    /// The file's name without its folder: no output depends on where it lay.
    public let name: String
    public let isNamedByUser: Bool
    public let bytes: [UInt8]
    public let sha256: String
}

/// What lies at the paths that the user gave.
public struct Acquired: Sendable {
    public var files: [AcquiredFile] = []
    /// Files of a folder that cannot hold a table, with the reason.
    public var ignored: [Input] = []
}

/// No table of CMS's is a tenth of this size; a larger file was named by mistake.
private let largestFile = 1 << 30

/// Reads the files at `paths`. A folder stands for the files in it; folders inside it are not entered.
/// - Throws: when a path does not exist, cannot be read, is empty or is absurdly large.
public func acquire(_ paths: [String]) throws(IngestError) -> Acquired {
    var acquired = Acquired()
    for path in paths {
        let url = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw IngestError(
                .unavailable, "input_missing", at: Place(path), "there is no such file or folder",
                hint: "Check --input; relative paths start from \(FileManager.default.currentDirectoryPath).")
        }
        guard isFolder.boolValue else {
            acquired.files.append(try read(url, isNamedByUser: true))
            continue
        }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: url.path) } catch {
            throw IngestError(
                .unavailable, "input_unreadable", at: Place(path), "the folder cannot be listed: \(error)")
        }
        for name in names.sorted() where !name.hasPrefix(".") {
            let file = url.appendingPathComponent(name)
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder)
            if isFolder.boolValue {
                acquired.ignored.append(
                    Input(
                        path: name, bytes: 0, sha256: "", role: .ignored,
                        remark: "a folder inside the folder: name it with its own --input"))
            } else if let reason = unreadable(name) {
                acquired.ignored.append(Input(path: name, bytes: 0, sha256: "", role: .ignored, remark: reason))
            } else {
                acquired.files.append(try read(file, isNamedByUser: false))
            }
        }
    }
    return acquired
}

/// Why a file of this name cannot be a table that this version reads; `nil` when it may be one.
public func unreadable(_ name: String) -> String? {
    switch name.split(separator: ".").last?.lowercased() {
    case "xls": "a workbook of the old binary kind (.xls), which is not read: the same table is in TXT, CSV or XLSX"
    case "pdf", "doc", "docx": "a document"
    default: nil
    }
}

private func read(_ url: URL, isNamedByUser: Bool) throws(IngestError) -> AcquiredFile {
    let bytes: [UInt8]
    do {
        let size = try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
        guard size <= largestFile else {
            throw IngestError(
                .badData, "input_too_large", at: Place(url.lastPathComponent),
                "it has \(size) bytes; no file of a release has more than \(largestFile)")
        }
        bytes = try contents(of: url, upTo: largestFile)
    } catch let error as IngestError {
        throw error
    } catch {
        throw IngestError(
            .unavailable, "input_unreadable", at: Place(url.lastPathComponent),
            "the file cannot be read: \(error.localizedDescription)")
    }
    guard bytes.count <= largestFile else {
        throw IngestError(
            .badData, "input_too_large", at: Place(url.lastPathComponent),
            "it does not end within \(largestFile) bytes, and no file of a release has more")
    }
    guard !bytes.isEmpty else {
        throw IngestError(
            .badData, "input_empty", at: Place(url.lastPathComponent), "the file is empty",
            hint: "A download may have been cut: fetch it again.")
    }
    return AcquiredFile(
        name: url.lastPathComponent, isNamedByUser: isNamedByUser, bytes: bytes, sha256: Digest.hex(bytes))
}

/// A file's bytes, read to where they stay: what Foundation reads would have to be copied.
/// - Parameter limit: how far a pipe is read, which may have no end.
/// - Throws: Foundation's error, when the file is not there or cannot be read.
public func contents(of url: URL, upTo limit: Int = .max) throws -> [UInt8] {
    let handle = try FileHandle(forReadingFrom: url)
    defer { try? handle.close() }
    var status = stat()
    let size = fstat(handle.fileDescriptor, &status) == 0 ? Int(status.st_size) : 0
    var bytes: [UInt8] = []
    if size > 0 {
        bytes = Array(unsafeUninitializedCapacity: size) { buffer, count in
            let room = UnsafeMutableRawBufferPointer(buffer)
            while count < size {
                let rest = UnsafeMutableRawBufferPointer(rebasing: room[count...])
                let got = read(handle.fileDescriptor, rest.baseAddress, rest.count)
                if got <= 0 { break }
                count += got
            }
        }
    }
    // A pipe has no size. What could not be read fails here once more, with its reason.
    while bytes.count <= limit, let more = try handle.read(upToCount: 1 << 20), !more.isEmpty { bytes += more }
    return bytes
}

/// Reads a file of any length in pieces.
/// - Throws: when it is not there or cannot be read.
public func stream(_ path: String, _ body: ([UInt8]) -> Void) throws(IngestError) {
    do {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty { body([UInt8](chunk)) }
    } catch {
        throw IngestError(
            .unavailable, "input_unreadable", at: Place(path), "the file cannot be read: \(error.localizedDescription)")
    }
}
