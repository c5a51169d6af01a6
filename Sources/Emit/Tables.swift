import Model
import Parallel
import Schemas

/// Every emitted table, in the order in which they are written.
func renderTables(_ dataset: Dataset, schemas: Schemas) -> [RenderedTable] {
    let canonical = dataset.canonical
    let codes = canonical.codes
    let reviewed = canonical.reviewed.map { codes[$0] }
    let renderings: [@Sendable () -> RenderedTable] = [
        // Entries are large: they are read where they lie.
        {
            RenderedTable(CodeEntry.Row.self, rowCount: codes.count) { append in
                for index in codes.indices { CodeEntry.Row.appendCells(of: codes[index], tier: dataset.tier, append) }
            }
        },
        {
            RenderedTable(RelativeValue.self, rowCount: canonical.relativeValueCount) { append in
                for index in codes.indices {
                    for row in codes[index].relativeValues.indices { append(codes[index].relativeValues[row].cells) }
                }
            }
        },
        {
            RenderedTable(DescriptorDigestRow.self, rowCount: canonical.relativeValueCount) { append in
                for index in codes.indices {
                    for row in codes[index].relativeValues.indices {
                        guard let digest = codes[index].relativeValues[row].descriptorDigest else { continue }
                        append(DescriptorDigestRow(key: codes[index].relativeValues[row].key, digest: digest).cells)
                    }
                }
            }
        },
        { RenderedTable(canonical.modifiers.map(ModifierRow.init)) },
        { RenderedTable(canonical.localities) },
        { RenderedTable(canonical.oppsCaps) },
        { RenderedTable(canonical.drugPaymentLimits) },
        { RenderedTable(canonical.drugProducts) },
        { RenderedTable(canonical.conversionFactorRows) },
        { RenderedTable(reviewed.map { EditorialRow(code: $0.code, editorial: $0.editorial ?? Editorial()) }) },
        { RenderedTable(reviewed.flatMap(\.editorialItems)) },
        { RenderedTable(reviewed.flatMap(\.ownQuestions)) },
        { RenderedTable(canonical.categoryTexts) },
        { RenderedTable(schemas.meanings(dataset.tier)) },
        {
            RenderedTable(
                ProvenanceRow.self, rowCount: canonical.relativeValueCount + codes.count + canonical.oppsCaps.count
            ) { append in canonical.forEachProvenance { append($0.cells) } }
        },
    ]
    return inParallel(renderings) { $0() }
}

extension CodeEntry {
    fileprivate var editorialItems: [EditorialItemRow] {
        guard let editorial else { return [] }
        let items: [(EditorialItemRow.Kind, [String])] = [
            (.synonym, editorial.synonyms), (.plainLanguage, editorial.plainLanguage),
            (.specialty, editorial.specialties),
        ]
        return items.flatMap { kind, texts in
            texts.enumerated().map { EditorialItemRow(code: code, kind: kind, position: $0 + 1, text: $1) }
        }
    }

    fileprivate var ownQuestions: [QuestionRow] {
        (editorial?.questions ?? []).filter { $0.origin == .code }.enumerated().map {
            QuestionRow(code: code, position: $0 + 1, question: $1)
        }
    }
}

extension Canonical {
    fileprivate var conversionFactorRows: [ConversionFactorRow] {
        var rows = [ConversionFactorRow(service: "physician", track: "non_qp", value: conversionFactors.nonQP)]
        if let qp = conversionFactors.qp {
            rows.append(ConversionFactorRow(service: "physician", track: "qp", value: qp))
        }
        if let anesthesia = anesthesiaConversionFactors {
            rows.append(ConversionFactorRow(service: "anesthesia", track: "non_qp", value: anesthesia.nonQP))
            if let qp = anesthesia.qp {
                rows.append(ConversionFactorRow(service: "anesthesia", track: "qp", value: qp))
            }
        }
        return rows
    }

    /// Calls `body` with the provenance of every row, table by table.
    fileprivate func forEachProvenance(_ body: (ProvenanceRow) -> Void) {
        for index in codes.indices {
            for value in codes[index].relativeValues {
                body(
                    ProvenanceRow(
                        RelativeValue.table, code: value.key.code, modifier: value.key.modifier, source: value.source))
            }
        }
        for index in codes.indices {
            guard let hcpcs = codes[index].hcpcs else { continue }
            for source in [hcpcs.source] + hcpcs.corrections {
                body(ProvenanceRow(CodeEntry.Row.table, code: hcpcs.code, source: source))
            }
        }
        for modifier in modifiers {
            for source in [modifier.source] + modifier.corrections {
                body(ProvenanceRow(ModifierRow.table, modifier: modifier.code.cast(), source: source))
            }
        }
        for locality in localities {
            for source in locality.sources {
                body(ProvenanceRow(Locality.table, locality: locality.key, source: source))
            }
        }
        for cap in oppsCaps {
            body(
                ProvenanceRow(
                    OPPSCap.table, code: cap.key.code, modifier: cap.key.modifier, locality: cap.locality,
                    source: cap.source))
        }
        for limit in drugPaymentLimits {
            body(ProvenanceRow(DrugPaymentLimit.table, code: limit.code, source: limit.source))
        }
        for product in drugProducts {
            body(ProvenanceRow(DrugProduct.table, code: product.code, ndc: product.ndc, source: product.source))
        }
        for index in codes.indices {
            guard let editorial = codes[index].editorial, editorial.review != nil,
                let source = editorial.sources.first
            else { continue }
            body(ProvenanceRow(EditorialRow.table, code: codes[index].code, source: source))
        }
    }
}

extension RenderedCells {
    /// Appends a row as RFC 4180: comma, LF, quotes only where they are needed, nothing for `null`.
    func appendCSV(row: Int, to bytes: inout [UInt8]) {
        for column in 0..<columnCount {
            if column > 0 { bytes.append(UInt8(ascii: ",")) }
            let (kind, text) = self[row, column]
            guard kind == .text || kind == .list, text.contains(where: \.needsQuotes) else {
                bytes.append(contentsOf: text)
                continue
            }
            bytes.append(UInt8(ascii: "\""))
            for byte in text {
                if byte == UInt8(ascii: "\"") { bytes.append(byte) }
                bytes.append(byte)
            }
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: "\n"))
    }
}

extension UInt8 {
    /// Whether a CSV field that has this byte needs quotes.
    fileprivate var needsQuotes: Bool {
        self == UInt8(ascii: ",") || self == UInt8(ascii: "\"") || self == 0x0A || self == 0x0D
    }
}
