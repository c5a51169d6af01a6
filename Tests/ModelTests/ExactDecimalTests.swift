import Model
import TestSupport
import Testing

@Suite("Exact decimals")
struct ExactDecimalTests {
    @Test("Every RVU from 0.00 to 999.99 reads back as it was written")
    func everyRVU() {
        var failures: [Int64] = []
        for units in Int64(0)...99_999 where RVU(RVU(units: units).description)?.units != units {
            failures.append(units)
        }
        #expect(failures.isEmpty)
    }

    @Test(
        "Every kind of decimal shows all its places",
        arguments: [
            (RVU(units: 0).description, "0.00"), (RVU(units: 5).description, "0.05"),
            (RVU(units: 10_891).description, "108.91"),
            (GPCI(units: 1500).description, "1.500"), (GPCI(units: 7).description, "0.007"),
            (ConversionFactor(units: 334_009).description, "33.4009"),
            (AnesthesiaConversionFactor(units: 20_497_540).description, "20.497540"),
            (Money(units: 100).description, "1.00"),
            (RVU(units: -5).description, "-0.05"),
        ])
    func places(shown: String, expected: String) { #expect(shown == expected) }

    @Test(
        "A number may leave out the zero before the point, places at the end, or the point",
        arguments: [
            (".10", 10), ("0.1", 10), ("0.10", 10), ("1", 100), ("001.5", 150), ("2.5000", 250), ("0", 0), (".0", 0),
        ])
    func accepts(text: String, units: Int64) { #expect(RVU(text)?.units == units) }

    @Test(
        "Nothing but digits and one point is a number",
        arguments: [
            "", " ", ".", "1.", "-1", "+1", "-0.00", "1e2", "1E2", "1,5", "1.2.3", "..1", " 1", "1 ", "1 2", "NA",
            "0x1", "1_0",
            "٣", "1.2a", "NaN", "inf",
        ])
    func rejects(text: String) {
        #expect(RVU(text) == nil)
        #expect(ConversionFactor(text) == nil)
    }

    @Test("More decimals than published are refused unless they are zeros")
    func tooManyDecimals() {
        #expect(RVU("1.234") == nil)
        #expect(RVU("33.88719999999999") == nil)
        #expect(RVU("1.230")?.units == 123)
        #expect(GPCI("1.0001") == nil)
        #expect(ConversionFactor("33.40095") == nil)
    }

    @Test("Numbers of absurd length are refused")
    func absurdLength() {
        #expect(RVU("1234567890123456") == nil)
        #expect(RVU(String(repeating: "0", count: 400)) == nil)
    }

    @Test("No number is so long that reading it stops the program")
    func longestNumbers() async {
        await #expect(processExitsWith: .success) {
            for digits in 1...40 {
                let nines = String(repeating: "9", count: digits)
                _ = RVU(nines)
                _ = GPCI(nines)
                _ = ConversionFactor(nines)
                _ = AnesthesiaConversionFactor(nines)
            }
        }
    }

    @Test(
        "Random decimals read back, and order and add up like their units", arguments: 1...20 as ClosedRange<UInt64>)
    func randomDecimals(seed: UInt64) {
        var random = SeededRandom(seed)
        let holds = (0..<500).allSatisfy { _ in
            let left = ConversionFactor(units: .random(in: 0...9_999_999, using: &random))
            let right = ConversionFactor(units: .random(in: 0...9_999_999, using: &random))
            return ConversionFactor(left.description) == left && (left < right) == (left.units < right.units)
                && (left + right).units == left.units + right.units
        }
        #expect(holds)
    }

    @Test(
        "A random text is a number exactly where it has digits, one point at most and no decimals to lose",
        arguments: 1...20 as ClosedRange<UInt64>)
    func randomTexts(seed: UInt64) {
        var random = SeededRandom(seed)
        // Three digits before the point are all that CMS's records have room for.
        let texts = (0..<2000).map { _ in random.bytes(of: Array("0123.-e ".utf8), count: 0...8) }
            .filter { $0.prefix { $0 != UInt8(ascii: ".") }.count <= 3 }
        let wrong = texts.filter { (RVU($0) != nil) != isHundredths($0) }
        #expect(wrong.map { String(decoding: $0, as: UTF8.self) } == [])
    }

    /// The rule once more, in other words: splits at the point instead of walking the bytes.
    private func isHundredths(_ bytes: [UInt8]) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isDigits = parts.joined().allSatisfy { (0x30...0x39).contains($0) }
        guard isDigits, !parts.joined().isEmpty else { return false }
        if parts.count == 1 { return true }
        return parts.count == 2 && !parts[1].isEmpty && parts[1].dropFirst(2).allSatisfy { $0 == 0x30 }
    }
}
