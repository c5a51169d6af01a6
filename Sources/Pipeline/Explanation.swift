public import FeeSchedule
import JSON
public import Model
public import Payment

/// One step of a derivation: what was done, with which numbers, and where they came from.
public struct DerivationStep: Sendable {
    /// What the step makes: `work`, `sum`, `fee`, …
    public let name: String
    /// The arithmetic in numbers, `1.30 × 1.063`.
    public let expression: String
    public let result: String
    /// The inputs' places: file, member and line.
    public let sources: [String]
}

/// An amount as a derivation that a biller can follow.
public struct Derivation: Sendable {
    public let title: String
    public let steps: [DerivationStep]
    public let quote: Quote
    public let revision: String
    public let code: String
    public let modifier: String?
    public let locality: String
    public let setting: Setting
    public let track: Track
}

/// What to explain.
public struct PaymentQuestion: Sendable {
    public var code: String
    public var modifier: String
    public var locality: String
    public var setting: Setting
    public var track: Track
    /// The day of service, which decides whether the work floor applies; the release's first when `nil`.
    public var date: CalendarDate?

    public init(
        code: String, modifier: String, locality: String, setting: Setting, track: Track, date: CalendarDate?
    ) {
        self.code = code
        self.modifier = modifier
        self.locality = locality
        self.setting = setting
        self.track = track
        self.date = date
    }
}

extension FeeSchedule.Dataset {
    /// Derives the payment of a code from the published tables, step by step.
    /// - Throws: when the revision lacks the row, the locality or the factor.
    public func derive(_ question: PaymentQuestion) throws(IngestError) -> Derivation {
        let place = try payingPlace(question.locality, date: question.date)
        let factor = try factor(question.track)
        let rows = try relativeValues(of: question.code)
        guard let row = rows.first(where: { $0.key.modifier.description == question.modifier }) else {
            let having = rows.map { $0.key.modifier.isBlank ? "none" : $0.key.modifier.description }
            throw IngestError(
                .usage, "row_unknown",
                rows.isEmpty
                    ? "\(name) has no relative values for \(question.code)"
                    : "\(question.code) has no row with the modifier '\(question.modifier)'",
                hint: rows.isEmpty
                    ? "`ingest show \(question.code)` says why."
                    : "Its modifiers are: \(having.joined(separator: ", ")).")
        }
        let priced = PricedRow(row, siblings: rows)
        let quote = priced.quote(question.setting, place.gpcis, factor)
        let rowSource = "\(row.source.file):\(row.source.line)"
        let factorSource = factorSource(question.track, row: rowSource)
        let localitySources = place.sources
        let setting = question.setting == .nonfacility ? "non-facility" : "facility"

        var steps: [DerivationStep] = []
        func weigh(_ name: String, work: RVU, pe: RVU, mp: RVU, peLabel: String) {
            let parts: [(String, RVU, GPCI)] = [
                ("work", work, place.gpcis.work), (peLabel, pe, place.gpcis.pe), ("malpractice", mp, place.gpcis.mp),
            ]
            for (label, value, index) in parts {
                steps.append(
                    DerivationStep(
                        name: name.isEmpty ? label : "\(name) \(label)", expression: "\(value) × GPCI \(index)",
                        result: exact(value.units * index.units, places: 5),
                        sources: [rowSource] + localitySources))
            }
            let sum = Fee.weighted(work: work, pe: pe, mp: mp, place.gpcis)
            steps.append(
                DerivationStep(
                    name: name.isEmpty ? "sum" : "\(name) sum", expression: "work + PE + malpractice",
                    result: exact(sum, places: 5), sources: []))
            steps.append(
                DerivationStep(
                    name: name.isEmpty ? "fee" : name,
                    expression: "\(exact(sum, places: 5)) × \(factor), rounded half up",
                    result:
                        "\(exact(sum * factor.units, places: 9)) → \(Fee.amount(work: work, pe: pe, mp: mp, place.gpcis, factor))",
                    sources: [factorSource]))
        }
        if quote.fee.money != nil {
            weigh(
                "", work: row.work, pe: priced.pe(question.setting), mp: row.mp, peLabel: "\(setting) practice expense")
        } else if let reason = quote.fee.reason {
            steps.append(
                DerivationStep(
                    name: "fee",
                    expression: reason == PricedRow.notApplicable
                        ? "CMS marks the \(setting) setting NA"
                        : "status \(row.status): \(try meaning(of: "status", row.status.description) ?? "")",
                    result: "none: \(reason)", sources: [rowSource]))
        }
        if let cap = quote.cap {
            if priced.capWork != row.work {
                let professional = rows.first { $0.key.modifier == Modifier("26") }
                steps.append(
                    DerivationStep(
                        name: "OPPS cap work RVU", expression: "a status C global row borrows the work of its 26 row",
                        result: "\(priced.capWork)",
                        sources: professional.map { ["\($0.source.file):\($0.source.line)"] } ?? []))
            }
            weigh(
                "OPPS cap", work: priced.capWork, pe: priced.oppsPE(question.setting), mp: row.oppsMP,
                peLabel: "practice expense")
            // CMS's file is made with the factor of the non-QP track.
            if question.track == .nonQP, let published = try self.cap(of: row.key, in: place.locality.key) {
                steps.append(
                    DerivationStep(
                        name: "OPPS cap published", expression: "CMS's own OPPSCAP file",
                        result: (question.setting == .nonfacility ? published.nonfacility : published.facility)
                            .description,
                        sources: ["\(published.source.file):\(published.source.line)"]))
            }
            if let fee = quote.fee.money {
                steps.append(
                    DerivationStep(
                        name: "payment", expression: "the lesser of \(fee) and \(cap)",
                        result: "\(min(fee, cap))", sources: []))
            }
        }
        if let amount = quote.payment.money {
            steps.append(
                DerivationStep(
                    name: "non-participating", expression: "95 % of \(amount)",
                    result: "\(Fee.nonparticipating(amount))", sources: []))
            steps.append(
                DerivationStep(
                    name: "limiting charge", expression: "115 % of 95 % of \(amount)",
                    result: "\(Fee.limitingCharge(amount))", sources: []))
        }
        if let reduced = quote.therapyReduced {
            steps.append(
                DerivationStep(
                    name: "therapy, further units", expression: "the same with half the practice expense (MULT PROC 5)",
                    result: "\(reduced)", sources: [rowSource]))
        }
        return Derivation(
            title: "\(row.key) in \(place.locality.key) \(place.locality.name ?? ""), \(setting), "
                + "\(question.track == .qp ? "qualifying APM participants" : "all others")",
            steps: steps, quote: quote, revision: name.description, code: question.code,
            modifier: question.modifier.isEmpty ? nil : question.modifier, locality: place.locality.key.description,
            setting: question.setting, track: question.track)
    }

    private func payingPlace(
        _ name: String, date: CalendarDate?
    ) throws(IngestError) -> (locality: Locality, gpcis: GPCIs, sources: [String]) {
        let locality = try locality(named: name)
        let sources = locality.sources.filter { $0.file.uppercased().contains("GPCI") }
        return (locality, try gpcis(of: locality, on: date), sources.map { "\($0.file):\($0.line)" })
    }

    /// The published OPPS cap of a row in a locality.
    private func cap(of key: RowKey, in locality: LocalityKey) throws(IngestError) -> OPPSCap? {
        try oppsCaps(of: key.code.description, modifier: key.modifier.description).first {
            $0.locality.number == locality.number && $0.gpciContractor == locality.contractor
        }
    }

    /// The factor stands on every row of its file: on the code's own row, or anywhere in the QPP file.
    private func factorSource(_ track: Track, row: String) -> String {
        guard track == .qp else { return row }
        let file = manifest.inputs.first { $0.table == SourceTable.pprrvuQPP.rawValue && $0.role == "primary" }
        return "\(file?.path ?? "PPRRVU's QPP file"), column CONV FACTOR"
    }
}

/// Units of 10^-`places`, all digits shown.
private func exact(_ units: Int64, places: Int) -> String {
    var bytes: [UInt8] = []
    appendDecimal(units, places: places, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

/// What `ingest explain --format json` prints.
public func derivationJSON(_ derivation: Derivation) -> [UInt8] {
    var json = JSONWriter(indented: true)
    json.object { json in
        json.field("revision", derivation.revision)
        json.field("code", derivation.code)
        json.field("modifier", derivation.modifier)
        json.field("locality", derivation.locality)
        json.field("setting", derivation.setting.rawValue)
        json.field("track", derivation.track.rawValue)
        json.quote(derivation.quote)
        json.array("steps") { json in
            for step in derivation.steps {
                json.object { json in
                    json.field("name", step.name)
                    json.field("expression", step.expression)
                    json.field("result", step.result)
                    json.field("sources", texts: step.sources)
                }
            }
        }
    }
    return json.bytes + [0x0A]
}

/// What `ingest show --locality --format json` prints beside the document.
public func quotesJSON(
    _ locality: Locality, _ quotes: [QuotedRow], document: [UInt8]
) -> [UInt8] {
    var json = JSONWriter(indented: false)
    json.object { json in
        json.field("locality", locality.key.description)
        json.field("locality_name", locality.name)
        json.array("payments") { json in
            for row in quotes {
                json.object { json in
                    json.field("modifier", .text(row.key.modifier))
                    json.field("setting", row.setting.rawValue)
                    json.field("track", row.track.rawValue)
                    json.quote(row.quote)
                }
            }
        }
    }
    // The document stays as it was published; the payments come before its closing brace.
    return Array(document.dropLast()) + [UInt8(ascii: ",")] + Array(json.bytes.dropFirst()) + [0x0A]
}

extension JSONWriter {
    fileprivate mutating func quote(_ quote: Quote) {
        field("fee", .decimal(quote.fee.money))
        field("cap", .decimal(quote.cap))
        field("payment", .decimal(quote.payment.money))
        field("reason", quote.payment.reason)
        field("nonparticipating", .decimal(quote.nonparticipating))
        field("limiting_charge", .decimal(quote.limitingCharge))
        field("therapy_reduced", .decimal(quote.therapyReduced))
    }
}
