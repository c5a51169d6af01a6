extension UnsafeBufferPointer<UInt8> {
    /// The high bit of each byte from `position` on that may be a comma, a quotation mark or a line end: it lies before
    /// the hyphen. Digits, letters and points do not.
    @inline(__always)
    func csvMarks(at position: Int) -> UInt64 {
        var word = UInt64.max
        if position &+ 8 <= count {
            word = UInt64(
                littleEndian: UnsafeRawBufferPointer(self).loadUnaligned(fromByteOffset: position, as: UInt64.self))
        } else {
            for (place, byte) in self[position...].enumerated() {
                word = word & ~(0xFF << UInt64(8 * place)) | UInt64(byte) << UInt64(8 * place)
            }
        }
        return (word &- 0x2D2D_2D2D_2D2D_2D2D) & ~word & 0x8080_8080_8080_8080
    }
}
