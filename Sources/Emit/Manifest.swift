import Delta
import Digest
import JSON
public import Model
import Schemas

/// The version of the emitted shape. A consumer that knows 1.x reads every 1.y.
public let schemaVersion = "1.4.0"

/// `manifest.json`: identity, inputs, counts, verification, and every file with its hash.
func manifest(_ dataset: Dataset, revision: Int, sequence: Int, files: [EmittedFile]) -> [UInt8] {
    let canonical = dataset.canonical
    let states = canonical.reviewed.map { canonical.codes[$0].editorial?.review?.state }
    var json = JSONWriter(indented: true)
    json.object { json in
        json.field("schema_version", schemaVersion)
        json.object("release") { json in
            json.field("label", canonical.release.label)
            json.field("revision", revision)
            json.object("effective") { json in
                json.field("from", canonical.release.effectiveFrom.description)
                json.field("to", canonical.release.effectiveTo.description)
            }
            json.field("released", .date(canonical.released))
        }
        json.field("sequence", sequence)
        json.object("tool") { json in
            json.field("name", "ingest")
            json.field("version", dataset.tool)
        }
        json.field("tier", dataset.tier.rawValue)
        json.field("license", License.title(dataset.tier))
        json.field("content_hash", contentHash(files))
        json.object("conversion_factors") { json in
            json.field("non_qp", .decimal(canonical.conversionFactors.nonQP))
            json.field("qp", .decimal(canonical.conversionFactors.qp))
        }
        json.object("anesthesia_conversion_factors") { json in
            json.field("non_qp", .decimal(canonical.anesthesiaConversionFactors?.nonQP))
            json.field("qp", .decimal(canonical.anesthesiaConversionFactors?.qp))
        }
        json.object("counts") { json in
            json.field("codes", canonical.codes.count)
            json.field("relative_values", canonical.relativeValueCount)
            json.field("hcpcs_codes", canonical.hcpcsCount)
            json.field("modifiers", canonical.modifiers.count)
            json.field("localities", canonical.localities.count)
            json.field("opps_caps", canonical.oppsCaps.count)
            json.field("drug_payment_limits", canonical.drugPaymentLimits.count)
            json.field("drug_products", canonical.drugProducts.count)
            json.field("overlays", states.count)
        }
        json.object("editorial") { json in
            json.field("strict", canonical.isStrictlyEditorial)
            json.object("states") { json in
                for state in Editorial.ReviewState.allCases {
                    json.field(named: state.rawValue, .integer(states.count { $0 == state }))
                }
            }
            json.field("compared_with", texts: canonical.earlierRevisions)
            json.array("lost") { json in
                for lost in canonical.lostOverlays {
                    json.object { json in
                        json.field("code", lost.code.description)
                        json.field("against", lost.release)
                        json.field("last_release", lost.last)
                        json.field("file", lost.place.file)
                        json.field("line", lost.place.line)
                    }
                }
            }
        }
        json.field("missing_inputs", texts: canonical.missing.map(\.rawValue))
        json.object("verification") { json in
            json.array("checks") { json in
                for check in dataset.verification.merged {
                    json.object { json in
                        json.field("id", check.id)
                        json.field("checked", check.checked)
                        json.field("matched", check.matched)
                        json.field("explained", check.explained)
                        json.field("failed", check.failed)
                        json.field("allowed", dataset.verification.allowed[check.id])
                    }
                }
            }
        }
        json.array("corrections") { json in
            for correction in canonical.corrections {
                json.object { json in
                    json.field("code", correction.code)
                    json.field("action", correction.action)
                    json.field("outcome", correction.outcome.rawValue)
                    json.field("detail", correction.detail)
                    json.field("place", correction.place.description)
                }
            }
        }
        json.array("diagnostics") { json in
            for kind in canonical.diagnostics.kinds {
                json.object { json in
                    json.field("id", kind.id)
                    json.field("severity", kind.severity.rawValue)
                    json.field("count", kind.count)
                    json.field("first", kind.first.first?.message)
                    json.field("place", kind.first.first?.place?.description)
                }
            }
        }
        json.array("inputs") { json in
            for input in dataset.inputs where input.role != .ignored {
                json.object { json in
                    json.field("path", input.path)
                    json.field("sha256", input.sha256)
                    json.field("bytes", input.bytes)
                    json.field("role", input.role.rawValue)
                    json.field("table", input.table?.rawValue)
                    json.field("form", input.form?.rawValue)
                    json.field("rows", input.rows)
                }
            }
        }
        json.array("ignored") { json in
            for input in dataset.inputs where input.role == .ignored {
                json.object { json in
                    json.field("path", input.path)
                    json.field("reason", input.remark)
                }
            }
        }
        json.array("files") { json in
            for file in files {
                json.object { json in
                    json.field("path", file.path)
                    json.field("sha256", file.sha256)
                    json.field("bytes", file.bytes)
                    json.field("rows", file.rows)
                    json.field("license", License.name(dataset.tier))
                }
            }
        }
    }
    return json.bytes + [UInt8(ascii: "\n")]
}

/// `manifest.json` of a dataset that is only looked at: without files and a revision.
public func manifest(ofUnpublished dataset: Dataset) -> [UInt8] {
    manifest(dataset, revision: 0, sequence: 0, files: [])
}

/// The content hash of a revision's files.
func contentHash(_ files: [EmittedFile]) -> String {
    contentHash(
        ofTables: files.compactMap { file in
            TableShape.name(at: file.path).map { ($0, file.sha256) }
        })
}
