public import Model

extension ExactDecimal {
    /// So many units of a service: the value as often as that, exact.
    public static func * (value: Self, units: Int) -> Self { Self(units: value.units * Int64(units)) }
}
