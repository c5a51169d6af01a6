import Delta
import Digest
import Foundation
import JSON
import Model
import TestSupport
import Testing

@Suite("Provenance in a delta")
struct ProvenanceTests {
    private let codes = TableShape(
        name: "codes", columns: [column("code", .string, isKey: true), column("text", .string)])
    private let shape = TableShape(
        name: "provenance",
        columns: [
            column("table", .string), column("code", .string), column("file", .string), column("line", .integer),
        ])

    @Test(
        "Provenance comes out to the byte, in the order of the table or in none",
        arguments: [
            "codes,a,x.csv,2\ncodes,b,x.csv,3\ncodes,c,x.csv,4\n",
            "codes,a,\"x,1\",9\ncodes,a,y,1\ncodes,c,\"x,1\",2\n",
            "codes,c,x,1\ncodes,a,x,2\n", "codes,z,x,1\n", "other,,\"a\"\"b\",7\ncodes,b,x,1\n", "",
        ])
    func comesOut(rows: String) throws {
        let table = Array("code,text\na,1\nb,2\nc,\n".utf8)
        let provenance = Array("table,code,file,line\n\(rows)".utf8)
        let lines = provenance.withUnsafeBufferPointer { provenance in
            table.withUnsafeBufferPointer { ProvenanceDelta(shape, provenance, of: [(codes, $0)]) }
        }
        let pair = TablePair(table: codes, base: Array("code,text\na,9\n".utf8), head: table)
        let folder = try TemporaryFolder()
        try writeFolder(
            pair.files(provenance: (lines, Digest.hex(provenance))).map { ($0.name, $0.bytes) }, to: folder["delta"])
        try writeFolder([("tables/codes.csv", pair.base ?? [])], to: folder["base"])
        _ = try Delta(folder: folder["delta"]).update(folder: folder["base"], to: folder["head"])
        #expect([UInt8](try Data(contentsOf: folder["head/tables/provenance.csv"])) == provenance)
    }

    @Test("Rows in the order of CMS's file take a few bytes")
    func short() {
        let numbers = 1...5000
        let table = Array(("code,text\n" + numbers.map { "\($0),\n" }.joined()).utf8)
        let provenance = Array(
            ("table,code,file,line\n" + numbers.map { "codes,\($0),x.csv,\($0 + 10)\n" }.joined()).utf8)
        let lines = provenance.withUnsafeBufferPointer { provenance in
            table.withUnsafeBufferPointer { ProvenanceDelta(shape, provenance, of: [(codes, $0)]) }
        }
        #expect(
            String(decoding: lines.lines, as: UTF8.self)
                == #"{"table":"codes","files":["x.csv"],"rows":[[1,5000]],"file":[[0,5000]],"lines":[11,[1,4999]]}"#
                + "\n")
        #expect(lines.rows == 5000)
    }
}
