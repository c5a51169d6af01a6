import Acquire
import Foundation
public import Model
import Overlay
import Store

/// Overlay files and the one form that they are kept in.
public struct FormattedFiles: Sendable {
    /// The files that are, or were, in another form; as they can be opened.
    public let changed: [String]
    public let count: Int
}

/// Puts every overlay file at `paths` into the one form, or only says which are not in it.
/// - Throws: bad data with every place that cannot be kept; no file is written then.
public func formatOverlays(at paths: [String], isCheck: Bool) throws(IngestError) -> FormattedFiles {
    var problems = Diagnostics()
    var changed: [(path: String, text: String)] = []
    var count = 0
    for path in paths {
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        for acquired in try acquireOverlays(path) {
            count += 1
            let name =
                !isFolder.boolValue ? path : path.hasSuffix("/") ? path + acquired.name : "\(path)/\(acquired.name)"
            do throws(IngestError) {
                let file = OverlayFile(path: name, text: try OverlayFile(acquired).text)
                let text = try format(file)
                if !text.utf8.elementsEqual(acquired.bytes) { changed.append((name, text)) }
            } catch {
                problems.add(error.diagnostics)
            }
        }
    }
    try problems.stopOnErrors()
    if !isCheck {
        for file in changed {
            try replaceFile(URL(fileURLWithPath: file.path).resolvingSymlinksInPath(), with: Array(file.text.utf8))
        }
    }
    return FormattedFiles(changed: changed.map(\.path), count: count)
}
