import HTML
import Model
import Payment

// Pictures as inline SVG: static, without a style of their own, with a title and a description for those who do not
// see them. Lengths are whole numbers.

/// What makes one payment another, as bars that begin where the one before ended: percent of the old total.
func waterfall(_ total: PaymentTotal, from: String, to: String) -> Markup {
    let name = total.setting.pageName
    let parts: [(label: String, cents: Int64)] = [
        ("Work", PageNumber.cents(millionths: total.parts.work)),
        ("Practice expense", PageNumber.cents(millionths: total.parts.pe)),
        ("Malpractice", PageNumber.cents(millionths: total.parts.mp)),
        ("Conversion factor", PageNumber.cents(millionths: total.parts.conversionFactor)),
        ("Rounding", PageNumber.cents(millionths: total.parts.rounding)),
    ]
    var low: Int64 = 0
    var high: Int64 = 0
    var sum: Int64 = 0
    for part in parts {
        sum += part.cents
        low = min(low, sum)
        high = max(high, sum)
    }
    let change = total.to - total.from
    low = min(low, change)
    high = max(high, change)

    let left = 122
    let width = 165
    let rowHeight = 27
    let span = max(high - low, 1)
    func x(_ cents: Int64) -> Int { left + Int((cents - low) * Int64(width) / span) }
    let height = rowHeight * (parts.count + 2)
    let id = "waterfall-\(total.setting.rawValue)"
    let percent = PageNumber.tenths(change, of: total.from).map { PageNumber.percentChange.text($0) } ?? ""
    var spoken =
        "\(from): \(PageNumber.money.text(total.from)). "
        + parts.map { "\($0.label) \(PageNumber.moneyChange.text($0.cents))" }.joined(separator: ", ")
    spoken += ". \(to): \(PageNumber.money.text(total.to)), \(percent)."
    var svg: Markup = """
        <svg id="\(id)" class="picture" viewBox="0 0 400 \(height)" role="img" aria-labelledby="\(id)-title \(id)-text">
        <title id="\(id)-title">\(name): what moves the payment</title><desc id="\(id)-text">\(spoken)</desc>
        <line class="axis" x1="\(x(0))" y1="0" x2="\(x(0))" y2="\(height)"/>

        """
    func line(_ index: Int, _ label: String, _ value: String, strong: Bool) -> Markup {
        let y = rowHeight * index + 18
        let kind = strong ? "strong" : "plain"
        return """
            <text class="\(kind)" x="0" y="\(y)">\(label)</text>\
            <text class="\(kind) end" x="400" y="\(y)">\(value)</text>

            """
    }
    func bar(_ index: Int, _ start: Int64, _ end: Int64, _ kind: String) -> Markup {
        let first = min(x(start), x(end))
        let length = max(max(x(start), x(end)) - first, 1)
        return """
            <rect class="\(kind)" x="\(first)" y="\(rowHeight * index + 5)" width="\(length)" height="17"/>

            """
    }
    svg += line(0, from, PageNumber.money.text(total.from), strong: true)
    var before: Int64 = 0
    for (index, part) in parts.enumerated() {
        let after = before + part.cents
        svg += line(index + 1, part.label, PageNumber.moneyChange.text(part.cents), strong: false)
        svg += bar(index + 1, before, after, part.cents < 0 ? "down" : "up")
        let y = rowHeight * (index + 1) + 22
        svg += "<line class=\"joint\" x1=\"\(x(after))\" y1=\"\(y)\" x2=\"\(x(after))\" y2=\"\(y + 10)\"/>\n"
        before = after
    }
    svg += line(parts.count + 1, to, PageNumber.money.text(total.to), strong: true)
    svg += bar(parts.count + 1, 0, change, "sum")
    svg += "</svg>\n"
    return svg
}

/// How many payments moved by how much.
struct Histogram {
    /// Bins of two percent from −20 to 20, one below and one above.
    static let binCount = 22
    let setting: Setting
    private(set) var counts = [Int](repeating: 0, count: Self.binCount)
    private(set) var rows = 0

    init(_ payments: [PaymentChange], _ setting: Setting) {
        self.setting = setting
        for payment in payments where payment.setting == setting && payment.event == .revalued {
            guard let from = payment.from?.units, from > 0 else { continue }
            let step = 2 * from
            let scaled = 100 * payment.change
            // Rounded down, so that a bin holds its lower end.
            let twos = scaled >= 0 ? scaled / step : -((-scaled + step - 1) / step)
            counts[Int(max(-11, min(10, twos))) + 11] += 1
            rows += 1
        }
    }

    /// `below −20 %`, `−2 to 0 %`, `20 % and more`.
    static func label(_ bin: Int) -> String {
        func signed(_ number: Int) -> String { number < 0 ? "−\(-number)" : "\(number)" }
        let lower = 2 * (bin - 11)
        return bin == 0
            ? "below −20 %" : bin == binCount - 1 ? "20 % and more" : "\(signed(lower)) to \(signed(lower + 2)) %"
    }

    var svg: Markup {
        let id = "histogram-\(setting.rawValue)"
        let highest = max(counts.max() ?? 1, 1)
        let barWidth = 18
        let base = 150
        let down = counts[..<11].reduce(0, +)
        let fullest = counts.firstIndex(of: highest) ?? 0
        let spoken =
            "\(PageNumber.count.text(rows)) payments: \(PageNumber.count.text(down)) fall, "
            + "\(PageNumber.count.text(rows - down)) rise or stay. The fullest bar is \(Self.label(fullest)) with "
            + "\(PageNumber.count.text(highest))."
        var svg: Markup = """
            <svg id="\(id)" class="picture" viewBox="0 0 400 178" role="img" aria-labelledby="\(id)-title \(id)-text">
            <title id="\(id)-title">\(setting.pageName): payments by change in percent</title>\
            <desc id="\(id)-text">\(spoken)</desc>
            <line class="axis" x1="2" y1="\(base)" x2="398" y2="\(base)"/>

            """
        for (bin, count) in counts.enumerated() {
            let height = count == 0 ? 0 : max(count * 124 / highest, 1)
            let kind = bin < 11 ? "down" : "up"
            let x = 2 + bin * barWidth
            svg += """
                <rect class="\(kind)" x="\(x + 1)" y="\(base - height)" width="\(barWidth - 2)" height="\(height)">\
                <title>\(Self.label(bin)): \(PageNumber.count.text(count))</title></rect>

                """
            if bin == fullest {
                let anchor = bin < 3 ? "start" : bin > 18 ? "end" : "middle"
                let at = bin < 3 ? x : bin > 18 ? x + barWidth : x + barWidth / 2
                svg += """
                    <text class="\(anchor)" x="\(at)" y="\(base - height - 6)">\(PageNumber.count.text(count))</text>

                    """
            }
        }
        for mark in [-20, -10, 0, 10, 20] {
            let x = 2 + (mark / 2 + 11) * barWidth
            svg += "<line class=\"axis\" x1=\"\(x)\" y1=\"\(base)\" x2=\"\(x)\" y2=\"\(base + 5)\"/>"
            let text = mark < 0 ? "−\(-mark) %" : mark > 0 ? "+\(mark) %" : "0 %"
            svg += "<text class=\"middle small\" x=\"\(x)\" y=\"\(base + 20)\">\(text)</text>\n"
        }
        svg += "</svg>\n"
        return svg
    }
}
