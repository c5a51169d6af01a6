import Model
import Schemas

/// Every emitted table with a way to walk its rows, in the order in which they are written.
struct DatasetTable {
    let name: String
    let columns: [String]
    /// Calls its argument with the cells of each row.
    let forEachRow: ((_ cells: [Cell]) throws -> Void) throws -> Void

    private init<Row: TableRow>(_ rows: [Row]) {
        self.init(Row.self) { body in for row in rows { try body(row.cells) } }
    }

    private init<Row: TableRow>(
        _ row: Row.Type, _ forEachRow: @escaping (_ body: (_ cells: [Cell]) throws -> Void) throws -> Void
    ) {
        name = Row.table
        columns = Row.columns
        self.forEachRow = forEachRow
    }

    static func all(of dataset: Dataset, schemas: Schemas) -> [DatasetTable] {
        let canonical = dataset.canonical
        let codes = canonical.codes
        let reviewed = codes.filter { $0.editorial?.review != nil }
        return [
            // Entries are large: they are read where they lie.
            DatasetTable(CodeEntry.Row.self) { body in
                for index in codes.indices { try body(CodeEntry.Row.cells(of: codes[index], tier: dataset.tier)) }
            },
            DatasetTable(RelativeValue.self) { body in
                for index in codes.indices {
                    for row in codes[index].relativeValues.indices { try body(codes[index].relativeValues[row].cells) }
                }
            },
            DatasetTable(DescriptorDigestRow.self) { body in
                for index in codes.indices {
                    for row in codes[index].relativeValues.indices {
                        guard let digest = codes[index].relativeValues[row].descriptorDigest else { continue }
                        try body(DescriptorDigestRow(key: codes[index].relativeValues[row].key, digest: digest).cells)
                    }
                }
            },
            DatasetTable(canonical.modifiers.map(ModifierRow.init)),
            DatasetTable(canonical.localities),
            DatasetTable(canonical.oppsCaps),
            DatasetTable(canonical.drugPaymentLimits),
            DatasetTable(canonical.drugProducts),
            DatasetTable(canonical.conversionFactorRows),
            DatasetTable(reviewed.map { EditorialRow(code: $0.code, editorial: $0.editorial ?? Editorial()) }),
            DatasetTable(reviewed.flatMap(\.editorialItems)),
            DatasetTable(reviewed.flatMap(\.ownQuestions)),
            DatasetTable(canonical.categoryTexts),
            DatasetTable(schemas.meanings(dataset.tier)),
            DatasetTable(ProvenanceRow.self) { body in try canonical.forEachProvenance { try body($0.cells) } },
        ]
    }
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
    fileprivate func forEachProvenance(_ body: (ProvenanceRow) throws -> Void) rethrows {
        for index in codes.indices {
            for value in codes[index].relativeValues {
                try body(
                    ProvenanceRow(
                        RelativeValue.table, code: value.key.code, modifier: value.key.modifier, source: value.source))
            }
        }
        for index in codes.indices {
            guard let hcpcs = codes[index].hcpcs else { continue }
            for source in [hcpcs.source] + hcpcs.corrections {
                try body(ProvenanceRow(CodeEntry.Row.table, code: hcpcs.code, source: source))
            }
        }
        for modifier in modifiers {
            for source in [modifier.source] + modifier.corrections {
                try body(ProvenanceRow(ModifierRow.table, modifier: modifier.code.cast(), source: source))
            }
        }
        for locality in localities {
            for source in locality.sources {
                try body(ProvenanceRow(Locality.table, locality: locality.key, source: source))
            }
        }
        for cap in oppsCaps {
            try body(
                ProvenanceRow(
                    OPPSCap.table, code: cap.key.code, modifier: cap.key.modifier, locality: cap.locality,
                    source: cap.source))
        }
        for limit in drugPaymentLimits {
            try body(ProvenanceRow(DrugPaymentLimit.table, code: limit.code, source: limit.source))
        }
        for product in drugProducts {
            try body(ProvenanceRow(DrugProduct.table, code: product.code, ndc: product.ndc, source: product.source))
        }
        for index in codes.indices {
            guard let editorial = codes[index].editorial, editorial.review != nil,
                let source = editorial.sources.first
            else { continue }
            try body(ProvenanceRow(EditorialRow.table, code: codes[index].code, source: source))
        }
    }
}

/// Writes a row as RFC 4180: comma, LF, quotes only where they are needed, nothing for `null`.
func appendCSV(_ cells: [Cell], to bytes: inout [UInt8]) {
    for (index, cell) in cells.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        switch cell {
        case .text, .list: appendQuoted(cell, to: &bytes)
        default: cell.append(to: &bytes)
        }
    }
    bytes.append(UInt8(ascii: "\n"))
}

private func appendQuoted(_ cell: Cell, to bytes: inout [UInt8]) {
    let start = bytes.count
    cell.append(to: &bytes)
    let needsQuotes = bytes[start...].contains {
        $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D
    }
    guard needsQuotes else { return }
    let text = Array(bytes[start...])
    bytes.removeSubrange(start...)
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
        if byte == UInt8(ascii: "\"") { bytes.append(byte) }
        bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
}
