import Model
import Schemas

/// The position of each code's overlay, and what is wrong with those that are about none.
struct Assigned {
    var own: [Code: Int] = [:]
    /// Overlays of codes that the release has no longer.
    var lost: [LostOverlay] = []
    var problems: Diagnostics
}

/// Finds the code of each overlay, and the scope of each category overlay: every one once, and known.
func assign(
    _ overlays: ReadOverlays, to canonical: Canonical, reviewer: inout Reviewer<some EarlierReleases>,
    schemas: Schemas, keptPerKind: Int = Diagnostics.keptPerKind
) -> Assigned {
    var assigned = Assigned(problems: Diagnostics(keptPerKind: keptPerKind))
    assigned.own.reserveCapacity(overlays.codes.count)
    for (position, overlay) in overlays.codes.enumerated() {
        let name = overlay.code.value
        if let code = Code(name), let first = assigned.own[code] {
            assigned.problems.add(
                Diagnostic(
                    .error, "overlay_duplicate", at: overlay.code.place,
                    "\(name) has an overlay already, at \(overlays.codes[first].code.place)"))
        } else if let code = Code(name), canonical.codes.index(of: code) != nil {
            assigned.own[code] = position
        } else if canonical.missing.contains(.hcpcs), let code = Code(name), code.system == .hcpcs,
            code.hasAssignedShape
        {
            assigned.problems.add(
                Diagnostic(
                    .warning, "overlay_code_absent", at: overlay.code.place,
                    "\(name) is not in PPRRVU and there is no HCPCS file to look it up in; its texts are left out"))
        } else if let code = Code(name), let lost = reviewer.lost(code, overlay) {
            assigned.own[code] = position
            assigned.lost.append(lost)
            assigned.problems.add(diagnostic(lost, release: canonical.release))
        } else {
            assigned.problems.add(
                Diagnostic(
                    .error, "overlay_code_unknown", at: overlay.code.place,
                    "'\(name)' is no code of \(canonical.release.label)",
                    hint:
                        "Check the code's letters and digits. One that CMS has dropped passes with a warning when its "
                        + "review is pinned to an earlier release and descriptor."))
        }
    }
    let sections = schemas.classification.sectionIDs
    var scopes: [String: Place] = [:]
    for overlay in overlays.categories {
        if case .section(let section) = overlay.scope, !sections.contains(section) {
            assigned.problems.add(
                Diagnostic(
                    .error, "overlay_section_unknown", at: overlay.place,
                    "'\(section)' is no section; known are " + sections.sorted().joined(separator: ", ")))
        }
        if let first = scopes.updateValue(overlay.place, forKey: overlay.scope.name) {
            assigned.problems.add(
                Diagnostic(
                    .error, "overlay_duplicate", at: overlay.place,
                    "\(overlay.scope.name) has an overlay already, at \(first)"))
        }
    }
    return assigned
}
