import JSON
import Model
import Schemas

/// The verification certificate: what was proven, what was explained, what failed, and from which inputs, so
/// that anyone can repeat it. The same content as JSON and as a page to read.
struct Certificate {
    let dataset: Dataset
    let schemas: Schemas

    private var verification: Verification { dataset.verification }
    private var release: Release { dataset.canonical.release }

    /// CMS's files that the release was read from and checked against.
    private var inputs: [Input] { dataset.inputs.filter { $0.role != .ignored && $0.role != .overlay } }

    private var failed: Int { verification.checks.reduce(0) { $0 + $1.failed } }
    private var checked: Int { verification.checks.reduce(0) { $0 + $1.checked } }

    private func policy(_ check: Check) -> CheckPolicy? { schemas.checks.first { $0.check == check.id } }

    private var verdict: String {
        if !verification.allowed.isEmpty { return "published_with_allowed_failures" }
        return failed > 0 ? "proven_with_warnings" : "proven"
    }

    func json() -> [UInt8] {
        var json = JSONWriter(indented: true)
        json.object { json in
            json.field("schema_version", schemaVersion)
            json.field("release", release.label)
            json.field("tool", dataset.tool)
            json.field("verdict", verdict)
            json.field("checked", checked)
            json.field("failed", failed)
            json.array("checks") { json in
                for check in verification.checks {
                    json.object { json in
                        json.field("id", check.id)
                        json.field("detail", check.detail)
                        json.field("severity", policy(check)?.severity.rawValue ?? "stop")
                        json.field("checked", check.checked)
                        json.field("matched", check.matched)
                        json.field("explained", check.explained)
                        json.field("failed", check.failed)
                        json.field("allowed", verification.allowed[check.id])
                        json.array("failures") { json in
                            for failure in check.failures.kinds.flatMap(\.first) {
                                json.object { json in
                                    json.field("place", failure.place?.description)
                                    json.field("message", failure.message)
                                }
                            }
                        }
                    }
                }
            }
            json.array("defects") { json in
                for defect in verification.defects {
                    let listed = schemas.knownDefects.first { $0.id == defect.id }
                    json.object { json in
                        json.field("id", defect.id)
                        json.field("rows", defect.count)
                        json.field("what", listed?.what)
                        json.field("handling", listed?.handling)
                    }
                }
            }
            json.array("inputs") { json in
                for input in inputs {
                    json.object { json in
                        json.field("path", input.path)
                        json.field("sha256", input.sha256)
                    }
                }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    func markdown() -> String {
        let headline =
            switch verdict {
            case "proven":
                "**Proven.** Every one of \(checked) values and rows that follow from other tables does follow."
            case "proven_with_warnings":
                "**Proven, with warnings.** \(failed) of \(checked) rows break a rule that CMS itself does not always keep."
            default: "**Published with allowed failures.** \(failed) of \(checked) values and rows fail."
            }
        var text = """
            # Verification of \(release.label)

            \(headline)

            | check | score | what was compared |
            |---|---:|---|

            """
        for check in verification.checks {
            let explained = check.explained > 0 ? ", \(check.explained) explained" : ""
            let failed = check.failed > 0 ? ", **\(check.failed) failed**" : ""
            text +=
                "| `\(check.id)` | \(check.matched + check.explained)/\(check.checked)\(explained)\(failed) | \(check.detail.cell) |\n"
        }
        if !verification.defects.isEmpty {
            text += """

                ## Known defects of CMS's files that were met

                | defect | rows | what | what we do |
                |---|---:|---|---|

                """
            for defect in verification.defects {
                let listed = schemas.knownDefects.first { $0.id == defect.id }
                text +=
                    "| `\(defect.id)` | \(defect.count) | \((listed?.what ?? "").cell) | \((listed?.handling ?? "").cell) |\n"
            }
        }
        let failures = verification.checks.filter { $0.failed > 0 }
        if !failures.isEmpty {
            text += "\n## What failed\n\n"
            for check in failures {
                text += "- `\(check.id)`: \(check.failed) of \(check.checked)"
                if let reason = verification.allowed[check.id] { text += ", allowed: \(reason)" }
                text += "\n"
                for failure in check.failures.kinds.flatMap(\.first).prefix(5) {
                    text += "  - \(failure.place.map { "`\($0)`: " } ?? "")\(failure.message)\n"
                }
            }
        }
        text += """

            ## Repeat it

            `ingest verify STORE/releases/\(release.label)/rN --input …` recomputes this page from CMS's files and compares:

            | input | SHA-256 |
            |---|---|

            """
        for input in inputs { text += "| `\(input.path)` | `\(input.sha256)` |\n" }
        return text
    }
}

extension String {
    /// The text as a cell of a Markdown table.
    fileprivate var cell: String { replacing("|", with: "\\|") }
}
