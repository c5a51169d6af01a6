import Model
import TestSupport
import Testing

@Suite("Decimals of any number of places")
struct WrittenDecimalTests {
    @Test(
        "A decimal is kept exactly and written without the zeros that say nothing",
        arguments: [
            ("1", "1"), ("400", "400"), ("0.5", "0.5"), (".5", "0.5"), ("1.50", "1.5"), ("2.000", "2"), ("0", "0"),
            ("0.00", "0"), ("133.33", "133.33"), ("0.000001", "0.000001"), ("007", "7"),
        ])
    func written(text: String, expected: String) {
        #expect(WrittenDecimal(text)?.description == expected)
    }

    @Test(
        "What is no decimal is none",
        arguments: ["", ".", "1.", "-1", "+1", "1,000", "1e3", "0.0000001", "1.2.3", " 1"])
    func refused(text: String) {
        #expect(WrittenDecimal(text) == nil)
    }

    @Test("A product is exact, and none where it has too many digits")
    func product() throws {
        var random = SeededRandom(11)
        for _ in 0..<1000 {
            let left = Int64.random(in: 0...999_999, using: &random)
            let right = Int64.random(in: 0...999_999, using: &random)
            let product = WrittenDecimal(units: left, places: 2) * WrittenDecimal(units: right, places: 3)
            #expect(product == WrittenDecimal(units: left * right, places: 5))
        }
        let large = try #require(WrittenDecimal("999999999999"))
        #expect(large * large == nil)
    }

    @Test(
        "Rounding up gives the next whole number, and leaves a whole one",
        arguments: [("83.30", "84"), ("0.1", "1"), ("5", "5"), ("5.0", "5")])
    func roundedUp(text: String, expected: String) throws {
        let value = try #require(WrittenDecimal(text))
        #expect(value.roundedUp.description == expected)
    }
}
