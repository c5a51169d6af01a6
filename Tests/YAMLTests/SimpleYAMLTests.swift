import Foundation
import TestSupport
import Testing
import YAML

/// A tree as text, with the place and the style of every node.
private func dump(_ nodes: [YAMLNode]?) -> String? {
    func dump(_ node: YAMLNode) -> String {
        let place = "\(node.line ?? 0):\(node.column ?? 0)"
        switch node.content {
        case .text(let text): return "\(place)\(node.isPlain ? "p" : "q")\(text.debugDescription)"
        case .list(let nodes): return "\(place)[\(nodes.map(dump).joined(separator: ","))]"
        case .mapping(let mapping):
            return "\(place){\(mapping.members.map { dump($0.key) + "=" + dump($0.value) }.joined(separator: ","))}"
        }
    }
    return nodes.map { $0.map(dump).joined(separator: "|") }
}

private func simple(_ text: String) -> String? { dump(readSimpleYAML(text)) }
private func any(_ text: String) -> String? { dump(try? readAnyYAML(text)) }

@Suite("The reader of simple YAML")
struct SimpleYAMLTests {
    @Test(
        "It reads the forms that overlays have as Yams does",
        arguments: [
            "code: J7308\ntitle: A text\n", "code: \"00100\"\n", "code: 'J7308'", "a: b", "# only a remark\n", "",
            "---\ncode: J7308\n---\ncode: J7309\n", "a:\n  - b\n  - c d\n\nz: y\n", "a:\n- b\n- c\nz: y\n",
            "a: >-\n  one\n  two\n\n  three\nb: c\n", "a: >\n  one\n  two\n\n\nb: c\n", "a: |-\n  one\n\n  two\n",
            "a: |\n  one\n    deep\n  two\n", "a: >-\n  one  \n  two \nb: c\n", "a:\n  - >-\n    one\n    two\n  - b\n",
            "a:\n  - q: one\n    r: >-\n      two\n      three\n  - q: four\n    r: five\n",
            "a:\n  b: c\n  d:\n    - e\n",
            "a: it's 20% (of 5) {{code}}\n", "a: \"b: c # d, it's\"  \n", "a: 'say \"so\"'\n", "a: naïve – “so”\n",
            "a: b#c\n", "a: http://x.org\n", "a: <5\n", "  # deep remark\na: b\n# end",
            "a:\n    - b\n\n    # c\n    - d\n",
            "a: >-\n  one\n# remark\nb: c\n", "a: NO\nb: 00100\nc: ~x\n".replacingOccurrences(of: "~", with: "x"),
        ])
    func forms(text: String) throws {
        let found = try #require(simple(text))
        #expect(found == any(text))
    }

    @Test(
        "It leaves to Yams what it does not know",
        arguments: [
            "a: [b]\n", "a: {b: c}\n", "a: b\n  c\n", "a: &x b\n", "a: *x\n", "a: !t b\n", "a: \"b\n  c\"\n",
            "a: \"b\\n\"\n", "a: 'it''s'\n", "a:\tb\n", "a: b # c\n", "a:\n", "a:\nb: c\n", "a: b: c\n", "a: b\na: c\n",
            "a: >+\n  b\n", "a: >2\n   b\n", "a: >-\n  b\n    c\n", "- a\n", "just words\n", "a: b\r\n",
            "\u{FEFF}a: b\n",
            "a: b\u{85}c\n", "a: b\u{2028}c\n", "---\n", "a: b\n---\n", "a: b\n...\n", "%YAML 1.2\n---\na: b\n",
            "? a\n",
            "a: - b\n", "a: >-\n\n  b\n", "a: @b\n", "a: `b`\n", "a:\n  - - b\n", " a: b\nc: d\n", "a: >\n  b",
        ])
    func refused(text: String) { #expect(simple(text) == nil) }

    @Test("What it reads of random changes to overlays is what Yams reads", arguments: 1...40 as ClosedRange<UInt64>)
    func randomChanges(seed: UInt64) {
        var random = SeededRandom(seed)
        let whole = Array(
            """
            # remark
            code: "00100"
            title: A text (of words), 20%
            synonyms:
              - one
              - two – three
            summary: >-
              A folded text
              of lines.

              And more.
            kept: |
              one
              two
            questions:
              - question: Why {{code}}?
                answer: >-
                  So that
                  it is.
              - question: 'And so'
                answer: Yes.
            review:
              release: RVU26A
            ---
            code: J7308
            synonyms:
            - a

            """.utf8)
        let inserts = [
            "\n", " ", "  ", "-", "- ", ":", ": ", "#", " #", "\"", "'", ">", "|", "\n\n", "a", "é", "\t", "---\n", "{",
            "\\",
        ]
        var read = 0
        for _ in 0..<300 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: index)
                case 1: bytes.insert(contentsOf: Array((inserts.randomElement(using: &random) ?? "").utf8), at: index)
                default: bytes[index] = Array(" \n:-#a'\">|".utf8).randomElement(using: &random) ?? 0
                }
            }
            guard let text = String(validating: bytes, as: UTF8.self), let found = simple(text) else { continue }
            read += 1
            #expect(found == any(text), "\(text)")
        }
        #expect(read > 10)
    }

    @Test("It reads the samples, all but those that need more, as Yams does")
    func samples() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../samples/overlays")
        var read = 0
        for kind in ["codes", "categories"] {
            let folder = folder.appendingPathComponent(kind)
            for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
                let text = try String(contentsOf: file, encoding: .utf8)
                guard let found = simple(text) else {
                    Issue.record("\(file.lastPathComponent) is not in the simple form")
                    continue
                }
                #expect(found == any(text))
                read += 1
            }
        }
        #expect(read > 30)
    }

    @Test("However deep a text is nested, the stack has room: past a thousand levels it is refused with its place")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            (0..<depth).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
                + String(repeating: " ", count: depth) + "a: b\n"
        }
        #expect(simple(nested(60)) == any(nested(60)) && simple(nested(60)) != nil)
        #expect(simple(nested(100)) == nil && any(nested(100)) != nil)
        let error = #expect(throws: YAMLError.self) { try readYAML(nested(4000)) }
        #expect(error?.line ?? 0 >= 1000)
    }

    @Test("A text in pieces has the same documents at the same places")
    func pieces() throws {
        let text = (0..<200).map { "# \($0)\ncode: J\($0)\nsummary: >-\n  A text\n  of two lines.\n" }.joined(
            separator: "---\n")
        let pieces = yamlPieces(text, size: 500)
        #expect(pieces.count > 10)
        #expect(pieces.map(\.text).joined() == text)
        let nodes = try pieces.flatMap { try readYAML($0.text, firstLine: $0.firstLine) }
        #expect(dump(nodes) == any(text))
        #expect(yamlPieces("%YAML 1.2\n" + text, size: 500).count == 1)
    }
}
