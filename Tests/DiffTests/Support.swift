import CSV
import Diff
import JSON
import Schemas

/// A small published revision, made from the cells that a test cares about.
struct TestRevision {
    static let columns = [
        "code", "modifier", "status", "priced", "unpriced_reason", "work", "pe_nonfacility", "pe_nonfacility_na",
        "pe_facility", "pe_facility_na", "mp", "total_nonfacility", "total_facility", "multiple_procedure",
    ]

    var label = "RVU25D"
    var effectiveFrom = "2025-10-01"
    var conversionFactor = "32.3465"
    var missing: [String] = []
    /// By code: any of the columns above; the rest has plain values.
    var rows: [(code: String, cells: [String: String])] = []
    /// Further tables as CSV.
    var tables: [String: String] = [:]

    func snapshot(_ schemas: Schemas) throws -> Snapshot {
        let missing = missing.map { #""\#($0)""# }.joined(separator: ",")
        let manifest = """
            {"schema_version":"1.1.0","tier":"public","content_hash":"","release":{"label":"\(label)","revision":1,
            "effective":{"from":"\(effectiveFrom)","to":"2025-12-31"}},"conversion_factors":{"non_qp":\(conversionFactor),
            "qp":null},"missing_inputs":[\(missing)],"verification":{"checks":[]}}
            """
        var csv = try tables.mapValues { try CanonicalCSV($0) }
        var values = Self.columns.joined(separator: ",") + "\n"
        for row in rows {
            var cells = row.cells
            func set(_ column: String, _ value: String) { if cells[column] == nil { cells[column] = value } }
            set("code", row.code)
            set("status", "A")
            set("priced", "true")
            for column in ["work", "pe_nonfacility", "pe_facility", "mp"] { set(column, "1.00") }
            for column in ["pe_nonfacility_na", "pe_facility_na"] { set(column, "false") }
            set("multiple_procedure", "0")
            for setting in ["nonfacility", "facility"] {
                let sum = ["work", "pe_\(setting)", "mp"].reduce(0) { $0 + (hundredths(cells[$1] ?? "") ?? 0) }
                let cents = String(100 + sum % 100).dropFirst()
                set("total_\(setting)", "\(sum / 100).\(cents)")
            }
            values += Self.columns.map { cells[$0] ?? "" }.joined(separator: ",") + "\n"
        }
        csv["relative_values"] = try CanonicalCSV(values)
        return Snapshot(manifest: try JSONValue(Array(manifest.utf8)), tables: csv, schemas: schemas)
    }
}

func hundredths(_ text: String) -> Int? { Int(text.filter { $0 != "." }) }

/// The difference of two revisions as `diff.json` has it.
func difference(_ base: TestRevision?, _ head: TestRevision) throws -> Difference {
    let schemas = try Schemas()
    return compare(base: try base?.snapshot(schemas), head: try head.snapshot(schemas), schemas: schemas)
}

func json(_ difference: Difference, policy: String = "limits:\n") throws -> JSONValue {
    try JSONValue(diffJSON(difference, try verdict(difference, policy: policy), schemas: try Schemas()))
}

func verdict(_ difference: Difference, policy: String = "limits:\n") throws -> Verdict {
    let schemas = try Schemas()
    return try Policy(policy, file: "policy.yaml", schemas: schemas).judge(difference, schemas: schemas)
}

extension JSONValue {
    /// The rule of that identifier.
    func rule(_ id: String) -> JSONValue? { self["systemic"]?.elements.first { $0["id"]?.string == id } }

    func changes(_ category: String) -> [JSONValue] {
        self["changes"]?.elements.filter { $0["category"]?.string == category } ?? []
    }
}
