import Model
import Schemas

/// Every emitted table with a way to walk its rows, in the order in which they are written.
struct DatasetTable {
    let name: String
    let columns: [String]
    /// Calls its argument with the cells of each row.
    let forEachRow: ((_ cells: [Cell]) throws -> Void) throws -> Void

    private init<Row: TableRow>(_ rows: some Sequence<Row>) {
        name = Row.table
        columns = Row.columns
        forEachRow = { body in for row in rows { try body(row.cells) } }
    }

    static func all(of dataset: Dataset) -> [DatasetTable] {
        let canonical = dataset.canonical
        let codes = canonical.codes
        let reviewed = codes.lazy.filter { $0.editorial?.review != nil }
        return [
            DatasetTable(codes.lazy.map { CodeEntry.Row($0, tier: dataset.tier) }),
            DatasetTable(codes.lazy.flatMap(\.relativeValues)),
            DatasetTable(canonical.modifiers.lazy.map(ModifierRow.init)),
            DatasetTable(canonical.localities),
            DatasetTable(canonical.oppsCaps),
            DatasetTable(canonical.conversionFactorRows),
            DatasetTable(reviewed.map { EditorialRow(code: $0.code, editorial: $0.editorial ?? Editorial()) }),
            DatasetTable(reviewed.flatMap(\.editorialItems)),
            DatasetTable(reviewed.flatMap(\.ownQuestions)),
            DatasetTable(canonical.categoryTexts),
            DatasetTable(canonical.provenance),
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

    fileprivate var provenance: [ProvenanceRow] {
        var rows: [ProvenanceRow] = []
        rows.reserveCapacity(relativeValueCount + codes.count + oppsCaps.count + 400)
        for entry in codes {
            for value in entry.relativeValues {
                rows.append(
                    ProvenanceRow(
                        RelativeValue.table, code: value.key.code, modifier: value.key.modifier, source: value.source))
            }
        }
        for entry in codes {
            if let hcpcs = entry.hcpcs { rows.append(.init("codes", code: entry.code, source: hcpcs.source)) }
        }
        for modifier in modifiers {
            rows.append(.init(ModifierRow.table, modifier: modifier.code.cast(), source: modifier.source))
        }
        for locality in localities {
            for source in locality.sources {
                rows.append(.init(Locality.table, locality: locality.key, source: source))
            }
        }
        for cap in oppsCaps {
            rows.append(
                .init(
                    OPPSCap.table, code: cap.key.code, modifier: cap.key.modifier, locality: cap.locality,
                    source: cap.source))
        }
        for entry in codes {
            if let editorial = entry.editorial, editorial.review != nil, let source = editorial.sources.first {
                rows.append(.init(EditorialRow.table, code: entry.code, source: source))
            }
        }
        return rows
    }
}

/// Writes a row as RFC 4180: comma, LF, quotes only where they are needed, nothing for `null`.
func appendCSV(_ cells: [Cell], to bytes: inout [UInt8]) {
    for (index, cell) in cells.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        switch cell {
        case .null: break
        case .text(let text): appendCSV(text, to: &bytes)
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        case .flag(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .decimal(let units, let places): appendDecimal(units, places: places, to: &bytes)
        case .list(let items): appendCSV(items.joined(separator: ";"), to: &bytes)
        }
    }
    bytes.append(UInt8(ascii: "\n"))
}

private func appendCSV(_ text: String, to bytes: inout [UInt8]) {
    let needsQuotes = text.utf8.contains {
        $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D
    }
    guard needsQuotes else {
        bytes.append(contentsOf: text.utf8)
        return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
        if byte == UInt8(ascii: "\"") { bytes.append(byte) }
        bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
}
