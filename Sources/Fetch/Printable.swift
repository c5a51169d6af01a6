/// Text that a server has had a hand in, safe to show on a terminal: no control characters, and not endless.
public func printable(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(2_000).map { scalar -> Unicode.Scalar in
        scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? "?" : scalar
    }
    return String(String.UnicodeScalarView(scalars))
}
