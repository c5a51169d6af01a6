import ArgumentParser
import DictionaryForms
import Emit
import Model
import Schemas

struct DictionaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dictionary",
        abstract: "Print the data dictionary: every table, column, unit, CMS source and code value with its meaning.",
        discussion: """
            --format html is one page that loads nothing; docc is an article of a Swift library's documentation. \
            sql-comments are COMMENT ON statements for tables of the dataset's names in PostgreSQL or DuckDB: \
            `ingest dictionary --format sql-comments codes relative_values`.
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable {
        case markdown, html, json, docc
        case sqlComments = "sql-comments"
    }

    @Argument(help: "The tables to print; all when left out.")
    var tables: [String] = []

    @Option(help: "What to print it as.")
    var format = Form.markdown

    @Option(help: "The tier whose meanings to print.")
    var tier = Tier.public

    func run() throws {
        try reporting {
            let whole = try Schemas().dictionary(tier)
            for table in tables where !whole.tables.contains(where: { $0.name == table }) {
                throw IngestError(
                    .usage, "table_unknown", "the dataset has no table \(table)",
                    hint: "Tables: \(whole.tables.map(\.name).joined(separator: ", "))")
            }
            let dictionary = tables.isEmpty ? whole : whole.of(tables)
            switch format {
            case .markdown: printData(DictionaryMarkdown(dictionary, shape: schemaVersion, for: .github).bytes())
            case .docc: printData(DictionaryMarkdown(dictionary, shape: schemaVersion, for: .docc).bytes())
            case .html: printData(dictionaryPage(dictionary, shape: schemaVersion))
            case .json: printData(dictionaryJSON(dictionary, shape: schemaVersion))
            case .sqlComments: printData(sqlComments(dictionary))
            }
        }
    }
}
