import GRDB
public import Model

/// A code that a search found.
public struct SearchHit: Sendable {
    public let code: String
    /// `CPT`, `HCPCS` or `CDT`.
    public let system: String
    /// The name to show; `nil` where the tier has none.
    public let title: String?
    public let longDescriptor: String?
    public let categoryName: String?
}

extension Dataset {
    /// Searches codes, titles, descriptors, synonyms, plain language and drug names: every word of `text` must occur, the
    /// last one may be the beginning of a word.
    /// - Returns: at most `limit` codes, the best first.
    /// - Throws: when the database cannot be read.
    public func search(_ text: String, limit: Int = 20) throws(IngestError) -> [SearchHit] {
        let words = text.split { !$0.isLetter && !$0.isNumber }.map { "\"\($0)\"" }
        guard !words.isEmpty else { return [] }
        let query = words.joined(separator: " ") + "*"
        do {
            return try database.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT codes.code, system, codes.title, codes.long_descriptor, category_name
                        FROM search JOIN codes ON codes.rowid = search.rowid
                        WHERE search MATCH ?
                        ORDER BY bm25(search, 20, 8, 4, 1, 8, 2, 8), codes.code LIMIT ?
                        """, arguments: [query, limit]
                ).map { row in
                    SearchHit(
                        code: row["code"], system: row["system"], title: row["title"],
                        longDescriptor: row["long_descriptor"], categoryName: row["category_name"])
                }
            }
        } catch {
            throw databaseUnreadable(error)
        }
    }
}
