public import Model

/// Practice expense and its payment differ by where a service is given.
public enum Setting: String, Sendable, CaseIterable {
    case nonfacility, facility
}

/// Which conversion factor applies: since 2026 qualifying APM participants have one of their own.
public enum Track: String, Sendable, CaseIterable {
    case nonQP = "non_qp"
    case qp
}

/// The three indices that a fee is made with.
public struct GPCIs: Sendable, Equatable {
    public let work: GPCI
    public let pe: GPCI
    public let mp: GPCI

    public init(work: GPCI, pe: GPCI, mp: GPCI) {
        self.work = work
        self.pe = pe
        self.mp = mp
    }

    /// Every index 1.000: the national amount.
    public static let national = GPCIs(work: GPCI(units: 1000), pe: GPCI(units: 1000), mp: GPCI(units: 1000))
}

/// Exact payment arithmetic: products and sums keep every digit, and there is one rounding, half up to the
/// cent, at the end. CMS's published amounts follow this rule and no other that was tried.
public enum Fee {
    /// round((work · GPCI + PE · GPCI + MP · GPCI) · conversion factor), in cents.
    ///
    /// Hundredths × thousandths × ten-thousandths make billionths of a dollar. The fields that CMS prints have room
    /// for RVUs below 10,000, GPCIs below 10 and factors below 1,000, and nothing larger is read from them: three
    /// products of at most 10^6 · 10^4 · 10^7 units lie far below the 9.2 · 10^18 of an `Int64`.
    public static func amount(work: RVU, pe: RVU, mp: RVU, _ gpci: GPCIs, _ factor: ConversionFactor) -> Money {
        roundHalfUp(weighted(work: work, pe: pe, mp: mp, gpci) * factor.units, by: 10_000_000)
    }

    /// The same with half the practice expense: second and later units of therapy (MULT PROC 5). The half is
    /// not rounded.
    public static func therapyReducedAmount(
        work: RVU, pe: RVU, mp: RVU, _ gpci: GPCIs, _ factor: ConversionFactor
    ) -> Money {
        let doubled = 2 * work.units * gpci.work.units + pe.units * gpci.pe.units + 2 * mp.units * gpci.mp.units
        return roundHalfUp(doubled * factor.units, by: 20_000_000)
    }

    /// The sum of RVU × GPCI, in hundred-thousandths.
    public static func weighted(work: RVU, pe: RVU, mp: RVU, _ gpci: GPCIs) -> Int64 {
        work.units * gpci.work.units + pe.units * gpci.pe.units + mp.units * gpci.mp.units
    }

    /// What a physician who does not participate is paid: 95 % of the amount.
    public static func nonparticipating(_ amount: Money) -> Money { roundHalfUp(amount.units * 95, by: 100) }

    /// The most that a physician who does not participate may charge: 115 % of 95 % of the amount.
    public static func limitingCharge(_ amount: Money) -> Money { roundHalfUp(amount.units * 10_925, by: 10_000) }

    /// A locality's anesthesia conversion factor, from the national one and the shares of work, PE and MP.
    ///
    /// Millionths × thousandths × thousandths make 10^-12 of a dollar.
    public static func anesthesiaFactor(
        national: AnesthesiaConversionFactor, shares: AnesthesiaShares, _ gpci: GPCIs
    ) -> Money {
        let index =
            shares.work.units * gpci.work.units + shares.pe.units * gpci.pe.units
            + shares.mp.units * gpci.mp.units
        return roundHalfUp(national.units * index, by: 10_000_000_000)
    }

    /// Payment for anesthesia: base units and time units times the locality's factor. A time unit is fifteen
    /// minutes and counted to one decimal.
    public static func anesthesia(baseUnits: Int, minutes: Int, factor: Money) -> Money {
        let tenths = Int64(baseUnits * 10) + anesthesiaTimeTenths(minutes: minutes)
        return roundHalfUp(tenths * factor.units, by: 10)
    }

    /// Time units in tenths.
    public static func anesthesiaTimeTenths(minutes: Int) -> Int64 { roundHalfUp(Int64(minutes) * 10, by: 15).units }

    /// `value / divisor`, rounded half up. Amounts are never negative.
    static func roundHalfUp(_ value: Int64, by divisor: Int64) -> Money {
        Money(units: (value + divisor / 2) / divisor)
    }
}

/// The shares of work, practice expense and malpractice in the anesthesia conversion factor of a year.
public struct AnesthesiaShares: Sendable, Equatable {
    public let work: GPCI
    public let pe: GPCI
    public let mp: GPCI

    public init(work: GPCI, pe: GPCI, mp: GPCI) {
        self.work = work
        self.pe = pe
        self.mp = mp
    }
}
