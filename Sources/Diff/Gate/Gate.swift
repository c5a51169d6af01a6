import JSON
public import Model
import Payment
public import Schemas

/// Something that the policy does not let pass by itself.
public struct Finding: Sendable {
    public enum State: String, Sendable {
        case failed
        /// A waiver lets it pass.
        case waived
        /// The waiver for it has expired, or a waiver for nothing has.
        case expired
    }

    /// What a waiver names: `rows_removed`, `payment_unexplained/61626-26`.
    public let key: String
    public var state: State
    public let message: String
    /// The waiver's, where there is one.
    public var reason: String?
    public var owner: String?
    public var expires: CalendarDate?
    /// Where the limit or the waiver stands in the policy.
    public let place: Place
}

/// Whether a release may ship.
public struct Verdict: Sendable {
    public enum Outcome: String, Sendable {
        case pass
        /// It passes because of waivers.
        case waived
        case fail
    }

    /// The policy's name.
    public let policy: String
    /// What failed first.
    public let findings: [Finding]
    /// Waivers that waived nothing.
    public let unused: [String]

    public var outcome: Outcome {
        findings.contains { $0.state != .waived } ? .fail : findings.isEmpty ? .pass : .waived
    }

    /// 0, or 1 when a gate failed.
    public var exitCode: Int { outcome == .fail ? 1 : 0 }
}

extension Policy {
    /// Holds a difference against the policy. Waivers expire by the release's own date, so that the same inputs have
    /// the same verdict on any day.
    public func judge(_ difference: Difference, schemas: Schemas) -> Verdict {
        var findings: [Finding] = []
        for limit in limits {
            let measured = difference.measure(limit.name, schemas: schemas)
            guard measured > limit.maximum else { continue }
            findings.append(
                Finding(
                    key: limit.name, state: .failed,
                    message: "\(limit.name) is \(measured.short); the policy allows \(limit.maximum.short)",
                    place: limit.place))
        }
        if let paymentPercent, let paymentDollars {
            let isTooMuch = { (payment: PaymentChange) in
                PolicyNumber(units: Int64(payment.parts?.unexplained.magnitude ?? 0) / 10_000) > paymentDollars
                    && PolicyNumber(units: payment.unexplainedPercent) > paymentPercent
            }
            for payment in difference.movers(where: isTooMuch) {
                let row = difference.rowName(payment)
                let name = row.modifier.isEmpty ? row.code : "\(row.code)-\(row.modifier)"
                let key = "payment_unexplained/\(name)"
                guard findings.last?.key != key else { continue }
                findings.append(
                    Finding(
                        key: key, state: .failed,
                        message: "\(name), \(payment.setting.rawValue): \(payment.from?.description ?? "none") → "
                            + "\(payment.to?.description ?? "none"); "
                            + "\(PolicyNumber(units: payment.unexplainedPercent).short) % are unexplained, the policy "
                            + "allows \(paymentPercent.short) % or $\(paymentDollars.short)",
                        place: Place(name)))
            }
        }
        return waive(findings, on: difference.head.effectiveFrom)
    }

    private func waive(_ findings: [Finding], on day: CalendarDate?) -> Verdict {
        var findings = findings
        var unused: [String] = []
        for waiver in waivers {
            let isExpired = day.map { waiver.expires < $0 } ?? false
            var isUsed = false
            for index in findings.indices where findings[index].key == waiver.key {
                isUsed = true
                // Of two waivers for one thing the one that holds counts.
                guard findings[index].state != .waived else { continue }
                findings[index].state = isExpired ? .expired : .waived
                findings[index].reason = waiver.reason
                findings[index].owner = waiver.owner
                findings[index].expires = waiver.expires
            }
            if !isUsed, isExpired {
                findings.append(
                    Finding(
                        key: waiver.key, state: .expired,
                        message: "the waiver for \(waiver.key) expired before this release; take it away or renew it",
                        reason: waiver.reason, owner: waiver.owner, expires: waiver.expires, place: waiver.place))
            } else if !isUsed {
                unused.append(waiver.key)
            }
        }
        let failed = findings.filter { $0.state != .waived }
        return Verdict(policy: name, findings: failed + findings.filter { $0.state == .waived }, unused: unused)
    }
}

extension Difference {
    /// The number that a limit is held against.
    fileprivate func measure(_ name: String, schemas: Schemas) -> PolicyNumber {
        func count(_ number: Int) -> PolicyNumber { PolicyNumber(units: Int64(number) * 100) }
        switch name {
        case "verification_failures": return count(verificationFailures(schemas))
        case "rows_common": return count(rows.common)
        case "rows_changed": return count(rows.changed)
        case "descriptor_changed_codes": return count(rows.rewordedCodes)
        case "codes_reinstated": return count(reinstated.count)
        case "conversion_factor_percent": return largestPercent("conversion_factor_changed")
        case "gpci_percent": return largestPercent("gpci_changed")
        case "overlays_stale": return count(editorialWork.count { $0.state == "stale" })
        case "overlays_reused_suspect": return count(editorialWork.count { $0.state == "reused_suspect" })
        case "overlays_orphaned": return count(editorialWork.count { $0.state == "orphaned" })
        case "overlays_unreviewed": return count(editorialWork.count { $0.state == "unreviewed" })
        default:
            let unexplainedMark = "_unexplained"
            return name.hasSuffix(unexplainedMark)
                ? count(unexplained(String(name.dropLast(unexplainedMark.count)))) : count(self.count(name))
        }
    }

    /// Failures of HEAD's checks that stop a run, neither explained nor allowed.
    private func verificationFailures(_ schemas: Schemas) -> Int {
        let stopping = Set(schemas.checks.filter { $0.severity == .stop }.map(\.check))
        return (head.manifest["verification"]?["checks"]?.elements ?? []).reduce(0) { sum, check in
            guard let id = check["id"]?.string, stopping.contains(id), check["allowed"]?.string == nil else {
                return sum
            }
            return sum + (check["failed"]?.integer ?? 0)
        }
    }

    /// The largest relative change among a category's decimals.
    private func largestPercent(_ id: String) -> PolicyNumber {
        var largest: Int64 = 0
        for change in changes(id) {
            guard let (old, new) = units(change), old > 0 else { continue }
            // Rounded up: what lies above a limit must not come down to it.
            largest = max(largest, (Int64((new - old).magnitude) * 10_000 + old - 1) / old)
        }
        return PolicyNumber(units: largest)
    }
}
