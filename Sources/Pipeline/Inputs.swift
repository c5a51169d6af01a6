import Acquire
import Digest
import Model
import Overlay
import Parallel
import Parse
import Schemas

/// The tables of a release in all their forms, with the ledger of inputs.
struct Parsed {
    var tables: [RawTable] = []
    var inputs: [Input]
    var diagnostics = Diagnostics()
}

/// Recognises and reads the documents, side by side, and keeps book of them in their order.
func parseAll(
    _ unpacked: Unpacked, entry: ReleaseCatalogue.Entry, schemas: Schemas
) throws(IngestError) -> Parsed {
    let documents = unpacked.documents
    // A workbook's XML is many times its size.
    let results = inParallel(documents, largestFirst: \.work) { read($0, entry: entry, schemas: schemas) }

    var parsed = Parsed(inputs: unpacked.inputs)
    var byDigest: [String: String] = [:]
    for index in documents.indices {
        var (input, raw) = try results[index].get()
        if let raw, let first = byDigest.updateValue(raw.file, forKey: input.sha256) {
            input = Input(
                path: input.path, bytes: input.bytes, sha256: input.sha256, role: .ignored,
                remark: "the same file as \(first)")
        } else if let raw {
            if raw.table != .hcpcsCorrections { try refuseTwice(raw, parsed.tables) }
            if raw.table == .hcpcs, let remark = otherQuarter(documents[index].name, release: entry.release) {
                parsed.diagnostics.add(
                    Diagnostic(
                        .warning, "hcpcs_quarter", at: Place(raw.file), remark,
                        hint: "Use the HCPCS file of the release's own quarter where there is one."))
            }
            if let remark = otherQuarter(raw, release: entry.release) {
                parsed.diagnostics.add(
                    Diagnostic(
                        .warning, "asp_quarter", at: Place(raw.file), remark,
                        hint: "Use the ASP files of the release's own quarter."))
            }
            parsed.tables.append(raw)
        }
        parsed.inputs.append(input)
    }
    for index in parsed.inputs.indices {
        let name = parsed.inputs[index].path
        if parsed.inputs[index].role == .ignored, isNamedLikeCorrections(name, schemas: schemas) {
            parsed.diagnostics.add(
                Diagnostic(
                    .warning, "corrections_unread", at: Place(name),
                    "it is named like a HCPCS correction file and is not read: \(parsed.inputs[index].remark ?? "")",
                    hint: "Look into it; corrections are read from XLSX and CSV with a code and an action in each row."
                ))
        }
        guard let table = parsed.inputs[index].table, let form = parsed.inputs[index].form,
            table != .hcpcsCorrections
        else { continue }
        if parsed.tables.contains(where: { $0.table == table && $0.form < form }) {
            parsed.inputs[index].role = .witness
        }
    }
    return parsed
}

extension SourceDocument {
    /// How much there is to read, roughly.
    fileprivate var work: Int { fileExtension == "xlsx" ? size * 8 : size }
}

/// Reads one document; no table for one that is ignored, with the reason in its entry.
private func read(
    _ document: SourceDocument, entry: ReleaseCatalogue.Entry, schemas: Schemas
) -> Result<(Input, RawTable?), IngestError> {
    do throws(IngestError) {
        let bytes = try document.load()
        var input = Input(path: document.path, bytes: bytes.count, sha256: Digest.hex(bytes), role: .ignored)
        var raw: RawTable?
        if document.fileExtension == "xlsx" {
            raw = try readWorkbook(bytes, document, entry: entry, schemas: schemas, &input)
        } else {
            switch try recognise(bytes, of: document, schemas: schemas) {
            case .other(let reason): input.remark = reason
            case .table(let table, .txt) where !schemas.knowsText(table, year: entry.release.year):
                input.remark = "the fixed-width layout of \(table.name) in \(entry.release.year) is not known"
            case .table(let table, let form):
                try checkName(document, release: entry.release, table: table)
                raw = try parse(
                    bytes, table: table, form: form, path: document.path, release: entry.release, schemas: schemas)
            }
        }
        if var table = raw {
            if table.table == .pprrvu { table.table = try qppOrNot(table, document) }
            input.role = table.table == .hcpcsCorrections ? .correction : .primary
            input.table = table.table
            input.form = table.form
            input.rows = table.rowCount
            raw = table
        }
        return .success((input, raw))
    } catch {
        return .failure(error)
    }
}

private func refuseTwice(_ raw: RawTable, _ tables: [RawTable]) throws(IngestError) {
    guard let other = tables.first(where: { $0.table == raw.table && $0.form == raw.form }) else { return }
    throw IngestError(
        .badData, "table_twice", at: Place(raw.file),
        "this is the \(raw.table.name) \(raw.form.rawValue), and so is \(other.file), with other content",
        hint: "Name only one of them.")
}

/// PRIC IND tells the two PPRRVU files of a release apart; their names must agree with it.
private func qppOrNot(_ raw: RawTable, _ document: SourceDocument) throws(IngestError) -> SourceTable {
    guard let column = raw.column("pricing_indicator"), raw.rowCount > 0 else { return .pprrvu }
    let isQPP = raw[0, column].elementsEqual([UInt8(ascii: "1")])
    let name = document.name.lowercased().filter { $0 != "_" && $0 != "-" }
    // "nonqpp" contains "qpp": ask for the longer name first.
    let named: Bool? = name.contains("nonqpp") ? false : name.contains("qpp") ? true : nil
    if let named, named != isQPP {
        throw IngestError(
            .badData, "name_and_content_disagree", at: raw.place(row: 0, column: column),
            "it is named as the \(named ? "QPP" : "nonQPP") file, and its PRIC IND is that of the other",
            hint: "The two files may have been swapped. Give them their own names back.")
    }
    return isQPP ? .pprrvuQPP : .pprrvu
}

/// A member's name often has the release's month, and sometimes it is all that does: the TXT of PPRRVU and
/// both forms of OPPSCAP have no title.
func checkName(_ document: SourceDocument, release: Release, table: SourceTable) throws(IngestError) {
    guard table == .pprrvu || table == .oppscap else { return }
    let words = document.name.uppercased().split { !$0.isLetter }
    guard let month = words.first(where: { HCPCSQuarter.months.contains(String($0)) }),
        month != release.titleMonth.uppercased().prefix(3)
    else { return }
    throw IngestError(
        .badData, "wrong_release", at: Place(document.path),
        "its name says \(month.prefix(1) + month.dropFirst().lowercased()), but \(release.label) is of "
            + "\(release.titleMonth)",
        hint: "Give the file to the release it belongs to, or \(release.label) its own file.")
}

/// HCPCS files are named by year and quarter; one of another quarter is used, and said.
private func otherQuarter(_ name: String, release: Release) -> String? {
    guard let quarter = HCPCSQuarter(fileNamed: name), quarter != HCPCSQuarter(of: release) else { return nil }
    return "the HCPCS file is of \(quarter), the release of \(release.titleMonth) \(release.year): codes added or "
        + "ended in between are missing or stale"
}

/// ASP files say for which quarter they hold; one of another quarter is used, and said.
private func otherQuarter(_ raw: RawTable, release: Release) -> String? {
    guard let quarter = raw.quarter, !quarter.contains(release.effectiveFrom) else { return nil }
    return "the \(raw.table.name) file is of \(quarter), the release of \(release.titleMonth) \(release.year): its "
        + "amounts and products were not in force then"
}

extension OverlayFile {
    /// - Throws: when the file is not UTF-8.
    init(_ file: AcquiredFile) throws(IngestError) {
        let isMarked = file.bytes.starts(with: [0xEF, 0xBB, 0xBF])
        guard let text = String(validating: file.bytes.dropFirst(isMarked ? 3 : 0), as: UTF8.self) else {
            throw IngestError(
                .badData, "overlay_encoding", at: Place(file.name), "the file is not UTF-8",
                hint: "Save it as UTF-8.")
        }
        self.init(path: file.name, text: text)
    }
}
