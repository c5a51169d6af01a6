import Delta
import Digest
import Foundation
import JSON
import Model
import TestSupport
import Testing

func column(
    _ name: String, _ type: ColumnType, places: Int? = nil, isKey: Bool = false
) -> TableShape.Column {
    TableShape.Column(name: name, type: type, places: places, isRequired: false, isKey: isKey, reference: "")
}

/// A table of two revisions.
struct TablePair {
    /// With the columns of HEAD.
    let table: TableShape
    /// `nil` where BASE has no such table.
    let base: [UInt8]?
    let head: [UInt8]

    init(table: TableShape, base: [UInt8]?, head: [UInt8]) {
        self.table = table
        self.base = base
        self.head = head
    }

    var delta: TableDelta {
        head.withUnsafeBufferPointer { head in
            guard let base else { return TableDelta(table, from: nil, to: head) }
            return base.withUnsafeBufferPointer { TableDelta(table, from: $0, to: head) }
        }
    }

    /// The files of a delta that has this table alone.
    func files(provenance: (lines: ProvenanceDelta, sha256: String)? = nil) throws -> [DeltaFile] {
        let (before, after) = (base.map { Digest.hex($0) }, Digest.hex(head))
        func side(_ revision: Int, _ hashes: [(name: String, sha256: String)]) throws -> DeltaSide {
            let manifest = """
                {"release":{"label":"RVU26A","revision":\(revision),"effective":{"from":"2026-01-01","to":"2026-03-31"}},
                "schema_version":"1.4.0","tier":"public","content_hash":"\(contentHash(ofTables: hashes))"}
                """
            return try #require(DeltaSide(JSONValue(Array(manifest.utf8))))
        }
        return deltaFiles(
            from: try side(1, before.map { [(table.name, $0)] } ?? []), to: try side(2, [(table.name, after)]),
            tables: [(delta, before, after)], dropped: [], provenance: provenance, license: "")
    }

    /// What the delta, written and read again, makes of the base.
    func applied() throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let delta = folder.url.appendingPathComponent("delta")
        try writeFolder(files().map { ($0.name, $0.bytes) }, to: delta)
        let older = folder.url.appendingPathComponent("base")
        try writeFolder(base.map { [("tables/\(table.name).csv", $0)] } ?? [("none", [])], to: older)
        let newer = folder.url.appendingPathComponent("head")
        guard case .applied = try Delta(folder: delta).update(folder: older, to: newer) else { return base ?? [] }
        return [UInt8](try Data(contentsOf: newer.appendingPathComponent("tables/\(table.name).csv")))
    }

    // MARK: Random ones

    private static let texts = [
        "", "0", "00100", "007", "1.50", "-3", "true", "false", "null", "a", "A", "é", "Ω😀", "x,y", "\"", "\"\"",
        "a\"b",
        "line\nline", "\r\n", "\t", "\u{1}", " blank ", "{}", "\\", "1e5", ".5", "5.",
    ]

    /// Any two tables: with few or many columns, with a key or without, in the order of the key or in none, with columns that
    /// only one side has.
    init(using random: inout SeededRandom) {
        let types: [ColumnType] = [.string, .boolean, .integer, .decimal, .date, .list]
        let keyCount = Int.random(in: 0...2, using: &random)
        let count = keyCount + Int.random(in: 1...4, using: &random)
        var columns: [TableShape.Column] = []
        for index in 0..<count {
            let type = index < keyCount ? .string : types[Int.random(in: types.indices, using: &random)]
            columns.append(column("c\(index)", type, isKey: index < keyCount))
        }
        let baseNames =
            columns.map(\.name).filter { name in
                name == "c0" || name == "c1" || Int.random(in: 0..<4, using: &random) > 0
            } + (Int.random(in: 0..<4, using: &random) == 0 ? ["gone"] : [])
        let isSorted = Bool.random(using: &random)
        var rows: [[String: String]] = []
        var keys: Set<[String]> = []
        for _ in 0..<Int.random(in: 0...25, using: &random) {
            var row: [String: String] = ["gone": "x"]
            for column in columns { row[column.name] = Self.texts[Int.random(in: Self.texts.indices, using: &random)] }
            if keys.insert(columns.prefix(keyCount).map { row[$0.name] ?? "" }).inserted || keyCount == 0 {
                rows.append(row)
            }
        }
        func some() -> [[String: String]] {
            var some = rows.filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
            for index in some.indices where Int.random(in: 0..<3, using: &random) == 0 {
                guard let column = columns.dropFirst(keyCount).randomElement(using: &random) else { continue }
                some[index][column.name] = Self.texts[Int.random(in: Self.texts.indices, using: &random)]
            }
            if isSorted {
                func key(_ row: [String: String]) -> [UInt8] {
                    Array(columns.prefix(keyCount).map { Self.cell(row[$0.name] ?? "") }.joined(separator: ",").utf8)
                }
                some.sort { key($0).lexicographicallyPrecedes(key($1)) }
            } else {
                some.shuffle(using: &random)
            }
            return some
        }
        table = TableShape(name: "t", columns: columns)
        base = Int.random(in: 0..<10, using: &random) == 0 ? nil : Self.csv(baseNames, some())
        head = Self.csv(columns.map(\.name), some())
    }

    private static func csv(_ names: [String], _ rows: [[String: String]]) -> [UInt8] {
        let lines = [names] + rows.map { row in names.map { row[$0] ?? "" } }
        return Array(lines.map { $0.map(cell).joined(separator: ",") + "\n" }.joined().utf8)
    }

    private static func cell(_ text: String) -> String {
        let needsQuotes = text.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
        return needsQuotes ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }
}
