import Model
import TestSupport
import Testing

@Suite("Short texts: codes, modifiers, indicators")
struct ShortTextTests {
    @Test("Texts order as their bytes do", arguments: 1...20 as ClosedRange<UInt64>)
    func ordering(seed: UInt64) {
        var random = SeededRandom(seed)
        let printable = Array(UInt8(0x21)...0x7E)
        for _ in 0..<1000 {
            let left = random.bytes(of: printable, count: 0...8)
            let right = random.bytes(of: printable, count: 0...8)
            let texts = Indicator(left).flatMap { left in Indicator(right).map { (left, $0) } }
            #expect(texts.map { $0 < $1 } == left.lexicographicallyPrecedes(right))
            #expect(texts.map { $0 == $1 } == (left == right))
        }
    }

    @Test(
        "A text reads back with every character, zeros included",
        arguments: ["", "0", "00100", "0001F", "~!", "ABCDEFGH"])
    func roundTrip(text: String) {
        let short = Code(text)
        #expect(short?.description == text)
        #expect(short?.count == text.utf8.count)
        #expect(short?.isBlank == text.isEmpty)
    }

    @Test(
        "Blanks, control characters, other alphabets and more than eight characters do not fit",
        arguments: ["123456789", "A B", " ", "\t", "é", "A\u{7F}", "\u{0}"])
    func refused(text: String) { #expect(Code(text) == nil) }

    @Test("A position past the end reads as zero")
    func subscripts() {
        let code = Code("A1")
        #expect(code.map { [$0[0], $0[1], $0[2], $0[7]] } == [0x41, 0x31, 0, 0])
    }

    @Test("The blank text comes first and has no characters")
    func blank() {
        #expect(Modifier.blank.isBlank)
        #expect(Modifier.blank.count == 0)
        #expect(Modifier.blank.description == "")
        #expect(Modifier("26").map { Modifier.blank < $0 } == true)
    }

    @Test(
        "Codes have one of three shapes",
        arguments: [
            ("99213", true), ("00100", true), ("0001F", true), ("0075T", true), ("0001U", true), ("J7308", true),
            ("U0002", true),
            ("GXXX1", false), ("9921", false), ("992133", false), ("J730A", false), ("9921f", false), ("j7308", false),
            ("99A13", false), ("", false),
        ])
    func shapes(code: String, isAssigned: Bool) { #expect(Code(code)?.hasAssignedShape == isAssigned) }

    @Test(
        "The first character says whose code it is",
        arguments: [
            ("99213", CodeSystem.cpt), ("0001F", .cpt), ("0001U", .cpt), ("D0120", .cdt), ("J7308", .hcpcs),
            ("GXXX1", .hcpcs),
            ("A0021", .hcpcs), ("V2020", .hcpcs),
        ])
    func systems(code: String, system: CodeSystem) { #expect(Code(code)?.system == system) }

    @Test("Row keys order by code and then by modifier, the global row first")
    func rowKeys() {
        let keys = [("99213", ""), ("71046", "TC"), ("71046", ""), ("71046", "26"), ("0001F", "")].compactMap {
            code, modifier in
            Code(code).flatMap { code in Modifier(modifier).map { RowKey(code: code, modifier: $0) } }
        }
        #expect(keys.sorted().map(\.description) == ["0001F", "71046", "71046-26", "71046-TC", "99213"])
    }

    @Test("Locality keys order by contractor and then by number")
    func localityKeys() {
        let keys = [("10112", "00"), ("01182", "18"), ("01112", "54"), ("01112", "05")].compactMap {
            contractor, number in
            Contractor(contractor).flatMap { mac in
                LocalityNumber(number).map { LocalityKey(contractor: mac, number: $0) }
            }
        }
        #expect(keys.sorted().map(\.description) == ["01112-05", "01112-54", "01182-18", "10112-00"])
    }

    @Test("The public tier shows Level II text only; the licensed tier shows all")
    func tiers() {
        #expect([CodeSystem.cpt, .hcpcs, .cdt].map(Tier.public.shows) == [false, true, false])
        #expect([CodeSystem.cpt, .hcpcs, .cdt].map(Tier.licensed.shows) == [true, true, true])
    }
}
