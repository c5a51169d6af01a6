import JSON
import Model
import Schemas

/// A value of a concept's property.
struct PropertyValue {
    let code: String
    let type: FHIRDefinitions.ValueType
    /// As the table has it: a decimal keeps its digits.
    let text: String

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("code", code)
            switch type {
            case .string: json.field("valueString", text)
            case .dateTime: json.field("valueDateTime", text)
            case .boolean: json.field(named: "valueBoolean", bare: text)
            case .integer: json.field(named: "valueInteger", bare: text)
            case .decimal: json.field(named: "valueDecimal", bare: text)
            }
        }
    }
}

/// The properties of a group whose columns a table has.
struct PropertyReader {
    let properties: [(definition: FHIRDefinitions.Property, column: Int)]

    /// - Parameter of: the table's name, where a group has columns of several.
    init(_ group: FHIRDefinitions.Group, _ definitions: FHIRDefinitions, _ table: Table, of name: String? = nil) {
        properties = definitions.properties(of: group).compactMap { property in
            guard name == nil || property.table == name else { return nil }
            return property.column.flatMap { table.index(of: $0) }.map { (property, $0) }
        }
    }

    /// The values of a row; nothing for empty cells.
    /// - Parameter modifier: is put behind each property's name.
    func values(of row: Int, in table: Table, modifier: String = "") -> [PropertyValue] {
        var values: [PropertyValue] = []
        for (definition, column) in properties {
            let text = table.text(row, column)
            guard !text.isEmpty else { continue }
            let code = propertyCode(definition.code, modifier)
            if definition.isList {
                for item in text.utf8.split(separator: Cell.listSeparator) {
                    values.append(PropertyValue(code: code, type: definition.type, text: String(item) ?? ""))
                }
            } else {
                values.append(PropertyValue(code: code, type: definition.type, text: text))
            }
        }
        return values
    }
}

/// `work`, or `work-26` of the row with modifier 26.
func propertyCode(_ code: String, _ modifier: String) -> String { modifier.isEmpty ? code : "\(code)-\(modifier)" }

/// A name of a concept.
struct Name {
    let use: FHIRDefinitions.Designation
    let text: String
}

/// A code with what is said of it.
struct Concept {
    let code: String
    var display = ""
    var definition = ""
    var names: [Name] = []
    var properties: [PropertyValue] = []

    /// - Parameter ownSystem: the code system of designation uses that no other defines.
    func write(to json: inout JSONWriter, ownSystem: String) {
        json.field("code", code)
        if !display.isEmpty { json.field("display", display) }
        if !definition.isEmpty { json.field("definition", definition) }
        // An empty list is no FHIR.
        if !names.isEmpty {
            json.array("designation") { json in
                for name in names {
                    json.object { json in
                        json.object("use") { json in
                            json.field("system", name.use.system ?? ownSystem)
                            json.field("code", name.use.code)
                            json.field("display", name.use.display)
                        }
                        json.field("value", name.text)
                    }
                }
            }
        }
        if !properties.isEmpty {
            json.array("property") { json in for property in properties { property.write(to: &json) } }
        }
    }
}
