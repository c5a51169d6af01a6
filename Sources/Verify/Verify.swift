public import Model
import Parallel
public import Schemas

/// A check that the user lets fail, and why.
public struct Allowance: Sendable {
    public let check: String
    public let reason: String

    public init(check: String, reason: String) {
        self.check = check
        self.reason = reason
    }
}

/// Proves a release against itself: everything that follows from its tables is recomputed, and every
/// difference is explained by a listed defect or reported.
/// - Parameter further: checks that need more than the release, such as CMS's payment file.
public func verify(
    _ canonical: Canonical, further: [Check], allowances: [Allowance], schemas: Schemas
) -> Verification {
    let (amounts, invariants) = sideBySide {
        [checkOPPSCaps(canonical, schemas: schemas), checkAnesthesia(canonical, schemas: schemas)].compactMap(\.self)
            + checkDrugs(canonical, schemas: schemas)
    } and: {
        checkInvariants(canonical.codes, release: canonical.release, schemas: schemas)
    }
    let checks = canonical.checks + amounts + further + invariants

    var verification = Verification(checks: checks)
    let suspicions = suspicion(checks, canonical, schemas: schemas)
    for check in checks where check.failed > 0 {
        let policy = schemas.checks.first { $0.check == check.id }
        let tolerated = policy?.toleratedPercent ?? 0
        // A percentage means nothing on a handful of rows.
        let isFrequent = tolerated < 100 && check.failed * 100 > max(check.checked, 500) * tolerated
        let stops = policy?.severity != .warn || isFrequent
        let allowance = allowances.first { $0.check == check.id }
        if stops, let allowance { verification.allowed[check.id] = allowance.reason }
        let severity: Diagnostic.Severity = stops && allowance == nil ? .error : .warning
        if let text = suspicions[check.id] {
            verification.diagnostics.add(
                Diagnostic(severity, check.id, "\(check.failed) of \(check.checked) fail. \(text)"))
        }
        verification.diagnostics.add(check.failures.with(severity))
    }
    return verification
}
