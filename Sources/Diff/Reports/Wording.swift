import JSON
import Model
import Payment
import Schemas

// How numbers and names of a difference read in reports.

/// `7,414`.
func grouped(_ number: Int) -> String { PageNumber.count.text(number) }

/// Cents as `$1,279,905.56`; a change has its sign in front.
func dollars(_ cents: Int64, signed: Bool = false) -> String {
    guard signed else { return PageNumber.money.text(cents) }
    return (cents == 0 ? "+" : "") + PageNumber.moneyChange.text(cents)
}

/// Millionths of a dollar, rounded half away from zero to the cent.
func dollars(millionths: Int64) -> String { dollars(PageNumber.cents(millionths: millionths), signed: true) }

/// A part of a whole in percent with one digit behind the point, rounded half away from zero; nothing of nothing.
func percent(_ part: Int64, of whole: Int64) -> String {
    PageNumber.tenths(part, of: whole).map { PageNumber.percentChange.text($0) } ?? ""
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
    var score: (checks: Int, checked: Int, explained: Int, warned: Int, failed: Int, allowed: Int) {
        var score = (checks: 0, checked: 0, explained: 0, warned: 0, failed: 0, allowed: 0)
        for check in manifest["verification"]?["checks"]?.elements ?? [] {
            score.checks += 1
            score.checked += check["checked"]?.integer ?? 0
            score.explained += check["explained"]?.integer ?? 0
            let failed = check["failed"]?.integer ?? 0
            if warningChecks.contains(check["id"]?.string ?? "") {
                score.warned += failed
            } else {
                score.failed += failed
            }
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

    /// The rules that say more than that a side lacks something, or that one change comes with another; those that
    /// explain most first.
    var tellingRules: [SystemicRule] {
        rules.filter { ($0.origin == .listed || $0.origin == .discovered) && !$0.accompanies }
            .sorted { $0.explains != $1.explains ? $0.explains > $1.explains : $0.id < $1.id }
    }

    /// What follows from other changes, a few words each.
    var derivations: [String] {
        rules.filter { $0.origin == .derived }.map { "\(title($0.category)) \(grouped($0.explains))" }
    }

    /// What a side lacks, with how many changes that makes.
    var absences: [String] {
        var sentences: [(title: String, changes: Int)] = []
        for rule in rules where rule.origin == .absent {
            if let index = sentences.firstIndex(where: { $0.title == rule.title }) {
                sentences[index].changes += rule.explains
            } else {
                sentences.append((rule.title, rule.explains))
            }
        }
        return sentences.map { "\($0.title): \(grouped($0.changes)) changes" }
    }

    /// What moved in the rows of status moves and nowhere else, a few words each.
    var accompanyingMoves: [String] {
        var moves: [(title: String, changes: Int)] = []
        for rule in rules where rule.accompanies {
            let title = title(rule.category)
            if let index = moves.firstIndex(where: { $0.title == title }) {
                moves[index].changes += rule.explains
            } else {
                moves.append((title, rule.explains))
            }
        }
        return moves.map { "\($0.title) \(grouped($0.changes))" }
    }

    /// Movers in percent of the old payment, the largest first; small payments double by a cent.
    var moversByPercent: [PaymentChange] {
        movers.filter { ($0.from?.units ?? 0) >= 1000 }.sorted {
            $0.unexplainedPercent != $1.unexplainedPercent
                ? $0.unexplainedPercent > $1.unexplainedPercent
                : ($0.head, $0.setting.rawValue) < ($1.head, $1.setting.rawValue)
        }
    }

    /// Payments that come or go: no revaluations. Those of a status move or of an NA move come last.
    var paymentEvents: [PaymentChange] {
        var moved: Set<Int> = []
        for category in ["status_changed", "na_nonfacility_changed", "na_facility_changed"] {
            for change in changes(category) where change.isExplained { moved.insert(Int(change.head)) }
        }
        let events = payments.filter { $0.event != .revalued }
        return events.filter { !moved.contains($0.head) } + events.filter { moved.contains($0.head) }
    }
}
