private import CSV
public import Model
public import Schemas

/// What a document turned out to be.
public enum Recognition: Sendable {
    case table(SourceTable, SourceForm)
    /// Not a table that is read, with the reason.
    case other(String)
}

/// Tells which table a document is, by its content first and its name second.
/// - Throws: when name and content speak of different tables, or when a document that is named like a table
///   or was named by the user is none.
public func recognise(
    _ bytes: [UInt8], of document: SourceDocument, schemas: Schemas
) throws(IngestError) -> Recognition {
    let byName = tableByName(document.name, schemas: schemas)
    let lines = firstLines(bytes)
    let cells = lines.map(labels)
    if byName == nil, let other = otherDocument(cells, schemas: schemas) { return .other(other) }
    guard let (byContent, form) = tableByContent(lines, cells, named: byName, schemas: schemas) else {
        if let byName {
            // Its own reader knows best what is wrong with it.
            return .table(byName, document.fileExtension == "csv" ? .csv : .txt)
        }
        _ = document.isNamedByUser ? try SourceText(bytes, path: document.path) : nil
        guard !document.isNamedByUser else {
            throw IngestError(
                .badData, "not_recognised", at: Place(document.path, line: 1),
                "neither its name nor its content is that of a table of CMS's; it begins with "
                    + "'\(beginning(of: bytes))'",
                hint: "Tables are told by PPRRVU, GPCI, ANES, LOCCO, OPPSCAP, ANWEB or ASP in the name, or by "
                    + "their header row.")
        }
        return .other(otherDocument(named: document.name, schemas: schemas) ?? "no table of CMS's that is read")
    }
    if byContent.isASP, byName == nil, let other = otherDocument(named: document.name, schemas: schemas) {
        // CMS lays out the crosswalks of other price lists alike.
        return .other(other)
    }
    try refuseOtherName(document, schemas: schemas, content: byContent)
    return .table(byContent, form)
}

/// The table whose file or workbook has such a name.
public func tableByName(_ name: String, schemas: Schemas) -> SourceTable? {
    let upper = name.uppercased()
    if isNamedLikeCorrections(name, schemas: schemas) { return .hcpcsCorrections }
    guard !schemas.otherDocuments.contains(where: { $0.nameContains.contains(where: upper.contains) }) else {
        return nil
    }
    return recognised.first { schemas.member($0)?.isNamed(upper) ?? false }
}

/// Whether a file has the name of a HCPCS correction file.
public func isNamedLikeCorrections(_ name: String, schemas: Schemas) -> Bool {
    schemas.member(.hcpcsCorrections)?.isNamed(name.uppercased()) ?? false
}

/// What else of CMS's has such a name.
public func otherDocument(named name: String, schemas: Schemas) -> String? {
    let upper = name.uppercased()
    return schemas.otherDocuments.first { $0.nameContains.contains(where: upper.contains) }?.meaning
}

/// What a worksheet is that is known by its header row and holds no table.
public func otherDocument(_ workbook: Workbook, schemas: Schemas) -> String? {
    otherDocument(labels(workbook), schemas: schemas)
}

private func otherDocument(_ labels: [[String]], schemas: Schemas) -> String? {
    schemas.otherDocuments.first { other in
        !other.headerBegins.isEmpty
            && labels.contains { cells in
                // A printed report has no cells: its whole line is one.
                (cells.count >= other.headerBegins.count
                    && zip(cells, other.headerBegins).allSatisfy { $0.hasPrefix($1) })
                    || cells.first?.hasPrefix(other.headerBegins.joined(separator: " ")) == true
            }
    }?.meaning
}

/// Tells which table a worksheet holds by its header row; `nil` for one that is not read.
/// - Throws: when name and content speak of different tables.
public func recognise(
    _ workbook: Workbook, of document: SourceDocument, schemas: Schemas
) throws(IngestError) -> SourceTable? {
    let rows = labels(workbook)
    let byName = tableByName(document.name, schemas: schemas)
    // A workbook of any name may be a maintainer's own work on CMS's tables.
    let candidates = byName == nil && !document.isNamedByUser ? [.hcpcsCorrections] : candidates(byName)
    let byContent = candidates.first { table in
        guard let member = schemas.member(table), !member.csvBegins.isEmpty else { return false }
        return rows.contains { member.fits(header: $0) }
    }
    if let byContent { try refuseOtherName(document, schemas: schemas, content: byContent) }
    return byContent
}

private func refuseOtherName(
    _ document: SourceDocument, schemas: Schemas, content: SourceTable
) throws(IngestError) {
    guard let byName = tableByName(document.name, schemas: schemas), byName != content else { return }
    throw IngestError(
        .badData, "name_and_content_disagree", at: Place(document.path, line: 1),
        "it is named like \(byName.name) and holds \(content.name)",
        hint: "Two files may have been swapped. Give them their own names back.")
}

private func beginning(of bytes: [UInt8]) -> String {
    let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }.prefix(60)
    return String(decoding: line.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
}

/// Corrections come last: an ordinary HCPCS workbook has a column of actions too.
private let recognised: [SourceTable] = [
    .pprrvu, .gpci, .anes, .locco, .oppscap, .hcpcs, .aspCrosswalk, .aspPaymentLimits, .hcpcsCorrections,
]

/// What a document of a name can be by its content. A correction file may have all columns of a HCPCS workbook.
private func candidates(_ byName: SourceTable?) -> [SourceTable] {
    byName == .hcpcsCorrections ? [.hcpcsCorrections] : recognised
}

/// How many lines at the beginning of a file are looked at.
private let sample = 60

private func firstLines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    bytes.split(separator: 0x0A, maxSplits: sample, omittingEmptySubsequences: true).prefix(sample)
        .map { $0.last == 0x0D ? $0.dropLast() : $0 }
}

/// A line's cells as labels are compared, without the byte order mark.
private func labels(_ line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        .map { normalisedLabel($0.drop { $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }) }
}

/// The cells of a sheet's first rows as labels are compared.
private func labels(_ workbook: Workbook) -> [[String]] {
    let rows = workbook.rows
    return (0..<min(rows.count, sample)).map { row in rows.fields(of: row).map { normalisedLabel(rows[field: $0]) } }
}

private func tableByContent(
    _ lines: [ArraySlice<UInt8>], _ labels: [[String]], named byName: SourceTable?, schemas: Schemas
) -> (SourceTable, SourceForm)? {
    let first = lines.first.map { normalisedLabel($0.drop { $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }) } ?? ""
    for table in candidates(byName) {
        guard let member = schemas.member(table) else { continue }
        if !member.csvBegins.isEmpty {
            for cells in labels where cells.count > 1 && member.fits(header: cells) { return (table, .csv) }
        }
        if !member.textBegins.isEmpty, first.hasPrefix(member.textBegins),
            !first.contains(",")
        {
            return (table, .txt)
        }
    }
    // Records without a title: most of the lines must look like them.
    for table in [SourceTable.anes, .oppscap, .hcpcs, .pprrvu] {
        let layout = schemas.layout(table, year: 2025)
        let fitting = lines.count { layout.looksLikeRecord($0) }
        if fitting > 0, fitting * 2 > lines.count { return (table, .txt) }
    }
    return nil
}

extension MemberDefinition {
    /// Whether a file of this name, in capitals, is named like the table.
    func isNamed(_ name: String) -> Bool {
        // CMS writes blanks, hyphens or underscores.
        let spaced = String(name.map { $0 == "_" ? " " : $0 })
        return nameContains.contains(where: spaced.contains)
    }

    /// Whether a row of labels is the header of this table's CSV.
    func fits(header cells: [String]) -> Bool {
        begins(cells) && (csvContains.isEmpty || cells.contains { $0.contains(csvContains) })
    }

    /// Whether the first labels are those of this table.
    func begins(_ cells: [String]) -> Bool {
        cells.count >= csvBegins.count && zip(cells, csvBegins).allSatisfy { $0.hasPrefix($1) }
    }
}

extension Layout {
    /// Whether a line has the shape of this table's TXT record: digits where numbers stand, blanks between.
    fileprivate func looksLikeRecord(_ line: ArraySlice<UInt8>) -> Bool {
        let bytes = Array(line)
        if name == SourceTable.hcpcs.name {
            return bytes.count > 11 && bytes[5..<10].allSatisfy { (0x30...0x39).contains($0) }
                && [0x33, 0x34, 0x37, 0x38].contains(bytes[10])
        }
        guard bytes.count == recordLength, filler.allSatisfy({ bytes[$0 - 1] == 0x20 }) else { return false }
        return fields.allSatisfy { field in
            guard let position = field.position else { return true }
            let value = bytes[(position.lowerBound - 1)..<position.upperBound].drop { $0 == 0x20 }
            switch field.kind {
            case .rvu, .share, .factor, .gpci, .money, .contractor, .locality:
                return value.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") || $0 == 0x20 }
                    && !value.isEmpty
            default: return true
            }
        }
    }
}
