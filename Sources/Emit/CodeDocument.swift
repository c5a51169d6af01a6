import JSON
public import Model
import Payment

extension CodeEntry {
    /// One complete document per code: what a code page needs, ready to render. A line of `codes.ndjson`.
    /// - Parameter dataset: what the code belongs to; of it the tier and the conversion factors matter.
    public func document(of dataset: Dataset) -> [UInt8] {
        let tier = dataset.tier
        var json = JSONWriter(indented: false)
        let shown = tier.shows(system)
        json.object { json in
            // The code comes first: readers find a document by bisecting the file.
            json.field("code", code.description)
            json.field("system", system.rawValue)
            json.label("section", section)
            json.label("category", category)
            json.field("title", title(in: tier))
            json.field("title_origin", titleOrigin(in: tier)?.rawValue)
            json.field("suggested_title", suggestedTitle?.text)
            json.field("suggested_title_origin", suggestedTitle?.origin.rawValue)
            json.field("short_descriptor", shown && !shortDescriptor.isEmpty ? shortDescriptor : nil)
            json.field("long_descriptor", shown ? longDescriptor : nil)
            json.field("route", route)
            json.key("editorial")
            if let editorial { editorial.write(to: &json) } else { json.value(.null) }
            json.array("relative_values") { json in
                for row in relativeValues {
                    json.object { json in
                        for (name, cell) in zip(RelativeValue.columns, row.cells).dropFirst() { json.field(name, cell) }
                        json.nationalPayment(
                            PricedRow(row, siblings: relativeValues), dataset.canonical.conversionFactors)
                    }
                }
            }
            json.field("relative_values_absence", relativeValuesAbsence)
            json.field("unpriced_reason", unpricedReason)
            json.key("hcpcs")
            if let hcpcs {
                json.object { json in
                    for (name, cell) in zip(HCPCSRecord.administrativeColumns, hcpcs.administrativeCells) {
                        json.field(name, cell)
                    }
                }
            } else {
                json.value(.null)
            }
            json.field("hcpcs_absence", hcpcsAbsence)
            json.key("drug")
            if let drug { drug.write(to: &json) } else { json.value(.null) }
            json.object("provenance") { json in
                json.array("relative_values") { json in
                    for row in relativeValues {
                        json.object { json in
                            json.field("modifier", .text(row.key.modifier))
                            json.field("file", row.source.file)
                            json.field("line", row.source.line)
                        }
                    }
                }
                json.key("hcpcs")
                json.source(hcpcs?.source)
                if let corrections = hcpcs?.corrections, !corrections.isEmpty {
                    json.array("hcpcs_corrections") { json in for source in corrections { json.source(source) } }
                }
                if let drug {
                    json.key("drug_payment_limit")
                    json.source(drug.paymentLimit?.source)
                    json.array("drug_products") { json in
                        for product in drug.products {
                            json.object { json in
                                json.field("ndc", product.ndc)
                                json.field("file", product.source.file)
                                json.field("line", product.source.line)
                            }
                        }
                    }
                }
                json.array("editorial") { json in
                    for source in editorial?.sources ?? [] { json.source(source) }
                }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

extension Editorial {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("synonyms", texts: synonyms)
            json.field("summary", summary)
            json.field("plain_language", texts: plainLanguage)
            json.field("clinical_context", clinicalContext)
            json.field("specialties", texts: specialties)
            json.field("billing", billing?.text)
            json.field("billing_origin", billing?.origin.rawValue)
            json.field("documentation", documentation?.text)
            json.field("documentation_origin", documentation?.origin.rawValue)
            json.field("relative_value_note", relativeValueNote)
            json.array("faq") { json in
                for question in questions {
                    json.object { json in
                        json.field("question", question.question)
                        json.field("answer", question.answer)
                        json.field("origin", question.origin.rawValue)
                    }
                }
            }
            json.key("review")
            if let review {
                json.object { json in
                    json.field("state", review.state.rawValue)
                    json.field("against", review.release)
                    json.field("descriptor", review.descriptor)
                    json.key("changed_words")
                    if let words = review.words {
                        json.array { json in
                            for run in words.runs {
                                json.object { json in
                                    json.field("kind", run.kind.rawValue)
                                    json.field("text", run.text)
                                }
                            }
                        }
                    } else {
                        json.value(.null)
                    }
                    json.field("use_instead", texts: review.useInstead)
                }
            } else {
                json.value(.null)
            }
        }
    }
}

extension JSONWriter {
    /// What Medicare pays with every GPCI 1.000; `null` for a row without a price. The OPPS cap differs by locality.
    fileprivate mutating func nationalPayment(_ row: PricedRow, _ factors: ConversionFactors<ConversionFactor>) {
        key("national_payment")
        guard row.row.isPriced else {
            value(.null)
            return
        }
        object { json in
            for (track, factor) in [(Track.nonQP, factors.nonQP), (.qp, factors.qp)] {
                json.key(track.rawValue)
                guard let factor else {
                    json.value(.null)
                    continue
                }
                json.object { json in
                    for setting in Setting.allCases {
                        json.field(setting.rawValue, .decimal(row.quote(setting, .national, factor).fee.money))
                    }
                }
            }
        }
    }

    fileprivate mutating func label(_ name: String, _ label: Label?) {
        key(name)
        guard let label else {
            value(.null)
            return
        }
        object { json in
            json.field("id", label.id)
            json.field("name", label.name)
        }
    }

    fileprivate mutating func source(_ source: Source?) {
        guard let source else {
            value(.null)
            return
        }
        object { json in
            json.field("file", source.file)
            json.field("line", source.line)
        }
    }
}
