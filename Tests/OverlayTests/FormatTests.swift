import Model
import Overlay
import TestSupport
import Testing

@Suite("The one form of overlay files")
struct FormatTests {
    private func formatted(_ text: String) throws(IngestError) -> String {
        try format(OverlayFile(path: "a.yaml", text: text))
    }

    @Test("Keys stand in the order of the schema, lists and texts in one style")
    func canonical() throws {
        #expect(
            try formatted(
                """
                ---
                review: {release: RVU26A}
                synonyms: [b, "a", 'NO', 00100]
                title: 'A: title'
                questions:
                - answer: So.
                  question: "Why?"
                code: G0001


                summary: |-
                  Two
                  lines
                """)
                    == """
                    code: G0001
                    title: "A: title"
                    summary: |-
                      Two
                      lines
                    synonyms:
                      - b
                      - a
                      - "NO"
                      - "00100"
                    questions:
                      - question: Why?
                        answer: So.
                    review:
                      release: RVU26A

                    """)
    }

    @Test("Comments stay with what they stand at")
    func comments() throws {
        let text = """
            # yaml-language-server: $schema=x
            # Head.
            code: G0001  # the code
            # Of the synonyms.
            synonyms:  # behind the key
              # Of the item.
              - one
              - two  # behind
              # - commented out
            questions:
              # Of the question.
              - question: Why?
                # Of the answer.
                answer: So.
            # Of the review.
            review:
              release: RVU26A
            # At the end.
            ---
            # Second head.
            section: J
            name: A "name" # 1

            """
        let result = try formatted(text)
        #expect(result == text.replacing("\" # 1", with: "\"  # 1"))
        let moved = try formatted("title: A\n# Of the code.\ncode: G0001\nsummary: >-  # why\n  Long\n  text\n")
        #expect(moved == "# Of the code.\ncode: G0001\ntitle: A\nsummary: Long text  # why\n")
    }

    @Test("A hash inside a text is no comment")
    func hashes() throws {
        for text in [
            "code: G0001\nsummary: |-\n  # one\n\n  # two\n", "code: G0001\ntitle: \"a # b\"\n",
            "code: G0001\ntitle: a#b\n", "code: G0001\nsummary: >-\n  # text\n  more\n",
        ] { #expect(try formatted(text).contains("#")) }
    }

    @Test(
        "What cannot be kept is said with its place, and nothing is written",
        arguments: [
            ("code: &a G0001\n", "a.yaml:1:7"), ("code: G0001\ntitle: &a x\nsummary: *a\n", "a.yaml:2:8"),
            ("code: G0001\ntitle: !!str x\n", "a.yaml:2:8"), ("code: G0001\ntitle:\n", "a.yaml:2:7"),
            ("just words\n", "a.yaml:1:1"), ("%YAML 1.1\n---\ncode: G0001\n", "a.yaml:1:1"),
            ("code: G0001\ntitle: a: b\n", "a.yaml:2:9"),
        ])
    func refused(text: String, place: String) {
        let found = refusal { try formatted(text) }
        #expect(found?.ids == ["overlay_format"])
        #expect(found?.places.first == place)
    }

    @Test("Random texts come back as they were, and a second time nothing changes")
    func random() throws {
        var random = SeededRandom(7)
        let pieces = [
            "word", "a longer-word", " ", "  ", ": ", " #", "#", "'", "\"", "\\", "\n", "\n\n", "é", "漢字", "😀",
            "\u{A0}",
            "\u{85}", "\u{2028}", "a\u{FEFF}b", "\t", "- ", "? ", "{{code}}", "{", "}", "[", ",", "NO", "00100", "1e3",
            "~",
            "%", "@", "`", "---", "...", String(repeating: "x", count: 120), "\u{7F}", "\u{1}", "\r", "|", ">", "=",
            ":",
        ]
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                text += pieces[Int.random(in: pieces.indices, using: &random)]
                if Bool.random(using: &random) { text += " " }
            }
            let typed = "\"" + text.unicodeScalars.map { escaped($0) }.joined() + "\""
            let source =
                "code: G0001\ntitle: \(typed)\nsynonyms: [\(typed), x]\nquestions: [{answer: \(typed), question: q}]\n"
            // Formatting reads its own result and refuses what would not say the same.
            let once = try formatted(source)
            #expect(try formatted(once) == once)
        }
    }

    private func escaped(_ character: Unicode.Scalar) -> String {
        let hex = String(character.value, radix: 16)
        return "\\U" + String(repeating: "0", count: 8 - hex.count) + hex
    }
}

@Suite("Moving a pin")
struct MovePinTests {
    private let old = "sha256:" + String(repeating: "0", count: 64)
    private let new = "sha256:" + String(repeating: "a", count: 64)

    private func moved(_ text: String, descriptor: String? = nil, code: String = "G0001") throws(IngestError) -> String
    {
        try movePin(
            of: code, in: OverlayFile(path: "a.yaml", text: text), to: "RVU26B", descriptor: descriptor ?? new)
    }

    @Test("Nothing but the pin changes", arguments: ["\n", "\r\n"])
    func bytes(lineBreak: String) throws {
        let text = """
            # Head.\u{20}
            code:   G0001   # why
            title:  "A  title"\u{20}\u{20}

            summary: |+
              Text
               with depth

            review:   # pinned
                release:  RVU25D  # then
                descriptor:   '\(old)'   # digest
            # End.
            ---
            code: G0002
            review: {release: RVU25D, descriptor: \(old)}
            """.replacing("\n", with: lineBreak)
        #expect(
            try moved(text)
                == text.replacing("'\(old)'", with: "'\(new)'").replacing("RVU25D  # then", with: "RVU26B  # then"))
        #expect(
            try moved(text, code: "G0002")
                == text.replacing(
                    "{release: RVU25D, descriptor: \(old)}", with: "{release: RVU26B, descriptor: \(new)}"))
    }

    @Test("A pin is put in where there is none")
    func insertion() throws {
        let pin = "review:\n  release: RVU26B\n  descriptor: \(new)\n"
        #expect(try moved("code: G0001\n") == "code: G0001\n" + pin)
        #expect(try moved("code: G0001") == "code: G0001\n" + pin.dropLast())
        #expect(try moved("code: G0001\r\n") == ("code: G0001\n" + pin).replacing("\n", with: "\r\n"))
        #expect(try moved("code: G0001\n\n---\ncode: G0002\n") == "code: G0001\n\(pin)\n---\ncode: G0002\n")
        #expect(try moved("code: G0001\nsummary: |+\n  x\n\n\n") == "code: G0001\nsummary: |+\n  x\n\n\n" + pin)
        #expect(
            try moved("code: G0001\nreview:\n   release: RVU25D # c\ntitle: x\n")
                == "code: G0001\nreview:\n   release: RVU26B # c\n   descriptor: \(new)\ntitle: x\n")
        #expect(
            try moved("code: G0001\nreview: {release: RVU25D}\n")
                == "code: G0001\nreview: {release: RVU26B, descriptor: \(new)}\n")
        #expect(
            try moved("code: G0001\nreview: {descriptor: \(old)}\n")
                == "code: G0001\nreview: {descriptor: \(new), release: RVU26B}\n")
    }

    @Test(
        "A form that is not edited is refused",
        arguments: [
            "{code: G0001, title: x}\n",
            "code: G0001\nreview:\n  release: &b RVU25D\n", "code: G0001\nreview:\n  release: >-\n    RVU25D\n",
            "code: G0001\nreview: RVU25D\n",
        ])
    func refused(text: String) {
        #expect(refusal { try moved(text) }?.ids == ["overlay_pin_form"])
    }
}
