public import Model
public import Schemas
import YAML

/// What a release may change before a person has to look, and what a person has let pass.
public struct Policy: Sendable {
    /// The most of something that passes.
    struct Limit: Sendable {
        let name: String
        let maximum: PolicyNumber
        let place: Place
    }

    /// Lets one finding pass, until it expires.
    struct Waiver: Sendable {
        let key: String
        let reason: String
        let owner: String
        let expires: CalendarDate
        let place: Place
    }

    /// The file's name; `default` for the one that the program carries.
    public let name: String
    let limits: [Limit]
    /// A payment change counts when its unexplained part is beyond both; `nil` for no limit.
    let paymentPercent: PolicyNumber?
    let paymentDollars: PolicyNumber?
    let waivers: [Waiver]

    /// The policy of `Schemas/policy.yaml`.
    /// - Throws: when the embedded file breaks its own rules.
    public static func standard(_ schemas: Schemas) throws(IngestError) -> Policy {
        let bytes = Schemas.file("policy.yaml") ?? []
        return try Policy(
            String(decoding: bytes, as: UTF8.self), file: "Schemas/policy.yaml", name: "default", schemas: schemas)
    }

    /// Reads a policy as `Schemas/policy.schema.json` describes it.
    /// - Throws: bad data with every problem at its line and column.
    public init(_ text: String, file: String, name: String? = nil, schemas: Schemas) throws(IngestError) {
        var reader = PolicyReader(file: file, known: Self.limitNames(schemas))
        reader.read(text)
        try reader.problems.stopOnErrors()
        self.name = name ?? file
        limits = reader.limits
        paymentPercent = reader.paymentPercent
        paymentDollars = reader.paymentDollars
        waivers = reader.waivers
    }

    static let furtherLimits = [
        "verification_failures", "rows_common", "rows_changed", "descriptor_changed_codes", "codes_reinstated",
        "conversion_factor_percent", "gpci_percent", "overlays_stale",
        "overlays_reused_suspect", "overlays_orphaned", "overlays_unreviewed",
    ]

    /// Every limit there is but `payment_unexplained`, which has two numbers.
    static func limitNames(_ schemas: Schemas) -> [String] {
        furtherLimits + schemas.changeCategories.flatMap { [$0.id, "\($0.id)_unexplained"] }
    }
}

/// A number of a policy, in hundredths.
struct PolicyNumber: ExactDecimal {
    static let places = 2
    let units: Int64
    init(units: Int64) { self.units = units }

    /// Without the zeros that nobody wrote.
    var short: String { units % 100 == 0 ? String(units / 100) : description }
}

/// Reads a policy's YAML and collects what is wrong with it.
private struct PolicyReader: YAMLReader {
    static let findings = "policy"
    let file: String
    let known: [String]
    var problems = Diagnostics()
    var limits: [Policy.Limit] = []
    var paymentPercent: PolicyNumber?
    var paymentDollars: PolicyNumber?
    var waivers: [Policy.Waiver] = []

    init(file: String, known: [String]) {
        self.file = file
        self.known = known
    }

    mutating func read(_ text: String) {
        guard let documents = documents(text) else { return }
        guard documents.count == 1, let top = documents[0].mapping else {
            problems.add(
                Diagnostic(
                    .error, "policy_type", at: Place(file, line: documents.first?.line),
                    "expected one document with the keys `limits` and, if wanted, `waivers`",
                    hint: "Schemas/policy.yaml is one to copy."))
            return
        }
        refuseUnknownKeys(top, ["limits", "waivers"])
        readLimits(top["limits"])
        readWaivers(top["waivers"])
    }

    private mutating func readLimits(_ node: YAMLNode?) {
        guard let node, node.text?.isEmpty != true else { return }
        guard let mapping = node.mapping else {
            report("policy_type", node, "`limits` holds a number for each name")
            return
        }
        for (key, value) in mapping.members {
            let name = key.text ?? ""
            if name == "payment_unexplained" {
                guard let both = value.mapping else {
                    report("policy_type", value, "`payment_unexplained` holds the keys `percent` and `dollars`")
                    continue
                }
                refuseUnknownKeys(both, ["percent", "dollars"])
                paymentPercent = number(both["percent"]) ?? .zero
                paymentDollars = number(both["dollars"]) ?? .zero
            } else if known.contains(name) {
                if let maximum = number(value) {
                    limits.append(Policy.Limit(name: name, maximum: maximum, place: place(key)))
                }
            } else {
                report(
                    "policy_limit", key, "'\(name)' is no limit",
                    hint: "Limits are payment_unexplained, \(Policy.furtherLimits.joined(separator: ", ")), and any "
                        + "category of diff.json's `counts`, with _unexplained behind it for what no rule explains.")
            }
        }
    }

    private mutating func readWaivers(_ node: YAMLNode?) {
        guard let node, node.text?.isEmpty != true else { return }
        guard let list = node.list else {
            report("policy_type", node, "`waivers` is a list")
            return
        }
        for item in list {
            guard let mapping = item.mapping else {
                report("policy_type", item, "a waiver has the keys `key`, `reason`, `owner` and `expires`")
                continue
            }
            refuseUnknownKeys(mapping, ["key", "reason", "owner", "expires"])
            guard let key = text(mapping["key"], of: item, "key"),
                let reason = text(mapping["reason"], of: item, "reason"),
                let owner = text(mapping["owner"], of: item, "owner"),
                let day = text(mapping["expires"], of: item, "expires")
            else { continue }
            guard let expires = CalendarDate(iso: day) else {
                report("policy_date", mapping["expires"] ?? item, "'\(day)' is no day; expected one such as 2026-03-31")
                continue
            }
            waivers.append(
                Policy.Waiver(key: key, reason: reason, owner: owner, expires: expires, place: place(item)))
        }
    }

    private mutating func text(_ node: YAMLNode?, of item: YAMLNode, _ name: String) -> String? {
        guard let text = node?.text, text.contains(where: { !$0.isWhitespace }) else {
            report("policy_waiver", node ?? item, "a waiver needs `\(name)`")
            return nil
        }
        return text
    }

    private mutating func number(_ node: YAMLNode?) -> PolicyNumber? {
        guard let node else { return nil }
        guard let text = node.text, let number = PolicyNumber(text) else {
            report(
                "policy_number", node, "'\(node.text ?? "")' is no limit; expected a number such as 250 or 3.5")
            return nil
        }
        return number
    }
}
