import Model
import Schemas

extension HCPCSFile {
    /// Applies correction files, the oldest first, line by line; a later line goes before an earlier one.
    /// - Returns: what became of every line, and what a reader should know of the files.
    mutating func apply(_ files: [RawTable], schemas: Schemas) -> ([Correction], Diagnostics) {
        var corrections: [Correction] = []
        var notes = Diagnostics()
        let own = HCPCSQuarter(fileNamed: raw.file)
        for file in files.sorted(by: { Issue($0.file) < Issue($1.file) }) {
            if let own, let other = HCPCSQuarter(fileNamed: file.file), !own.mayHaveCorrections(of: other) {
                notes.add(
                    Diagnostic(
                        .warning, "corrections_of_other_quarter", at: Place(file.file),
                        "its \(file.rowCount) corrections are of \(other), the HCPCS file is of \(own): none is applied",
                        hint: "Give corrections together with the HCPCS file that they correct."))
                continue
            }
            if !file.unread.isEmpty {
                notes.add(
                    Diagnostic(
                        .warning, "correction_columns_unread", at: Place(file.file),
                        "its columns \(file.unread.joined(separator: ", ")) are not read",
                        hint: "If they hold values, add their labels to Schemas/layouts/hcpcs_corrections.csv."))
            }
            let isOlder = Issue(file.file).isIncluded(in: Issue(raw.file))
            for row in 0..<file.rowCount {
                corrections.append(isOlder ? compare(file, row, schemas) : apply(file, row, schemas))
            }
        }
        let unapplied = corrections.filter { $0.outcome == .notApplied }
        for correction in unapplied {
            notes.add(
                Diagnostic(
                    .warning, "correction_not_applied", at: correction.place,
                    "\(correction.code) '\(correction.action)': \(correction.detail)",
                    hint: "The HCPCS file's own values are published. If they are wrong, tell CMS."))
        }
        return (corrections, notes)
    }

    /// What a line says of a HCPCS file that came out after it, and that should have it already.
    private func compare(_ file: RawTable, _ row: Int, _ schemas: Schemas) -> Correction {
        var copy = self
        let correction = copy.apply(file, row, schemas)
        guard correction.outcome == .applied else { return correction }
        return Correction(
            code: correction.code, action: correction.action, outcome: .notApplied,
            detail: "the HCPCS file is a later version and says otherwise: \(correction.detail)",
            place: correction.place)
    }

    private mutating func apply(_ file: RawTable, _ row: Int, _ schemas: Schemas) -> Correction {
        func text(_ field: String) -> String {
            file.column(field).map { String(decoding: file[row, $0], as: UTF8.self).collapsed } ?? ""
        }
        let place = file.place(row: row, column: nil)
        let action = text("action")
        func outcome(_ outcome: Correction.Outcome, _ detail: String) -> Correction {
            Correction(code: text("code"), action: action, outcome: outcome, detail: detail, place: place)
        }

        guard let code = Code(text("code").uppercased().utf8),
            code.system == .hcpcs, code.count == 2 || code.hasAssignedShape
        else { return outcome(.notApplied, "this is no Level II code or modifier") }
        guard let effect = schemas.correctionEffect(action) else {
            return outcome(.notApplied, "Schemas/values/correction-actions.csv knows no such action")
        }
        let isModifier = code.count == 2
        let index = (isModifier ? modifiers : codes).firstIndex { $0.code == code }

        if effect == .remove {
            guard let index else { return outcome(.alreadySo, "it is not in the file") }
            if isModifier { modifiers.remove(at: index) } else { codes.remove(at: index) }
            return outcome(.applied, "removed")
        }
        guard index != nil || effect == .add else { return outcome(.notApplied, "it is not in the file") }
        var record =
            index.map { (isModifier ? modifiers : codes)[$0] }
            ?? HCPCSRecord(code: code, isModifier: isModifier, source: Source(file: file.file, line: place.line ?? 0))
        let before = record
        let unreadable = record.take(file, text: text)
        let remarks = unreadable.map { "\($0) cannot be read and stays" }
        if let index {
            let changes = Witness.cellDifferences(ModifierRow(before), ModifierRow(record)).map { difference in
                difference.field.hasSuffix("_descriptor")
                    ? "\(difference.field) reworded"
                    : "\(difference.field) \(difference.primary) → \(difference.witness)"
            }
            if changes.isEmpty {
                return remarks.isEmpty
                    ? outcome(.alreadySo, "the file has these values")
                    : outcome(.notApplied, remarks.joined(separator: "; "))
            }
            record.corrections.append(Source(file: file.file, line: place.line ?? 0))
            if isModifier { modifiers[index] = record } else { codes[index] = record }
            return outcome(.applied, (changes + remarks).joined(separator: "; "))
        }
        guard !record.longDescriptor.isEmpty, !record.shortDescriptor.isEmpty else {
            return outcome(.notApplied, "a code to be added needs its descriptions")
        }
        record.action = Indicator("A") ?? .blank
        record.added = record.added ?? record.actionEffective
        if isModifier { modifiers.append(record) } else { codes.append(record) }
        codes.sort { $0.code < $1.code }
        modifiers.sort { $0.code < $1.code }
        return outcome(.applied, (["added"] + remarks).joined(separator: "; "))
    }
}

extension HCPCSRecord {
    /// Takes the values that a correction gives; an empty cell gives none.
    /// - Returns: the fields whose values cannot be read, with what is there.
    fileprivate mutating func take(_ file: RawTable, text: (String) -> String) -> [String] {
        var unreadable: [String] = []
        func indicator(_ field: String, _ old: Indicator) -> Indicator {
            let value = text(field)
            if value.isEmpty { return old }
            if let new = Indicator(value.utf8), value.utf8.count <= 4 { return new }
            unreadable.append("\(field) '\(value)'")
            return old
        }
        func day(_ field: String, _ old: CalendarDate?) -> CalendarDate? {
            let value = text(field)
            if value.isEmpty { return old }
            let new = CalendarDate(compact: value.utf8) ?? CalendarDate(american: value) ?? CalendarDate(iso: value)
            if new == nil { unreadable.append("\(field) '\(value)'") }
            return new ?? old
        }
        func list(_ field: String, width: Int, _ old: [String]) -> [String] {
            let value = text(field)
            let items = value.split { !$0.isLetter && !$0.isNumber }.map { item in
                // A cell that is a number has no zeros in front.
                String(repeating: "0", count: max(0, width - item.utf8.count)) + item
            }
            if items.isEmpty { return old }
            if items.allSatisfy({ $0.utf8.count == width }) { return items }
            unreadable.append("\(field) '\(value)'")
            return old
        }
        if !text("long_descriptor").isEmpty { longDescriptor = text("long_descriptor") }
        if !text("short_descriptor").isEmpty { shortDescriptor = text("short_descriptor") }
        pricing = list("pricing", width: 2, pricing)
        typesOfService = list("types_of_service", width: 1, typesOfService)
        multiplePricing = indicator("multiple_pricing", multiplePricing)
        coverage = indicator("coverage", coverage)
        betos = indicator("betos", betos)
        added = day("added", added)
        actionEffective = day("action_effective", actionEffective)
        terminated = day("terminated", terminated)
        return unreadable
    }
}

/// When a correction file came out, as its name says: the quarter, then the version (`V2`, `v10`), then the day
/// (`06172026`), then the name itself.
private struct Issue: Comparable {
    private let quarter: HCPCSQuarter?
    private let version: Int?
    private let day: Int
    private let name: String

    init(_ path: String) {
        name = (path.split(separator: "/").last ?? "").uppercased()
        quarter = HCPCSQuarter(fileNamed: path)
        let words = name.split { !$0.isLetter && !$0.isNumber }
        version = words.lazy.compactMap { $0.first == "V" ? Int($0.dropFirst()) : nil }.first
        day =
            words.lazy.compactMap { word -> Int? in
                guard word.count == 8, let number = Int(word) else { return nil }
                // CMS writes mmddyyyy.
                return number % 10_000 * 10_000 + number / 10_000
            }.first ?? 0
    }

    /// Whether corrections of this version, or to it, are in the HCPCS file `main`: CMS posts `…_v3` when `v2` is
    /// corrected.
    func isIncluded(in main: Issue) -> Bool {
        guard let version, let later = main.version else { return false }
        return version < later
    }

    static func < (left: Self, right: Self) -> Bool {
        switch (left.quarter, right.quarter) {
        case (let left?, let right?) where left != right: left < right
        case (nil, _?): true
        case (_?, nil): false
        default: (left.version ?? 0, left.day, left.name) < (right.version ?? 0, right.day, right.name)
        }
    }
}
