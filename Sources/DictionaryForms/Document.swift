import JSON
import Model
public import Schemas

/// The data dictionary as JSON, for programs that make a form of their own.
/// - Parameter shape: the version of the shape that it describes.
public func dictionaryJSON(_ dictionary: DataDictionary, shape: String) -> [UInt8] {
    var json = JSONWriter(indented: true)
    json.object { json in
        json.field("schema_version", shape)
        json.array("tables") { json in
            for table in dictionary.tables {
                json.object { json in
                    json.field("name", table.name)
                    json.field("row", table.description.row)
                    json.field("key", texts: table.key)
                    json.field("order", table.description.order)
                    json.field("empty", table.description.empty)
                    json.field("tiers", table.description.tier)
                    json.field("since", table.description.since.description)
                    json.array("columns") { json in
                        for column in table.columns {
                            json.object { json in
                                json.field("name", column.schema.name)
                                json.field("type", column.schema.type.rawValue)
                                json.field("places", column.schema.places)
                                json.field("required", column.schema.isRequired)
                                json.field(
                                    "references", texts: column.references.map { "\($0.table).\($0.column)" })
                                json.field("unit", column.schema.unit)
                                json.field("source", column.schema.source)
                                json.field("since", column.schema.since.description)
                                json.field("values", texts: column.schema.lists)
                                json.field("meaning", column.schema.meaning)
                            }
                        }
                    }
                }
            }
        }
        json.array("values") { json in
            for list in dictionary.lists {
                json.object { json in
                    json.field("name", list.name)
                    json.field("closed", list.isClosed)
                    json.array("values") { json in
                        for (value, meaning) in list.values {
                            json.object { json in
                                json.field("value", value)
                                json.field("meaning", meaning)
                            }
                        }
                    }
                }
            }
        }
    }
    return json.bytes + [UInt8(ascii: "\n")]
}
