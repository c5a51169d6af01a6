import JSON
public import Model
import Schemas
import YAML

/// An overlay file in the one form that files are kept in. Keys stand in the order of the JSON Schemas.
/// - Throws: bad data with the place of what cannot be kept; nothing of the file is lost.
public func format(_ file: OverlayFile) throws(IngestError) -> String {
    do {
        return try formatYAML(file.text) { mapping in
            mapping["code"] != nil ? OverlayShapes.code : OverlayShapes.category
        }
    } catch {
        throw IngestError(
            .badData, "overlay_format", at: Place(file.path, line: error.line, column: error.column),
            "the file is left as it is: \(error.message)",
            hint: "Mend this place by hand; ingest overlay lint says more of what is no overlay.")
    }
}

/// The keys of overlays in the order of their schemas.
private enum OverlayShapes {
    static let code = shape(of: "overlay.schema.json")
    static let category = shape(of: "category-overlay.schema.json")

    private static func shape(of file: String) -> YAMLShape {
        guard let bytes = Schemas.file(file), let schema = try? JSONValue(bytes) else { return YAMLShape() }
        return shape(schema)
    }

    private static func shape(_ schema: JSONValue) -> YAMLShape {
        YAMLShape(
            keys: (schema["properties"]?.members ?? []).map { ($0.key, shape($0.value)) },
            items: schema["items"].map { [shape($0)] } ?? [])
    }
}
