import Model
import Schemas

/// Joins PPRRVU and HCPCS from both sides: every code of either, with the reason where a side is absent.
func joinCodes(
    rows: [PPRRVURow], hcpcs: [HCPCSRecord]?, schemas: Schemas, diagnostics: inout Diagnostics
) -> [CodeEntry] {
    var entries: [CodeEntry] = []
    entries.reserveCapacity(rows.count)
    for row in rows {
        if entries.last?.code == row.value.key.code {
            entries[entries.count - 1].relativeValues.append(row.value)
        } else {
            var entry = CodeEntry(code: row.value.key.code)
            entry.shortDescriptor = row.descriptor.collapsed
            entry.relativeValues = [row.value]
            entries.append(entry)
        }
    }

    var joined: [CodeEntry] = []
    joined.reserveCapacity(entries.count + (hcpcs?.count ?? 0))
    Witness.merge(
        entries.map(Side.pprrvu), (hcpcs ?? []).map(Side.hcpcs), key: \.code
    ) { left, right in
        var entry = left?.entry ?? CodeEntry(code: right?.code ?? .blank)
        let code = entry.code
        if let record = right?.record {
            if left != nil, entry.shortDescriptor != record.shortDescriptor, !entry.shortDescriptor.isEmpty {
                diagnostics.add(
                    Diagnostic(
                        .warning, "short_descriptors_differ",
                        at: Place(record.source.file, line: record.source.line),
                        "\(code) is '\(record.shortDescriptor)' here and '\(entry.shortDescriptor)' in PPRRVU; "
                            + "the HCPCS file's text is published"))
            }
            entry.hcpcs = record
            entry.shortDescriptor = record.shortDescriptor
            entry.longDescriptor = record.longDescriptor.isEmpty ? nil : record.longDescriptor
        }
        if left == nil {
            entry.relativeValuesAbsence =
                schemas.classification.isOnFeeSchedule(letter: code[0])
                ? entry.hcpcs?.terminated != nil ? "terminated" : "not_on_fee_schedule"
                : "section_not_on_fee_schedule"
        }
        if right == nil { entry.hcpcsAbsence = hcpcsAbsence(of: code, hasFile: hcpcs != nil) }
        entry.section = schemas.classification.section(of: code)
        entry.category = schemas.classification.category(of: code, betos: entry.hcpcs?.betos ?? .blank)
        if let record = entry.hcpcs, code[0] == UInt8(ascii: "J") || record.pricing.contains("51") {
            entry.route = schemas.classification.route(descriptor: record.longDescriptor)
        }
        report(entry, hasHCPCS: hcpcs != nil, &diagnostics)
        joined.append(entry)
    }
    return joined
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
    if !entry.code.hasAssignedShape {
        diagnostics.add(
            Diagnostic(
                .warning, "code_shape", at: place,
                "\(entry.code) has none of the shapes that CMS assigns: a placeholder left in the file; it is "
                    + "published as it stands, with hcpcs_absence = placeholder"))
    } else if entry.section == nil || entry.category == nil {
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

/// One side of the join, under its code.
private enum Side {
    case pprrvu(CodeEntry)
    case hcpcs(HCPCSRecord)

    var code: Code {
        switch self {
        case .pprrvu(let entry): entry.code
        case .hcpcs(let record): record.code
        }
    }

    var entry: CodeEntry? { if case .pprrvu(let entry) = self { entry } else { nil } }
    var record: HCPCSRecord? { if case .hcpcs(let record) = self { record } else { nil } }
}
