import Delta
import JSON
import Model
import Schemas

/// Licences of the emitted files.
enum License {
    /// What `manifest.json` says of a file.
    static func name(_ tier: Tier) -> String {
        switch tier {
        case .public: "LicenseRef-US-Government-Work-and-editorial-text"
        case .licensed: "LicenseRef-contains-AMA-CPT-and-ADA-CDT"
        }
    }

    static func title(_ tier: Tier) -> String {
        switch tier {
        case .public:
            "US Government work (CMS numbers and HCPCS Level II text) with the publisher's own editorial texts; "
                + "no CPT or CDT descriptors"
        case .licensed:
            "Contains CPT descriptors © American Medical Association and CDT descriptors © American Dental "
                + "Association: for use under licences held by the publisher, not for redistribution"
        }
    }
}

/// `datapackage.json`, a Frictionless Data Package (version 2) that describes the CSV tables.
func dataPackage(_ dataset: Dataset, revision: Int, files: [EmittedFile], dictionary: DataDictionary) -> [UInt8] {
    let release = dataset.canonical.release
    var json = JSONWriter(indented: true)
    json.object { json in
        json.field("$schema", "https://datapackage.org/profiles/2.0/datapackage.json")
        json.field("name", "ingest-\(release.label.lowercased())")
        json.field("title", "CMS Physician Fee Schedule relative values and HCPCS Level II, \(release.label)")
        json.field("version", "\(release.label)-r\(revision)")
        json.array("licenses") { json in
            json.object { json in
                json.field("name", License.name(dataset.tier))
                json.field("title", License.title(dataset.tier))
            }
        }
        json.array("sources") { json in
            json.object { json in
                json.field("title", "Centers for Medicare & Medicaid Services")
                json.field("path", "https://www.cms.gov/medicare/payment/fee-schedules/physician")
            }
        }
        json.array("resources") { json in
            for table in dictionary.tables {
                let path = "tables/\(table.name).csv"
                guard let file = files.first(where: { $0.path == path }) else { continue }
                json.object { json in
                    json.field("name", table.name)
                    json.field("description", table.summary)
                    json.field("since", table.description.since.description)
                    json.field("type", "table")
                    json.field("path", path)
                    json.field("format", "csv")
                    json.field("mediatype", "text/csv")
                    json.field("encoding", "utf-8")
                    json.field("bytes", file.bytes)
                    json.field("hash", "sha256:\(file.sha256)")
                    json.object("schema") { json in table.write(to: &json) }
                }
            }
        }
    }
    return json.bytes + [UInt8(ascii: "\n")]
}

extension DataDictionary.Table {
    fileprivate func write(to json: inout JSONWriter) {
        json.array("fields") { json in
            for column in columns { json.object { json in column.write(to: &json) } }
        }
        json.field("missingValues", texts: [""])
        if !key.isEmpty { json.field("primaryKey", texts: key) }
        let references = schema.shape.references
        if !references.isEmpty {
            json.array("foreignKeys") { json in
                for reference in references {
                    json.object { json in
                        json.field("fields", texts: reference.pairs.map(\.column))
                        json.object("reference") { json in
                            json.field("resource", reference.table)
                            json.field("fields", texts: reference.pairs.map(\.target))
                        }
                    }
                }
            }
        }
    }
}

extension DataDictionary.Column {
    /// A field: what the standard has for it, and what it leaves to us (unit, source, since, places, separator, values).
    fileprivate func write(to json: inout JSONWriter) {
        json.field("name", schema.name)
        json.field("type", packageType)
        json.field("description", summary)
        if !schema.unit.isEmpty { json.field("unit", schema.unit) }
        if let places = schema.places { json.field("places", places) }
        if !schema.source.isEmpty { json.field("source", schema.source) }
        json.field("since", schema.since.description)
        if schema.type == .list { json.field("separator", ";") }
        if !lists.isEmpty {
            // The standard's categories are all that a field may have, which holds neither for CMS's own lists nor for
            // several values in one field. A blank is no value there.
            let isStandard = schema.type == .string && lists.allSatisfy(\.isClosed)
            json.array(isStandard ? "categories" : "values") { json in
                for (value, meaning) in lists.flatMap(\.values) where !value.isEmpty {
                    json.line { json in
                        json.field("value", value)
                        json.field("label", meaning)
                    }
                }
            }
        }
        if schema.isRequired { json.object("constraints") { $0.field("required", true) } }
    }

    private var packageType: String {
        switch schema.type {
        case .string, .list: "string"
        case .boolean: "boolean"
        case .integer: "integer"
        case .decimal: "number"
        case .date: "date"
        }
    }
}
