import Digest
import Foundation
public import Model
import Parallel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Twenty thousand overlays in one file have fifty megabytes; a larger file is something else.
private let largestOverlay = 1 << 28

/// Reads the YAML files below `path`, folders inside it included, sorted by name, on all cores. Their names are their
/// paths below it.
/// - Throws: when `path` does not exist or a file cannot be read.
public func acquireOverlays(_ path: String) throws(IngestError) -> [AcquiredFile] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw IngestError(
            .unavailable, "overlays_missing", at: Place(path), "there is no such file or folder",
            hint: "Check --overlays.")
    }
    guard isFolder.boolValue else {
        let name = URL(fileURLWithPath: path).lastPathComponent
        return [try read(path, name: name, isNamedByUser: true).get()]
    }
    var names: [String] = []
    collect(path, below: "", into: &names)
    // Names with composed and decomposed accents are two.
    names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }

    let portion = 256
    let portions = stride(from: 0, to: names.count, by: portion).map { names[$0..<min($0 + portion, names.count)] }
    let results = inParallel(portions) { portion in
        portion.map { read("\(path)/\($0)", name: $0, isNamedByUser: false) }
    }
    var files: [AcquiredFile] = []
    files.reserveCapacity(names.count)
    for result in results.joined() { files.append(try result.get()) }
    return files
}

/// Adds the names of the YAML files in a folder and in the folders inside it.
private func collect(_ folder: String, below prefix: String, into names: inout [String]) {
    guard let directory = opendir(folder) else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                String(cString: $0)
            }
        }
        if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            names.append(prefix + name)
        } else if name != ".", name != "..", isFolder(entry.pointee.d_type, "\(folder)/\(name)") {
            collect("\(folder)/\(name)", below: "\(prefix)\(name)/", into: &names)
        }
    }
}

/// Folders that are only linked to are not entered: they may be those that lead here.
private func isFolder(_ kind: UInt8, _ path: String) -> Bool {
    guard kind == UInt8(DT_UNKNOWN) else { return kind == UInt8(DT_DIR) }
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

private func read(_ path: String, name: String, isNamedByUser: Bool) -> Result<AcquiredFile, IngestError> {
    func unreadable() -> Result<AcquiredFile, IngestError> {
        .failure(
            IngestError(
                .unavailable, "input_unreadable", at: Place(name),
                "the file cannot be read: \(String(cString: strerror(errno)))"))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return unreadable() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return unreadable() }
    let size = Int(status.st_size)
    guard size <= largestOverlay else {
        return .failure(
            IngestError(
                .badData, "overlay_too_large", at: Place(name),
                "it has \(size) bytes; a file of overlays has at most \(largestOverlay)",
                hint: "Split it: a file may hold any number of overlays."))
    }
    var isComplete = true
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        while count < size {
            let step = pread(descriptor, buffer.baseAddress.map { $0 + count }, size - count, off_t(count))
            guard step > 0 else {
                isComplete = step == 0
                return
            }
            count += step
        }
    }
    guard isComplete else { return unreadable() }
    guard !bytes.isEmpty else {
        return .failure(
            IngestError(
                .badData, "input_empty", at: Place(name), "the file is empty",
                hint: "Write the overlay, or take the file away."))
    }
    return .success(
        AcquiredFile(name: name, isNamedByUser: isNamedByUser, bytes: bytes, sha256: Digest.hex(bytes)))
}
