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
    let listings = listings(of: rows, and: records)
    let (entries, findings) = inPieces(of: listings.count, from: Diagnostics()) { diagnostics, index in
        let listing = listings[index]
        return entry(
            of: rows[listing.rows], listing.record.map { records[$0] }, hasHCPCS: hcpcs != nil, schemas: schemas,
            &diagnostics)
    }
    for finding in findings { diagnostics.add(finding) }
    return entries
}

/// Where a code stands: its rows in PPRRVU, none or more, and its HCPCS record.
private struct Listing: Sendable {
    var rows: Range<Int>
    var record: Int?
}

/// Every code that is listed anywhere, in order.
private func listings(of rows: [PPRRVURow], and records: [HCPCSRecord]) -> [Listing] {
    var listings: [Listing] = []
    listings.reserveCapacity(rows.count + records.count / 4)
    var row = 0
    var record = 0
    while row < rows.count || record < records.count {
        let first = row
        let isRow = row < rows.count && (record == records.count || rows[row].value.key.code <= records[record].code)
        let code = isRow ? rows[row].value.key.code : records[record].code
        while row < rows.count, rows[row].value.key.code == code { row += 1 }
        let isRecord = record < records.count && records[record].code == code
        listings.append(Listing(rows: first..<row, record: isRecord ? record : nil))
        if isRecord { record += 1 }
    }
    return listings
}

private func entry(
    of rows: ArraySlice<PPRRVURow>, _ record: HCPCSRecord?, hasHCPCS: Bool, schemas: Schemas,
    _ diagnostics: inout Diagnostics
) -> CodeEntry {
    guard let code = rows.first?.value.key.code ?? record?.code else {
        preconditionFailure("a code is listed in one of both")
    }
    var entry = CodeEntry(code: code)
    if let first = rows.first {
        entry.shortDescriptor = first.descriptor.collapsed
        var digests = DescriptorDigests()
        entry.relativeValues = rows.map { row in
            var value = row.value
            value.unpriced = schemas.statuses.unpricedReason(status: value.status, isValued: value.isValued)
            value.descriptorDigest = digests.digest(of: row.descriptor)
            return value
        }
    } else {
        entry.relativeValuesAbsence =
            schemas.classification.isOnFeeSchedule(letter: code[0])
            ? record?.terminated != nil ? "terminated" : "not_on_fee_schedule"
            : "section_not_on_fee_schedule"
    }
    let hcpcsAbsence = record == nil ? hcpcsAbsence(of: code, hasFile: hasHCPCS) : nil
    entry.hcpcsAbsence = hcpcsAbsence
    if let record { add(record, to: &entry, schemas: schemas, &diagnostics) }
    let section = schemas.classification.section(of: code)
    let category = schemas.classification.category(of: code, betos: record?.betos ?? .blank)
    (entry.section, entry.category) = (section, category)
    // Asked of what the entry is made of: what is asked of the entry itself would be asked of a copy.
    let source = rows.first?.value.source ?? record?.source
    if code.hasAssignedShape, section == nil || category == nil { diagnostics.add(uncategorised(code, at: source)) }
    if hcpcsAbsence == "not_in_hcpcs_file" { diagnostics.add(absentFromHCPCS(code, at: source)) }
    return entry
}

private func add(
    _ record: HCPCSRecord, to entry: inout CodeEntry, schemas: Schemas, _ diagnostics: inout Diagnostics
) {
    if entry.shortDescriptor != record.shortDescriptor, !entry.shortDescriptor.isEmpty {
        diagnostics.add(
            Diagnostic(
                .warning, "short_descriptors_differ", at: record.source.place,
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

private func uncategorised(_ code: Code, at source: Source?) -> Diagnostic {
    Diagnostic(
        .warning, "code_uncategorised", at: source?.place,
        "\(code) lies in no range of Schemas/values/code-ranges.csv", hint: "A new series of codes: add its range.")
}

private func absentFromHCPCS(_ code: Code, at source: Source?) -> Diagnostic {
    Diagnostic(
        .warning, "hcpcs_absent", at: source?.place,
        "\(code) is in PPRRVU and not in the HCPCS file", hint: "The HCPCS file may be older than the release.")
}

/// Rows of one code mostly repeat its descriptor.
private struct DescriptorDigests {
    private var last: (text: String, digest: DescriptorDigest)?

    mutating func digest(of text: String) -> DescriptorDigest? {
        guard !text.isEmpty else { return nil }
        if let last, last.text == text { return last.digest }
        var contiguous = text
        let both = contiguous.withUTF8 { bytes in
            DescriptorDigest(whole: digest(of: UnsafeRawBufferPointer(bytes)), words: digestOfWords(bytes))
        }
        last = (text, both)
        return both
    }

    private func digest(of bytes: UnsafeRawBufferPointer) -> UInt64 {
        var digest = Digest()
        digest.update(bytes)
        return digest.prefix48()
    }

    /// Of letters and digits in lower case, a blank between words.
    private func digestOfWords(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        // A blank stands where something else stood, so that the words are no longer than the text.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text.count) { words in
            var count = 0
            var isBetween = false
            for byte in text {
                let isCapital = (0x41...0x5A).contains(byte)
                guard isCapital || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte >= 0x80 else {
                    isBetween = true
                    continue
                }
                if isBetween, count > 0 {
                    words[count] = 0x20
                    count += 1
                }
                isBetween = false
                words[count] = isCapital ? byte | 0x20 : byte
                count += 1
            }
            return digest(of: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(words)[..<count]))
        }
    }
}
