import JSON
import Model
import Payment
import Schemas

// How numbers and names of a difference read in reports.

/// `7,414`.
func grouped(_ number: Int) -> String {
    let digits = String(number.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
        text.append(digit)
    }
    return number < 0 ? "−\(text)" : text
}

/// Cents as `$1,279,905.56`; a change has its sign in front.
func dollars(_ cents: Int64, signed: Bool = false) -> String {
    let magnitude = cents.magnitude
    let rest = String(100 + magnitude % 100).dropFirst()
    let sign = cents < 0 ? "−" : signed ? "+" : ""
    return "\(sign)$\(grouped(Int(magnitude / 100))).\(rest)"
}

/// Millionths of a dollar, rounded half away from zero to the cent.
func dollars(millionths: Int64) -> String {
    let cents = Int64((millionths.magnitude + 5_000) / 10_000)
    return dollars(millionths < 0 ? -cents : cents, signed: true)
}

/// A part of a whole in percent with one digit behind the point, rounded half away from zero; nothing of nothing.
func percent(_ part: Int64, of whole: Int64) -> String {
    guard whole != 0 else { return "" }
    let tenths = (part.magnitude * 1000 + whole.magnitude / 2) / whole.magnitude
    let sign = tenths == 0 ? "" : (part < 0) != (whole < 0) ? "−" : "+"
    return "\(sign)\(grouped(Int(tenths / 10))).\(tenths % 10) %"
}

/// A column or category as the field writes it.
func fieldName(_ identifier: String) -> String {
    let written = [
        "pe": "PE", "mp": "MP", "na": "NA", "opps": "OPPS", "gpci": "GPCI", "hcpcs": "HCPCS", "pctc": "PC/TC",
        "nonfacility": "non-facility", "qpp": "QPP", "cf": "conversion factor",
    ]
    return identifier.split(separator: "_").map { written[String($0)] ?? String($0) }.joined(separator: " ")
}

/// An identifier as words.
func words(_ identifier: String) -> String { identifier.replacing("_", with: " ") }

extension Setting {
    /// As CMS writes it.
    var name: String { self == .nonfacility ? "non-facility" : "facility" }
}

extension PaymentChange.Event {
    var name: String {
        switch self {
        case .revalued: "revalued"
        case .applicable: "NA taken away"
        case .notApplicable: "NA set"
        case .priced: "priced now"
        case .unpriced: "priced no more"
        }
    }
}

extension Snapshot {
    /// `2025-10-01 to 2025-12-31`.
    var window: String {
        let effective = manifest["release"]?["effective"]
        return "\(effective?["from"]?.text ?? "") to \(effective?["to"]?.text ?? "")"
    }

    /// `33.4009, QP 33.5675`.
    var conversionFactors: String {
        let factors = manifest["conversion_factors"]
        let qp = factors?["qp"]?.text ?? ""
        return (factors?["non_qp"]?.text ?? "") + (qp.isEmpty ? "" : ", QP \(qp)")
    }

    /// The sums of its certificate.
    var score: (checks: Int, checked: Int, explained: Int, failed: Int, allowed: Int) {
        var score = (checks: 0, checked: 0, explained: 0, failed: 0, allowed: 0)
        for check in manifest["verification"]?["checks"]?.elements ?? [] {
            score.checks += 1
            score.checked += check["checked"]?.integer ?? 0
            score.explained += check["explained"]?.integer ?? 0
            score.failed += check["failed"]?.integer ?? 0
            if check["allowed"]?.string != nil { score.allowed += 1 }
        }
        return score
    }

    /// The names of the inputs that it was made without.
    var missingNames: [String] {
        SourceTable.allCases.filter { missingInputs.contains($0.rawValue) }.map(\.name)
    }
}

extension Difference {
    /// `99213` or `99213-26`.
    func name(_ payment: PaymentChange) -> String {
        let row = rowName(payment)
        return row.modifier.isEmpty ? row.code : "\(row.code)-\(row.modifier)"
    }

    /// The category's words without the event: `work`, `PE non-facility`, `rows added`.
    func title(_ category: Int) -> String {
        let id = categories[category].id
        return fieldName(id.hasSuffix("_changed") ? String(id.dropLast("_changed".count)) : id)
    }

    /// The rules that say more than that a side lacks something or that one change follows from another; those that
    /// explain most first.
    var tellingRules: [SystemicRule] {
        rules.filter { $0.origin == .listed || $0.origin == .discovered }
            .sorted { $0.explains != $1.explains ? $0.explains > $1.explains : $0.id < $1.id }
    }

    /// What follows from other changes, a few words each.
    var derivations: [String] {
        rules.filter { $0.origin == .derived }.map { "\(title($0.category)) \(grouped($0.explains))" }
    }

    /// What a side lacks, one sentence each.
    var absences: [String] {
        var sentences: [String] = []
        for rule in rules where rule.origin == .absent && !sentences.contains(rule.title) {
            sentences.append(rule.title)
        }
        return sentences
    }

    /// Movers in percent of the old payment, the largest first; small payments double by a cent.
    var moversByPercent: [PaymentChange] {
        movers.filter { ($0.from?.units ?? 0) >= 1000 }.sorted {
            $0.unexplainedPercent != $1.unexplainedPercent
                ? $0.unexplainedPercent > $1.unexplainedPercent
                : ($0.head, $0.setting.rawValue) < ($1.head, $1.setting.rawValue)
        }
    }

    /// Payments that come or go: no revaluations.
    var paymentEvents: [PaymentChange] { payments.filter { $0.event != .revalued } }
}
