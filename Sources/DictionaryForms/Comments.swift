public import Schemas

/// The data dictionary as SQL: `COMMENT ON` statements for the tables and their columns, as PostgreSQL, DuckDB and
/// others have them. They change nothing but comments and may be run again.
public func sqlComments(_ dictionary: DataDictionary) -> [UInt8] {
    var sql = ""
    for table in dictionary.tables {
        let name = quoted(table.name, by: "\"")
        sql += "COMMENT ON TABLE \(name) IS \(literal(table.comment));\n"
        for column in table.columns {
            sql += "COMMENT ON COLUMN \(name).\(quoted(column.schema.name, by: "\"")) IS \(literal(column.comment));\n"
        }
    }
    return Array(sql.utf8)
}

private func literal(_ lines: [String]) -> String { quoted(lines.joined(separator: "\n"), by: "'") }

private func quoted(_ text: String, by quote: String) -> String {
    quote + text.replacing(quote, with: quote + quote) + quote
}
