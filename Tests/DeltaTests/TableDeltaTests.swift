import Delta
import Digest
import Foundation
import JSON
import Model
import TestSupport
import Testing

@Suite("Deltas of tables")
struct TableDeltaTests {
    @Test("A delta of any two tables, applied to the first, gives the second to the byte", arguments: 0..<200)
    func anyTables(seed: Int) throws {
        var random = SeededRandom(UInt64(seed))
        let pair = TablePair(using: &random)
        #expect(try pair.applied() == pair.head, "seed \(seed)")
    }

    @Test("A table that is the same has no lines")
    func same() throws {
        let csv = Array("code,work\n00100,1.00\n".utf8)
        let delta = TablePair(table: code, base: csv, head: csv).delta
        #expect(delta.lines.isEmpty && delta.upserts == 0 && delta.deletes == 0 && delta.rowsAfter == 1)
    }

    @Test("A changed row names its key and what changed, a new one its place, one that went its key")
    func lines() throws {
        let base = Array("code,text,work,flag\n00100,a,1.00,true\n00200,b,2.00,\n00300,c,3.00,false\n".utf8)
        let head = Array(
            "code,text,work,flag\n00100,a,1.10,true\n00150,\"d, \"\"e\"\"\",0.00,\n00300,,3.00,false\n".utf8)
        let delta = TablePair(table: wide, base: base, head: head).delta
        #expect(
            String(decoding: delta.lines, as: UTF8.self) == """
                {"delete":{"code":"00200"}}
                {"upsert":{"code":"00100","work":1.10}}
                {"upsert":{"code":"00150","text":"d, \\"e\\"","work":0.00},"at":2}
                {"upsert":{"code":"00300","text":null}}

                """)
        #expect(delta.upserts == 3 && delta.deletes == 1)
    }

    @Test("Rows that only stand elsewhere are told by their keys and numbers")
    func moved() throws {
        let base = Array("code,work\nb,1.00\na,2.00\nc,3.00\n".utf8)
        let head = Array("code,work\na,2.00\nc,3.00\nb,1.00\n".utf8)
        let pair = TablePair(table: code, base: base, head: head)
        #expect(String(decoding: pair.delta.lines, as: UTF8.self) == "{\"upsert\":{\"code\":\"b\"},\"at\":3}\n")
        #expect(try pair.applied() == head)
    }

    private let code = TableShape(
        name: "t", columns: [column("code", .string, isKey: true), column("work", .decimal, places: 2)])
    private let wide = TableShape(
        name: "t",
        columns: [
            column("code", .string, isKey: true), column("text", .string), column("work", .decimal, places: 2),
            column("flag", .boolean),
        ])
}
