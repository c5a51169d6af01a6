import GRDB
import GRDBSQLite
import Model

/// The full-text index `search` of `dataset.sqlite`: a document for each row of `codes`, under its row's number.
public enum SearchIndex {
    /// The index, with room enough in memory that it is written once and not merged from pieces.
    public static let create = [
        """
        CREATE VIRTUAL TABLE search USING fts5(
            code, title, short_descriptor, long_descriptor, synonyms, plain_language, drug_names,
            content='', tokenize='unicode61 remove_diacritics 2')
        """,
        "INSERT INTO search (search, rank) VALUES ('hashsize', \(1 << 26))",
    ]
    public static let insert =
        "INSERT INTO search (rowid, code, title, short_descriptor, long_descriptor, synonyms, plain_language, "
        + "drug_names) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    public static let finish = "INSERT INTO search (search) VALUES ('optimize')"

    /// The tables whose texts it has.
    static let tables: Set<String> = [CodeEntry.Row.table, EditorialItemRow.table, DrugProduct.table]

    /// Makes the index anew from the tables. It keeps no copy of the texts, so rows cannot be taken out one by one without
    /// what they said; and all of it takes a fraction of a second.
    static func rebuild(_ database: Database) throws {
        try database.execute(sql: "DROP TABLE IF EXISTS search")
        for sql in create { try database.execute(sql: sql) }
        var texts: [String: (synonyms: [String], plainLanguage: [String])] = [:]
        let items = try Row.fetchCursor(
            database,
            sql: "SELECT code, kind, text FROM \(EditorialItemRow.table) "
                + "WHERE kind IN ('synonym', 'plain_language') ORDER BY rowid")
        while let item = try items.next() {
            let text: String = item["text"]
            if item["kind"] == "synonym" {
                texts[item["code"], default: ([], [])].synonyms.append(text)
            } else {
                texts[item["code"], default: ([], [])].plainLanguage.append(text)
            }
        }
        var products: [String: [String]] = [:]
        let names = try Row.fetchCursor(
            database, sql: "SELECT code, drug_name FROM \(DrugProduct.table) ORDER BY rowid")
        while let name = try names.next() { products[name["code"], default: []].append(name["drug_name"]) }

        let insert = try database.makeStatement(sql: Self.insert)
        let codes = try Row.fetchCursor(
            database,
            sql: "SELECT rowid, code, title, short_descriptor, long_descriptor FROM \(CodeEntry.Row.table) "
                + "ORDER BY rowid")
        while let row = try codes.next() {
            let code: String = row["code"]
            let further = texts[code]
            try insert.execute(arguments: [
                row["rowid"] as Int64, code, row["title"] as String?, row["short_descriptor"] as String?,
                row["long_descriptor"] as String?, further?.synonyms.joined(separator: "\n"),
                further?.plainLanguage.joined(separator: "\n"),
                products[code].map { DrugFacts.distinct($0).joined(separator: "\n") },
            ])
        }
        try database.execute(sql: finish)
    }
}
