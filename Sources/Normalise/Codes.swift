import Digest
import Model
import Parallel
import Schemas

/// Joins PPRRVU and HCPCS from both sides: every code of either, with the reason where a side is absent.
/// Both are sorted; a code's rows stand together.
func joinCodes(
    rows: [PPRRVURow], hcpcs: [HCPCSRecord]?, schemas: Schemas, diagnostics: inout Diagnostics
) -> [CodeEntry] {
    let records = hcpcs ?? []
    var joined: [CodeEntry] = []
    joined.reserveCapacity(rows.count + records.count / 4)
    var row = 0
    var record = 0
    let digests = inPieces(of: rows.count, from: DescriptorDigests()) { digests, row in
        digests.digest(of: rows[row].descriptor)
    }.outputs
    while row < rows.count || record < records.count {
        let isRow = row < rows.count && (record == records.count || rows[row].value.key.code <= records[record].code)
        let code = isRow ? rows[row].value.key.code : records[record].code
        var entry = CodeEntry(code: code)
        if isRow {
            entry.shortDescriptor = rows[row].descriptor.collapsed
            while row < rows.count, rows[row].value.key.code == code {
                entry.relativeValues.append(rows[row].value)
                entry.relativeValues[entry.relativeValues.count - 1].descriptorDigest = digests[row]
                row += 1
            }
        } else {
            entry.relativeValuesAbsence =
                schemas.classification.isOnFeeSchedule(letter: code[0])
                ? records[record].terminated != nil ? "terminated" : "not_on_fee_schedule"
                : "section_not_on_fee_schedule"
        }
        if record < records.count, records[record].code == code {
            add(records[record], to: &entry, schemas: schemas, &diagnostics)
            record += 1
        } else {
            entry.hcpcsAbsence = hcpcsAbsence(of: code, hasFile: hcpcs != nil)
        }
        entry.section = schemas.classification.section(of: code)
        entry.category = schemas.classification.category(of: code, betos: entry.hcpcs?.betos ?? .blank)
        report(entry, hasHCPCS: hcpcs != nil, &diagnostics)
        joined.append(entry)
    }
    return joined
}

private func add(
    _ record: HCPCSRecord, to entry: inout CodeEntry, schemas: Schemas, _ diagnostics: inout Diagnostics
) {
    if entry.shortDescriptor != record.shortDescriptor, !entry.shortDescriptor.isEmpty {
        diagnostics.add(
            Diagnostic(
                .warning, "short_descriptors_differ", at: Place(record.source.file, line: record.source.line),
                "\(entry.code) is '\(record.shortDescriptor)' here and '\(entry.shortDescriptor)' in PPRRVU; the "
                    + "HCPCS file's text is published"))
    }
    entry.shortDescriptor = record.shortDescriptor
    entry.longDescriptor = record.longDescriptor.isEmpty ? nil : record.longDescriptor
    if entry.code[0] == UInt8(ascii: "J") || record.pricing.contains("51") {
        entry.route = schemas.classification.route(descriptor: record.longDescriptor)
    }
    entry.hcpcs = record
}

/// Why a code of PPRRVU is not in the HCPCS file.
private func hcpcsAbsence(of code: Code, hasFile: Bool) -> String {
    switch code.system {
    case .cpt: "cpt"
    case .cdt: "cdt"
    case .hcpcs: !code.hasAssignedShape ? "placeholder" : hasFile ? "not_in_hcpcs_file" : "no_hcpcs_file"
    }
}

private func report(_ entry: CodeEntry, hasHCPCS: Bool, _ diagnostics: inout Diagnostics) {
    let source = entry.relativeValues.first?.source ?? entry.hcpcs?.source
    let place = source.map { Place($0.file, line: $0.line) }
    if entry.code.hasAssignedShape, entry.section == nil || entry.category == nil {
        diagnostics.add(
            Diagnostic(
                .warning, "code_uncategorised", at: place,
                "\(entry.code) lies in no range of Schemas/values/code-ranges.csv",
                hint: "A new series of codes: add its range."))
    }
    if entry.hcpcsAbsence == "not_in_hcpcs_file" {
        diagnostics.add(
            Diagnostic(
                .warning, "hcpcs_absent", at: place, "\(entry.code) is in PPRRVU and not in the HCPCS file",
                hint: "The HCPCS file may be older than the release."))
    }
}

/// Neighbouring rows are of one code and mostly repeat its descriptor.
private struct DescriptorDigests: Sendable {
    private var last: (text: String, digest: DescriptorDigest)?

    mutating func digest(of text: String) -> DescriptorDigest? {
        guard !text.isEmpty else { return nil }
        if let last, last.text == text { return last.digest }
        let digest = DescriptorDigest(whole: digest(of: Array(text.utf8)), words: digest(of: words(of: text)))
        last = (text, digest)
        return digest
    }

    private func digest(of bytes: [UInt8]) -> UInt64 {
        var digest = Digest()
        digest.update(bytes)
        return digest.prefix48()
    }

    /// Letters and digits in lower case, a blank between words.
    private func words(of text: String) -> [UInt8] {
        var words: [UInt8] = []
        words.reserveCapacity(text.utf8.count)
        var isBetween = false
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x61...0x7A, 0x80...0xFF:
                if isBetween, !words.isEmpty { words.append(0x20) }
                words.append(byte)
                isBetween = false
            case 0x41...0x5A:
                if isBetween, !words.isEmpty { words.append(0x20) }
                words.append(byte | 0x20)
                isBetween = false
            default: isBetween = true
            }
        }
        return words
    }
}
