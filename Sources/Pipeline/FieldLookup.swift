import Emit
public import JSON
import Model
public import Schemas
import Store

/// A field of a code's document with its meaning and the lines it came from.
public struct FoundField: Sendable {
    public let value: String
    public let meaning: String
    /// File and line, with the column's label.
    public let places: [String]
}

/// Finds a field in a code's document: a relative value, an administrative field or an editors' text.
public struct FieldLookup {
    private let document: JSONValue
    private let modifier: String
    private let schemas: Schemas

    public init(document: JSONValue, modifier: String, schemas: Schemas) {
        self.document = document
        self.modifier = modifier
        self.schemas = schemas
    }

    public func find(_ field: String) -> FoundField? {
        let row = document["relative_values"]?.elements.first { ($0["modifier"]?.text ?? "") == modifier }
        if let value = row?[field] {
            return FoundField(
                value: value.text, meaning: meaning(RelativeValue.table, field), places: relativeValuePlaces(field))
        }
        if let value = document["hcpcs"]?[field] ?? document[field], !["editorial", "provenance"].contains(field) {
            let text = value.text.isEmpty ? value["name"]?.text ?? "" : value.text
            let isEditors = field == "title" && document["title_origin"]?.string == "editors"
            let own =
                document["hcpcs"]?[field] != nil
                || (["long_descriptor", "short_descriptor", "suggested_title", "title"].contains(field) && !isEditors)
            return FoundField(
                value: text, meaning: meaning(CodeEntry.Row.table, field),
                places: own && document["hcpcs"] != .null ? hcpcsPlaces() : isEditors ? editorialPlaces() : [])
        }
        if let value = document["drug"]?[field] {
            let isProducts = ["brand_names", "labelers", "products"].contains(field)
            let table = isProducts ? DrugProduct.table : DrugPaymentLimit.table
            let column = ["brand_names": "drug_name", "labelers": "labeler", "products": "ndc"][field] ?? field
            let text = value.elements.map { $0["ndc"]?.text ?? $0.text }.joined(separator: "; ")
            return FoundField(
                value: text.isEmpty ? value.text : text, meaning: meaning(table, column),
                places: drugPlaces(products: isProducts))
        }
        if let value = document["editorial"]?[field] {
            let origin = document["editorial"]?["\(field)_origin"]?.string
            let hasOwn = document["editorial"]?["review"].map { $0 != .null } ?? false
            let places = editorialPlaces()
            // A code's own overlay comes first; a category's text has the category's.
            let own: [String] = hasOwn ? Array(places.prefix(1)) : []
            let isCategorys = origin == "category" || field == "relative_value_note"
            return FoundField(
                value: value.text, meaning: "The editors' text (overlay key \(field))",
                places: isCategorys ? Array(places.dropFirst(hasOwn ? 1 : 0)) : field == "faq" ? places : own)
        }
        return nil
    }

    private func meaning(_ table: String, _ field: String) -> String {
        let column = schemas.tables.first { $0.name == table }?.columns.first { $0.name == field }
        guard let column else { return "" }
        return column.meaning + (column.source.isEmpty ? "" : ". Source: \(column.source)")
    }

    private func relativeValuePlaces(_ field: String) -> [String] {
        let sources = document["provenance"]?["relative_values"]?.elements ?? []
        return sources.filter { ($0["modifier"]?.text ?? "") == modifier }.map { source in
            let layout = schemas.layout(.pprrvu, year: 2026).fields.first { $0.name == field }
            let label = layout?.labels.first.map { ", column \($0)" } ?? ""
            return "\(source["file"]?.text ?? ""):\(source["line"]?.text ?? "")\(label)"
        }
    }

    private func hcpcsPlaces() -> [String] {
        let provenance = document["provenance"]
        let sources = [provenance?["hcpcs"]].compactMap(\.self) + (provenance?["hcpcs_corrections"]?.elements ?? [])
        return sources.map { "\($0["file"]?.text ?? ""):\($0["line"]?.text ?? "")" }
    }

    private func drugPlaces(products: Bool) -> [String] {
        let provenance = document["provenance"]
        let sources =
            products
            ? provenance?["drug_products"]?.elements ?? [] : [provenance?["drug_payment_limit"]].compactMap(\.self)
        return sources.filter { $0 != .null }.map { "\($0["file"]?.text ?? ""):\($0["line"]?.text ?? "")" }
    }

    private func editorialPlaces() -> [String] {
        (document["provenance"]?["editorial"]?.elements ?? []).map {
            "\($0["file"]?.text ?? ""):\($0["line"]?.text ?? "")"
        }
    }
}

/// What `ingest explain --field … --format json` prints.
public func fieldJSON(code: String, field: String, _ found: FoundField) -> [UInt8] {
    var json = JSONWriter(indented: true)
    json.object { json in
        json.field("code", code)
        json.field("field", field)
        json.field("value", found.value)
        json.field("meaning", found.meaning)
        json.field("places", texts: found.places)
    }
    return json.bytes + [0x0A]
}
