public import Schemas

/// The data dictionary as Markdown.
public struct DictionaryMarkdown: Sendable {
    /// Who reads it: they give headings different anchors.
    public enum Reader: Sendable {
        /// A repository's page.
        case github
        /// An article of a library's documentation.
        case docc
    }

    private let dictionary: DataDictionary
    private let shape: String
    private let reader: Reader

    /// - Parameter shape: the version of the shape that it describes.
    public init(_ dictionary: DataDictionary, shape: String, for reader: Reader) {
        self.dictionary = dictionary
        self.shape = shape
        self.reader = reader
    }

    public func bytes() -> [UInt8] {
        var lines = [
            "# Data dictionary", "",
            "Every table and column of the dataset: type, unit, CMS's own column, and what each code value means.", "",
            "Shape \(shape). Made by `ingest dictionary` from `Schemas/dataset` and `Schemas/values`; change those.",
            "",
            "## Tables", "",
        ]
        lines += table(
            ["table", "a row", "key", "since"],
            dictionary.tables.map { table in
                [
                    link(table.name, to: table.name), escaped(table.description.row), codes(table.key),
                    "\(table.description.since)",
                ]
            })
        for table in dictionary.tables { lines += section(table) }
        let lists = dictionary.lists
        if !lists.isEmpty {
            lines += ["", "## Code values", "", lists.map(link).joined(separator: " · ")]
            for list in lists { lines += section(list) }
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    private func section(_ described: DataDictionary.Table) -> [String] {
        let description = described.description
        var lines = ["", "### \(described.name)", "", "\(escaped(description.row)).", ""]
        lines += [
            "- Key: \(described.key.isEmpty ? "none" : codes(described.key))",
            "- Order: \(escaped(description.order))",
            "- Empty: \(escaped(description.empty))",
            "- Tiers: \(escaped(description.tier))",
            "- Since \(description.since)", "",
        ]
        lines += table(
            ["column", "type", "unit", "meaning", "CMS column", "since"],
            described.columns.map { column in
                var meaning = escaped(column.schema.meaning)
                if !column.references.isEmpty {
                    meaning += "; refers to \(column.references.map(link).joined(separator: " or "))"
                }
                if !column.lists.isEmpty { meaning += "; values: \(column.lists.map(link).joined(separator: ", "))" }
                return [
                    "`\(column.schema.name)`", column.type + (column.schema.isRequired ? ", required" : ""),
                    escaped(column.schema.unit), meaning, escaped(column.schema.source), "\(column.schema.since)",
                ]
            })
        return lines
    }

    private func section(_ list: DataDictionary.ValueList) -> [String] {
        let columns = dictionary.columns(with: list.name).map(link).joined(separator: ", ")
        return ["", "### Values: \(list.name)", "", "In \(columns)."]
            + (list.isClosed ? [] : ["A value that CMS adds is kept and reported."])
            + [""]
            + table(
                ["value", "meaning"],
                list.values.map { [$0.value.isEmpty ? "(blank)" : "`\($0.value)`", escaped($0.meaning)] })
    }

    // MARK: Links

    private func link(_ list: DataDictionary.ValueList) -> String { link(list.name, to: "Values: \(list.name)") }

    /// A column stands in its table, which is as far as an anchor leads.
    private func link(_ column: (table: String, column: String)) -> String {
        "\(link(column.table, to: column.table)).`\(column.column)`"
    }

    private func link(_ text: String, to heading: String) -> String {
        let anchor = heading.replacing(" ", with: "-").replacing(":", with: "")
        return switch reader {
        case .github: "[\(text)](#\(anchor.lowercased()))"
        case .docc: "[\(text)](doc:#\(anchor.replacing("_", with: "")))"
        }
    }
}

// MARK: Forms

private func table(_ header: [String], _ rows: [[String]]) -> [String] {
    func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }
    return [line(header), line(header.map { _ in "---" })] + rows.map(line)
}

private func codes(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }

/// Text in which no sign means anything to Markdown. Underscores do at the edge of a word alone.
private func escaped(_ text: String) -> String {
    let characters = Array(text)
    var escaped = ""
    for (index, character) in characters.enumerated() {
        func isInWord(_ index: Int) -> Bool {
            characters.indices.contains(index) && (characters[index].isLetter || characters[index].isNumber)
        }
        if "|*<[]`\\".contains(character)
            || character == "_" && !(isInWord(index - 1) && isInWord(index + 1))
        {
            escaped.append("\\")
        }
        escaped.append(character)
    }
    return escaped
}
