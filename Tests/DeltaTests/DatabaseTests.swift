import Delta
import Digest
import GRDB
import Model
import Testing

@Suite("Tables of a database")
struct DatabaseTests {
    private let shape = TableShape(
        name: "facts",
        columns: [
            column("code", .string, isKey: true), column("modifier", .string, isKey: true),
            column("work", .decimal, places: 2), column("index", .decimal, places: 3), column("size", .decimal),
            column("units", .integer),
            column("priced", .boolean), column("text", .string),
        ])

    @Test("The content hash of a database is that of the CSV files that its tables were written from")
    func hash() throws {
        var csv = "code,modifier,work,index,size,units,priced,text\n"
        let queue = try DatabaseQueue()
        try queue.write { database in
            try database.execute(sql: shape.sql())
            try database.execute(sql: "CREATE TABLE provenance (\"table\" TEXT, line INTEGER)")
            let sizes = ["0.5", "1", "400", "0.000001", "123456.654321", "0.1", "33.4", "100"]
            for row in 0..<2000 {
                let code = String(decoding: "\(100_000 + row)".utf8.dropFirst(), as: UTF8.self)
                let work = "\(row / 7).\(row % 10)\(row % 3)"
                let index = "\(row % 3).\(String(1000 + row % 1000).dropFirst())"
                let size = row % 11 == 0 ? nil : sizes[row % sizes.count]
                let text = row % 5 == 0 ? nil : "é, \"\(row)\""
                csv += "\(code),,\(work),\(index),\(size ?? ""),\(row % 4 == 0 ? "" : "\(row)"),"
                csv += "\(row % 2 == 0),\(text.map { "\"\($0.replacing("\"", with: "\"\""))\"" } ?? "")\n"
                try database.execute(
                    sql: "INSERT INTO facts VALUES (?, '', ?, ?, ?, ?, ?, ?)",
                    arguments: [code, work, index, size, row % 4 == 0 ? nil : row, row % 2 == 0, text])
            }
        }
        let expected = contentHash(ofTables: [("facts", Digest.hex(csv)), ("provenance", "not looked at")])
        #expect(try queue.read { try contentHash(of: $0) } == expected)
        #expect(try queue.read { try contentHash(of: $0, tables: ["facts"]) } == expected)
        try queue.write { try $0.execute(sql: "UPDATE facts SET work = work + 0.01 WHERE rowid = 77") }
        #expect(try queue.read { try contentHash(of: $0) } != expected)
    }

    @Test("Conversion factors keep the places that their service has")
    func conversionFactors() throws {
        let shape = TableShape(
            name: "conversion_factors",
            columns: [
                column("service", .string, isKey: true), column("track", .string, isKey: true),
                column("conversion_factor", .decimal),
            ])
        let rows = [("physician", "33.4000"), ("anesthesia", "20.317800"), ("physician", "32.0000")]
        let queue = try DatabaseQueue()
        var csv = "service,track,conversion_factor\n"
        try queue.write { database in
            try database.execute(sql: shape.sql())
            for (index, row) in rows.enumerated() {
                csv += "\(row.0),\(index),\(row.1)\n"
                try database.execute(
                    sql: "INSERT INTO conversion_factors VALUES (?, ?, ?)", arguments: [row.0, "\(index)", row.1])
            }
        }
        let expected = contentHash(ofTables: [("conversion_factors", Digest.hex(csv))])
        #expect(try queue.read { try contentHash(of: $0) } == expected)
    }

    @Test("Declared types tell decimals with places, decimals without and truth values apart")
    func declared() {
        #expect(
            shape.sql() == """
                CREATE TABLE "facts" (
                    "code" TEXT NOT NULL,
                    "modifier" TEXT NOT NULL,
                    "work" DECIMAL(18,2),
                    "index" DECIMAL(18,3),
                    "size" DECIMAL,
                    "units" INTEGER,
                    "priced" BOOLEAN,
                    "text" TEXT,
                    PRIMARY KEY ("code", "modifier")
                )
                """)
    }
}
