extension String {
    /// The words on lines of at most `width` characters.
    /// - Parameters:
    ///   - first: what the first line begins with.
    ///   - indent: what the others begin with.
    public func wrapped(first: String, indent: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = first
        var isEmpty = true
        for word in split(whereSeparator: \.isWhitespace) {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = indent
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + [line]
    }
}
