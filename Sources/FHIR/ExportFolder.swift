import CSystem
import Foundation
import JSON
import Model

/// The folder that an export is written to. It appears whole: it is written aside and moved to its place. What this
/// program has not made is not touched.
struct ExportFolder {
    let place: URL

    /// Says that a folder is ours; names the revision and the files.
    static let mark = "export.json"
    static let maker = "ingest export fhir"

    private func sibling(_ kind: String) -> URL {
        place.deletingLastPathComponent().appendingPathComponent(".\(place.lastPathComponent).\(kind)")
    }

    /// - Throws: when the folder holds something that is not ours.
    func refuseForeign() throws(IngestError) {
        let manager = FileManager.default
        let attributes: [FileAttributeKey: Any]
        do {
            attributes = try manager.attributesOfItem(atPath: place.resolvingSymlinksInPath().path)
        } catch CocoaError.fileReadNoSuchFile {
            return
        } catch {
            throw foreign("it cannot be read")
        }
        guard attributes[.type] as? FileAttributeType == .typeDirectory else { throw foreign("it is a file") }
        guard let names = try? manager.contentsOfDirectory(atPath: place.path).sorted() else {
            throw foreign("it cannot be read")
        }
        guard let first = names.first else { return }
        guard let data = try? Data(contentsOf: place.appendingPathComponent(Self.mark)),
            let mark = try? JSONValue([UInt8](data)), mark["made_by"]?.string == Self.maker
        else { throw foreign("it holds \(first) and no \(Self.mark) of an export") }
        let ours = Set(mark["files"]?.elements.compactMap { $0["path"]?.string } ?? [])
        if let other = names.first(where: { $0 != Self.mark && !ours.contains($0) }) {
            throw foreign("it holds \(other)")
        }
    }

    private func foreign(_ what: String) -> IngestError {
        IngestError(
            .cannotWrite, "export_folder_foreign", at: Place(place.path),
            "this folder is not one that `\(Self.maker)` made: \(what)",
            hint: "Name a new folder with --out, or one that holds an export and nothing else.")
    }

    /// Calls `body` with a folder to write to, and moves it to its place. What was there before stays until then, and
    /// for good where `body` fails.
    func replace<Value>(_ body: (URL) throws(IngestError) -> Value) throws(IngestError) -> Value {
        try refuseForeign()
        let aside = sibling("new")
        let manager = FileManager.default
        do {
            for left in [aside, sibling("old")] where manager.fileExists(atPath: left.path) {
                try manager.removeItem(at: left)
            }
            try manager.createDirectory(at: aside, withIntermediateDirectories: true)
        } catch {
            throw cannotWrite(place.path, error)
        }
        do {
            let value = try body(aside)
            try move(aside)
            return value
        } catch {
            try? manager.removeItem(at: aside)
            throw error
        }
    }

    private func move(_ aside: URL) throws(IngestError) {
        let manager = FileManager.default
        do {
            guard manager.fileExists(atPath: place.path) else { return try manager.moveItem(at: aside, to: place) }
            let old = sibling("old")
            if exchange_names(aside.path, place.path) == 0 {
                try manager.removeItem(at: aside)
                return
            }
            try manager.moveItem(at: place, to: old)
            try manager.moveItem(at: aside, to: place)
            try manager.removeItem(at: old)
        } catch {
            throw cannotWrite(place.path, error)
        }
    }
}
