import JSON
public import Model
import Payment

/// Writes documents, one per code, from the codes and from their cells as the tables have them.
struct DocumentWriter {
    private let tier: Tier
    private let factors: ConversionFactors<ConversionFactor>
    private let relativeValueKeys = JSONKeys(RelativeValue.columns)
    private let administrativeKeys = JSONKeys(HCPCSRecord.administrativeColumns)
    private let firstAdministrative = CodeEntry.Row.columns.firstIndex(of: HCPCSRecord.administrativeColumns[0]) ?? 0

    init(_ dataset: Dataset) {
        tier = dataset.tier
        factors = dataset.canonical.conversionFactors
    }

    /// Writes the document of `code`.
    /// - Parameters:
    ///   - row: its row in `cells`, the table of codes.
    ///   - first: the first of its rows in `relativeValues`.
    func write(
        _ code: borrowing CodeEntry, row: Int, of cells: RenderedCells, first: Int, of relativeValues: RenderedCells,
        to json: inout JSONWriter
    ) {
        let shown = tier.shows(code.system)
        json.object { json in
            // The code comes first: readers find a document by bisecting the file.
            json.field("code", code.code.description)
            json.field("system", code.system.rawValue)
            json.label("section", code.section)
            json.label("category", code.category)
            json.field("title", code.title(in: tier))
            json.field("title_origin", code.titleOrigin(in: tier)?.rawValue)
            json.field("suggested_title", code.suggestedTitle?.text)
            json.field("suggested_title_origin", code.suggestedTitle?.origin.rawValue)
            json.field("short_descriptor", shown && !code.shortDescriptor.isEmpty ? code.shortDescriptor : nil)
            json.field("long_descriptor", shown ? code.longDescriptor : nil)
            json.field("route", code.route)
            json.key("editorial")
            if let editorial = code.editorial { editorial.write(to: &json) } else { json.value(.null) }
            json.array("relative_values") { json in
                for (index, row) in code.relativeValues.enumerated() {
                    json.object { json in
                        // The first is the code, which the document has.
                        json.fields(relativeValueKeys, skipping: 1) { column, bytes in
                            bytes.appendJSON(relativeValues[first + index, column])
                        }
                        json.nationalPayment(PricedRow(row, siblings: code.relativeValues), factors)
                    }
                }
            }
            json.field("relative_values_absence", code.relativeValuesAbsence)
            json.field("unpriced_reason", code.unpricedReason)
            json.key("hcpcs")
            if code.isInHCPCSFile {
                json.object { json in
                    json.fields(administrativeKeys) { column, bytes in
                        bytes.appendJSON(cells[row, firstAdministrative + column])
                    }
                }
            } else {
                json.value(.null)
            }
            json.field("hcpcs_absence", code.hcpcsAbsence)
            json.key("drug")
            if let drug = code.drug { drug.write(to: &json) } else { json.value(.null) }
            json.object("provenance") { json in
                json.array("relative_values") { json in
                    for row in code.relativeValues {
                        json.object { json in
                            json.field("modifier", .text(row.key.modifier))
                            json.field("file", row.source.file)
                            json.field("line", row.source.line)
                        }
                    }
                }
                json.key("hcpcs")
                json.source(code.hcpcs?.source)
                if let corrections = code.hcpcs?.corrections, !corrections.isEmpty {
                    json.array("hcpcs_corrections") { json in for source in corrections { json.source(source) } }
                }
                if let drug = code.drug {
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
                    for source in code.editorial?.sources ?? [] { json.source(source) }
                }
            }
        }
        json.endLine()
    }
}

extension CodeEntry {
    /// One complete document: what a code page needs, ready to render. A line of `codes.ndjson`.
    /// - Parameter dataset: what the code belongs to; of it the tier and the conversion factors matter.
    public func document(of dataset: Dataset) -> [UInt8] {
        var json = JSONWriter(indented: false)
        let row = RenderedTable(CodeEntry.Row.self, rowCount: 1) { append in
            Row.appendCells(of: self, tier: dataset.tier, append)
        }
        row.read { row in
            RenderedTable(relativeValues).read { relativeValues in
                DocumentWriter(dataset).write(self, row: 0, of: row, first: 0, of: relativeValues, to: &json)
            }
        }
        return json.bytes
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

extension [UInt8] {
    fileprivate mutating func appendJSON(_ cell: (kind: RenderedTable.Kind, text: UnsafeBufferPointer<UInt8>)) {
        switch cell.kind {
        case .null: append(contentsOf: "null".utf8)
        case .text: appendJSON(text: cell.text)
        case .number, .flag: append(contentsOf: cell.text)
        case .list:
            append(UInt8(ascii: "["))
            for (index, item) in cell.text.split(separator: Cell.listSeparator).enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                appendJSON(text: UnsafeBufferPointer(rebasing: item))
            }
            append(UInt8(ascii: "]"))
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
                json.key(named: track.rawValue)
                guard let factor else {
                    json.value(.null)
                    continue
                }
                json.object { json in
                    for setting in Setting.allCases {
                        json.field(named: setting.rawValue, .decimal(row.quote(setting, .national, factor).fee.money))
                    }
                }
            }
        }
    }

    fileprivate mutating func label(_ name: StaticString, _ label: Label?) {
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
