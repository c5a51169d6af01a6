import Model
import Payment
import TestSupport
import Testing

@Suite("Payment arithmetic")
struct FeeTests {
    /// Written out: every product and sum exact, one rounding, half up to the cent.
    private func writtenOut(_ rvus: [Int64], _ gpcis: [Int64], _ factor: Int64) -> Int64 {
        let billionths = zip(rvus, gpcis).reduce(Int128(0)) { $0 + Int128($1.0) * Int128($1.1) } * Int128(factor)
        let (cents, rest) = billionths.quotientAndRemainder(dividingBy: 10_000_000)
        return Int64(rest * 2 >= 10_000_000 ? cents + 1 : cents)
    }

    private func amount(_ rvus: [Int64], _ gpcis: [Int64], _ factor: Int64) -> Int64 {
        Fee.amount(
            work: RVU(units: rvus[0]), pe: RVU(units: rvus[1]), mp: RVU(units: rvus[2]),
            GPCIs(work: GPCI(units: gpcis[0]), pe: GPCI(units: gpcis[1]), mp: GPCI(units: gpcis[2])),
            ConversionFactor(units: factor)
        ).units
    }

    @Test("An amount is the written-out one, to the cent", arguments: 1...20 as ClosedRange<UInt64>)
    func exact(seed: UInt64) {
        var random = SeededRandom(seed)
        for _ in 0..<10_000 {
            let rvus = [100, 10_000, 1_000_000].map { Int64.random(in: 0..<$0, using: &random) }
            let gpcis = (0..<3).map { _ in Int64.random(in: 0..<10_000, using: &random) }
            let factor = Int64.random(in: 0..<10_000_000, using: &random)
            #expect(amount(rvus, gpcis, factor) == writtenOut(rvus, gpcis, factor))
        }
    }

    @Test("The largest values that CMS's fields have room for do not overflow")
    func largest() {
        let rvus: [Int64] = [999_999, 999_999, 999_999]
        let gpcis: [Int64] = [9999, 9999, 9999]
        #expect(amount(rvus, gpcis, 9_999_999) == writtenOut(rvus, gpcis, 9_999_999))
    }

    @Test(
        "Half a cent is rounded up", arguments: [(5_000_000, 1), (4_999_999, 0), (15_000_000, 2)] as [(Int64, Int64)])
    func half(factor: Int64, cents: Int64) { #expect(amount([1, 0, 0], [1, 0, 0], factor) == cents) }
}
