extension UnsafeBufferPointer<UInt8> {
    /// A bit for each of the 64 bytes from `position` on that may be a comma, a quotation mark or a line end: it lies
    /// before the hyphen. Digits, letters and points do not.
    @inline(__always)
    func csvMarks(at position: Int) -> UInt64 {
        if position &+ 64 <= count {
            var marks: UInt64 = 0
            for place in stride(from: 0, to: 64, by: 8) {
                let word = UnsafeRawBufferPointer(self).loadUnaligned(
                    fromByteOffset: position &+ place, as: UInt64.self)
                marks |= Self.marks(UInt64(littleEndian: word)) &<< UInt64(place)
            }
            return marks
        }
        return self[position...].enumerated().reduce(0) { marks, byte in
            byte.element < UInt8(ascii: "-") ? marks | 1 << UInt64(byte.offset) : marks
        }
    }

    /// The marks of eight bytes, in the lowest eight bits.
    @inline(__always)
    private static func marks(_ word: UInt64) -> UInt64 {
        let highBits = (word &- 0x2D2D_2D2D_2D2D_2D2D) & ~word & 0x8080_8080_8080_8080
        // Of the product's bytes the highest gathers one bit of each.
        return (highBits &>> 7 &* 0x0102_0408_1020_4080) &>> 56
    }
}
