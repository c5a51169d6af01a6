import FeeSchedule
import Foundation
import JSON
import Model

// The rows of a table as the library reads them: `reread FOLDER TABLE` prints a line of JSON for each, the cells as the CSV tables
// have them. Rows of relative values end with the file and line that they came from. With `checked` every byte is held against
// the manifest first.

guard (3...4).contains(CommandLine.arguments.count) else {
    FileHandle.standardError.write(Data("usage: reread FOLDER TABLE [checked]\n".utf8))
    exit(64)
}

do throws(IngestError) {
    let dataset = try FeeSchedule.Dataset(
        folder: URL(fileURLWithPath: CommandLine.arguments[1]),
        checking: CommandLine.arguments.last == "checked" ? .bytes : .nothing)
    var json = JSONWriter(indented: false)
    for row in try rows(CommandLine.arguments[2], of: dataset) {
        json.value(.list(row.map(\.text)))
        json.endLine()
    }
    FileHandle.standardOutput.write(Data(json.bytes))
} catch {
    FileHandle.standardError.write(Data("\(error.message)\n".utf8))
    exit(error.kind.rawValue)
}

func rows(_ table: String, of dataset: FeeSchedule.Dataset) throws(IngestError) -> [[Cell]] {
    switch table {
    case RelativeValue.table:
        return try dataset.relativeValues().map { $0.cells + [.text($0.source.file), .integer($0.source.line)] }
    case DescriptorDigestRow.table:
        return try dataset.relativeValues().compactMap { row in
            row.descriptorDigest.map { DescriptorDigestRow(key: row.key, digest: $0).cells }
        }
    case "codes": return try dataset.codes().map(cells)
    case ModifierRow.table: return try dataset.modifiers().map { ModifierRow($0).cells }
    case Locality.table: return try dataset.localities().map(\.cells)
    case OPPSCap.table:
        var caps: [[Cell]] = []
        for row in try dataset.relativeValues() {
            caps += try dataset.oppsCaps(of: "\(row.key.code)", modifier: "\(row.key.modifier)").map(\.cells)
        }
        return caps
    case DrugPaymentLimit.table: return try drugs(dataset).compactMap { $0.paymentLimit?.cells }
    case DrugProduct.table: return try drugs(dataset).flatMap { $0.products.map(\.cells) }
    case EditorialRow.table:
        return try editorials(dataset).map { EditorialRow(code: $0.code, editorial: $0.editorial).cells }
    case EditorialItemRow.table:
        return try editorials(dataset).flatMap { code, editorial in
            let items: [(EditorialItemRow.Kind, [String])] = [
                (.synonym, editorial.synonyms), (.plainLanguage, editorial.plainLanguage),
                (.specialty, editorial.specialties),
            ]
            return items.flatMap { kind, texts in
                texts.enumerated().map {
                    EditorialItemRow(code: code, kind: kind, position: $0.offset + 1, text: $0.element).cells
                }
            }
        }
    case QuestionRow.table:
        return try editorials(dataset).flatMap { code, editorial in
            editorial.questions.enumerated().map {
                QuestionRow(code: code, position: $0.offset + 1, question: $0.element).cells
            }
        }
    case ConversionFactorRow.table:
        let factors = dataset.manifest.conversionFactors
        var rows = [ConversionFactorRow(service: "physician", track: "non_qp", value: factors.nonQP).cells]
        if let qp = factors.qp { rows.append(ConversionFactorRow(service: "physician", track: "qp", value: qp).cells) }
        if let factors = dataset.manifest.anesthesiaConversionFactors {
            rows.append(ConversionFactorRow(service: "anesthesia", track: "non_qp", value: factors.nonQP).cells)
            if let qp = factors.qp {
                rows.append(ConversionFactorRow(service: "anesthesia", track: "qp", value: qp).cells)
            }
        }
        return rows
    default:
        throw IngestError(.usage, "table_unknown", "the library has no models of \(table)")
    }
}

/// A code's record in the columns of `tables/codes.csv`.
func cells(_ record: CodeRecord) -> [Cell] {
    let names: [Cell] = [
        .text(record.code), .text(record.system.rawValue), .text(record.section?.id), .text(record.category?.id),
        .text(record.title), .text(record.shortDescriptor), .text(record.longDescriptor),
    ]
    let administrative =
        record.hcpcs?.administrativeCells
        ?? [Cell](repeating: .null, count: HCPCSRecord.administrativeColumns.count)
    return names + administrative + [
        .text(record.section?.name), .text(record.category?.name), .text(record.route),
        .text(record.relativeValuesAbsence), .text(record.hcpcsAbsence), .text(record.titleOrigin?.rawValue),
        .text(record.suggestedTitle?.text), .text(record.suggestedTitle?.origin.rawValue),
    ]
}

func drugs(_ dataset: FeeSchedule.Dataset) throws(IngestError) -> [DrugFacts] {
    var facts: [DrugFacts] = []
    for code in try dataset.drugCodes() { if let drug = try dataset.drug("\(code)") { facts.append(drug) } }
    return facts
}

func editorials(_ dataset: FeeSchedule.Dataset) throws(IngestError) -> [(code: Code, editorial: Editorial)] {
    var texts: [(code: Code, editorial: Editorial)] = []
    for record in try dataset.codes() {
        if let editorial = try dataset.editorial("\(record.code)") { texts.append((record.code, editorial)) }
    }
    return texts
}
