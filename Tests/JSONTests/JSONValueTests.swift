import JSON
import Testing

@Suite("Reading JSON")
struct JSONValueTests {
    private func value(_ text: String) -> JSONValue? { try? JSONValue(Array(text.utf8)) }

    @Test("Numbers keep their digits", arguments: ["0", "1.30", "-0.05", "36.0391", "100000000000000000000"])
    func numbers(text: String) { #expect(value(text) == .number(text)) }

    @Test("Values of every kind are read")
    func kinds() {
        let read = value(" {\"a\": [1, true, false, null, \"x\"], \"b\": {}, \"c\": []} \n")
        #expect(read?["a"]?.elements == [.number("1"), .bool(true), .bool(false), .null, .string("x")])
        #expect(read?.members.map(\.key) == ["a", "b", "c"])
        #expect(read?["b"] == .object([]) && read?["c"] == .array([]) && read?["d"] == nil)
    }

    @Test(
        "Escapes are undone",
        arguments: [
            ("\\n\\t\\r\\b\\f", "\n\t\r\u{8}\u{C}"), ("\\\"\\\\\\/", "\"\\/"), ("\\u0041\\u00e9", "Aé"), ("é 𝛼", "é 𝛼"),
        ])
    func escapes(text: String, expected: String) { #expect(value("\"\(text)\"")?.string == expected) }

    @Test(
        "What is not JSON is refused",
        arguments: [
            "", " ", "{", "}", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "\"", "\"\n\"", "\"\\x\"",
            "\"\\u12\"", "\"\\u+123\"",
            "tru", "nul", "1.", ".5", "-", "+1", "01", "1 2", "NaN", "[1]]", "\u{FEFF}1",
        ])
    func refused(text: String) { #expect(value(text) == nil) }

    @Test("Nesting is bounded, not a crash")
    func depth() {
        #expect(value(String(repeating: "[", count: 100_000)) == nil)
        #expect(value(String(repeating: "[", count: 20) + String(repeating: "]", count: 20)) != nil)
    }
}
