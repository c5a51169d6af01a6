import Acquire
import Digest
import Model
import Overlay
import Parse
import Schemas
import Unpack

/// The documents of all inputs, with the ledger of what was found.
struct Unpacked {
    var documents: [SourceDocument] = []
    var inputs: [Input] = []
}

/// Opens archives; loose files stand for themselves.
func unpack(_ acquired: Acquired) throws(IngestError) -> Unpacked {
    var unpacked = Unpacked(inputs: acquired.ignored)
    var seen: [String: String] = [:]
    for file in acquired.files {
        if let first = seen[file.sha256] {
            unpacked.inputs.append(
                Input(
                    path: file.name, bytes: file.bytes.count, sha256: file.sha256, role: .ignored,
                    remark: "the same file as \(first)"))
            continue
        }
        seen[file.sha256] = file.name
        let isNamedArchive = file.name.lowercased().hasSuffix(".zip")
        guard isNamedArchive || Archive.isArchive(file.bytes), unreadable(file.name) == nil else {
            if let reason = unreadable(file.name) {
                guard !file.isNamedByUser else {
                    throw IngestError(
                        .badData, "form_unreadable", at: Place(file.name), "this is \(reason)",
                        hint: "Name the CSV or TXT of the same table, or CMS's archive.")
                }
                unpacked.inputs.append(
                    Input(path: file.name, bytes: file.bytes.count, sha256: file.sha256, role: .ignored, remark: reason)
                )
                continue
            }
            unpacked.documents.append(
                SourceDocument(path: file.name, size: file.bytes.count, isNamedByUser: file.isNamedByUser) {
                    () throws(IngestError) in file.bytes
                })
            continue
        }
        let archive = try Archive(file.bytes, name: file.name)
        unpacked.inputs.append(
            Input(path: file.name, bytes: file.bytes.count, sha256: file.sha256, role: .archive))
        for document in archive.documents {
            if let reason = unreadable(document.name)
                ?? (document.fileExtension == "zip" ? "an archive inside the archive" : nil)
            {
                unpacked.inputs.append(
                    Input(path: document.path, bytes: document.size, sha256: "", role: .ignored, remark: reason))
            } else {
                unpacked.documents.append(document)
            }
        }
    }
    return unpacked
}

/// The tables of a release in all their forms, with the ledger of inputs.
struct Parsed {
    var tables: [RawTable] = []
    var inputs: [Input]
    var diagnostics = Diagnostics()
}

/// Recognises each document, reads it, and keeps book of it.
func parseAll(
    _ unpacked: Unpacked, entry: ReleaseCatalogue.Entry, schemas: Schemas
) throws(IngestError) -> Parsed {
    var parsed = Parsed(inputs: unpacked.inputs)
    var byDigest: [String: String] = [:]
    for document in unpacked.documents {
        let bytes = try document.load()
        let sha256 = Digest.hex(bytes)
        var input = Input(path: document.path, bytes: bytes.count, sha256: sha256, role: .ignored)
        switch try recognise(bytes, of: document, schemas: schemas) {
        case .other(let reason):
            input.remark = reason
        case .table(let table, let form) where form == .txt && !schemas.knowsText(table, year: entry.release.year):
            input.remark = "the fixed-width layout of \(table.name) in \(entry.release.year) is not known"
        case .table(let table, let form):
            if let first = byDigest[sha256] {
                input.remark = "the same file as \(first)"
                break
            }
            byDigest[sha256] = document.path
            try checkName(document, release: entry.release, table: table)
            var raw = try parse(
                bytes, table: table, form: form, path: document.path, release: entry.release, schemas: schemas)
            if table == .pprrvu { raw.table = try qppOrNot(raw, document) }
            if let other = parsed.tables.first(where: { $0.table == raw.table && $0.form == form }) {
                throw IngestError(
                    .badData, "table_twice", at: Place(document.path),
                    "this is the \(raw.table.name) \(form.rawValue), and so is \(other.file), with other content",
                    hint: "Name only one of them.")
            }
            if table == .hcpcs, let remark = otherQuarter(document.name, release: entry.release) {
                parsed.diagnostics.add(
                    Diagnostic(
                        .warning, "hcpcs_quarter", at: Place(document.path), remark,
                        hint: "Use the HCPCS file of the release's own quarter where there is one."))
            }
            input.role = .primary
            input.table = raw.table
            input.form = form
            input.rows = raw.rowCount
            parsed.tables.append(raw)
        }
        parsed.inputs.append(input)
    }
    for index in parsed.inputs.indices where parsed.inputs[index].form == .txt {
        let table = parsed.inputs[index].table
        if parsed.tables.contains(where: { $0.table == table && $0.form == .csv }) {
            parsed.inputs[index].role = .witness
        }
    }
    return parsed
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

private let months = ["JAN", "APR", "JUL", "OCT"]

/// A member's name often has the release's month, and sometimes it is all that does: the TXT of PPRRVU and
/// both forms of OPPSCAP have no title.
private func checkName(_ document: SourceDocument, release: Release, table: SourceTable) throws(IngestError) {
    guard table == .pprrvu || table == .oppscap else { return }
    let words = document.name.uppercased().split { !$0.isLetter }
    guard let month = words.compactMap({ word in months.first { word == $0 } }).first,
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
    let upper = name.uppercased()
    let digits = upper.split { !$0.isNumber }.first.map(String.init) ?? ""
    guard let number = Int(digits), digits.count == 2 || digits.count == 4 else { return nil }
    let year = digits.count == 2 ? 2000 + number : number
    let month = months.first { upper.contains("_\($0)_") }
    let expected = release.titleMonth.uppercased().prefix(3)
    guard year != release.year || (month ?? "JAN") != expected else { return nil }
    return "the HCPCS file is of \(month.map { "\($0.prefix(1) + $0.dropFirst().lowercased()) " } ?? "")\(year), the "
        + "release of \(release.titleMonth) \(release.year): codes added or ended in between are missing or stale"
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
