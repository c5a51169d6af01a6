public import JSON
public import Model
import Schemas

/// What is wrong with `value` by the embedded `schema`; empty when it fits.
/// - Throws: when there is no such schema.
public func schemaProblems(of value: JSONValue, schema: String) throws(IngestError) -> [String] {
    try SchemaValidator(schema).problems(of: value)
}

/// Checks a JSON value against the part of JSON Schema (2020-12) that our schemas use: `type`, `enum`,
/// `const`, `properties`, `required`, `additionalProperties: false`, `items`, `minItems`, `minLength`,
/// `pattern`, `$ref` to `#/$defs/…` and `anyOf`. A test keeps the schemas within it.
struct SchemaValidator {
    private let root: JSONValue
    private let patterns: [String: Regex<AnyRegexOutput>]

    /// - Throws: when the embedded schema cannot be read.
    init(_ path: String) throws(IngestError) {
        let place = Place("Schemas/\(path)")
        guard let bytes = Schemas.file(path), let root = try? JSONValue(bytes) else {
            throw IngestError(.badData, "schema_unreadable", at: place, "the embedded schema cannot be read")
        }
        var patterns: [String: Regex<AnyRegexOutput>] = [:]
        do { try Self.collect(root, into: &patterns) } catch {
            throw IngestError(.badData, "schema_unreadable", at: place, "a pattern cannot be read: \(error)")
        }
        self.root = root
        self.patterns = patterns
    }

    private static func collect(_ value: JSONValue, into patterns: inout [String: Regex<AnyRegexOutput>]) throws {
        for member in value.members {
            if member.key == "pattern", let pattern = member.value.string { patterns[pattern] = try Regex(pattern) }
            try collect(member.value, into: &patterns)
        }
        for element in value.elements { try collect(element, into: &patterns) }
    }

    /// What is wrong with `value`: the path to it and the reason. Empty when it fits.
    func problems(of value: JSONValue) -> [String] {
        var problems: [String] = []
        check(value, against: root, path: "", &problems)
        return problems
    }

    private func check(_ value: JSONValue, against schema: JSONValue, path: String, _ problems: inout [String]) {
        func problem(_ message: String) { problems.append("\(path.isEmpty ? "the whole" : path): \(message)") }
        if let reference = schema["$ref"]?.string {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            if let target = root["$defs"]?[name] { check(value, against: target, path: path, &problems) }
            return
        }
        if let choices = schema["anyOf"]?.elements, !choices.isEmpty {
            let attempts = choices.map { choice in
                var own: [String] = []
                check(value, against: choice, path: path, &own)
                return own
            }
            if attempts.allSatisfy({ !$0.isEmpty }) { problems += attempts.last ?? [] }
            return
        }
        if let type = schema["type"] {
            let allowed = type.string.map { [$0] } ?? type.elements.compactMap(\.string)
            guard allowed.contains(where: { value.isOf(type: $0) }) else {
                problem("expected \(allowed.joined(separator: " or ")), found \(value.typeName)")
                return
            }
        }
        if let constant = schema["const"], constant != value { problem("expected \(constant.text)") }
        if let choices = schema["enum"]?.elements, !choices.contains(value) {
            problem("'\(value.text)' is none of \(choices.map(\.text).joined(separator: ", "))")
        }
        if case .string(let text) = value {
            if let minimum = schema["minLength"]?.integer, text.unicodeScalars.count < minimum {
                problem("is too short")
            }
            if let pattern = schema["pattern"]?.string, let regex = patterns[pattern],
                (try? regex.firstMatch(in: text)) == nil
            {
                problem("'\(text)' does not match \(pattern)")
            }
        }
        if case .array(let elements) = value {
            if let minimum = schema["minItems"]?.integer, elements.count < minimum { problem("has too few items") }
            if let items = schema["items"] {
                for (index, element) in elements.enumerated() {
                    check(element, against: items, path: "\(path)[\(index)]", &problems)
                }
            }
        }
        if case .object(let members) = value {
            for required in schema["required"]?.elements.compactMap(\.string) ?? []
            where !members.contains(where: { $0.key == required }) {
                problem("lacks \(required)")
            }
            let properties = schema["properties"]
            for member in members {
                if let property = properties?[member.key] {
                    check(member.value, against: property, path: "\(path)/\(member.key)", &problems)
                } else if schema["additionalProperties"] == .bool(false) {
                    problem("has the unknown key \(member.key)")
                }
            }
        }
    }
}

extension JSONValue {
    fileprivate func isOf(type: String) -> Bool {
        switch (self, type) {
        case (.null, "null"), (.bool, "boolean"), (.string, "string"), (.array, "array"), (.object, "object"),
            (.number, "number"):
            true
        case (.number(let text), "integer"): Int(text) != nil
        default: false
        }
    }

    fileprivate var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
