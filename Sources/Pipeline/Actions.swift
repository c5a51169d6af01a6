import JSON
import Model
import Store

/// CMS flags each HCPCS code with what has changed since the quarter before. When that quarter is in the store
/// with its own HCPCS file, a flagged code must differ there; our own difference may well hold more.
/// - Returns: `nil` when there is no such quarter to compare with.
func checkActions(_ canonical: Canonical, inputs: [Input], store: Store) throws(IngestError) -> Check? {
    guard !canonical.missing.contains(.hcpcs), let before = try quarterBefore(canonical.release, in: store) else {
        return nil
    }
    let codes = try store.table("codes", of: before)
    let old = Dictionary(codes.map { ($0["code"] ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    guard codes.contains(where: { !($0["action"] ?? "").isEmpty }) else { return nil }
    var check = Check(
        id: "hcpcs_actions", detail: "codes that CMS flags as changed differ from \(before.name)")
    for entry in canonical.codes {
        guard let record = entry.hcpcs, record.action != Indicator("N"), !record.action.isBlank else { continue }
        let differs: Bool =
            if let previous = old[entry.code.description], !(previous["action"] ?? "").isEmpty {
                zip(HCPCSRecord.administrativeColumns, record.administrativeCells).contains { column, cell in
                    column != "action" && column != "action_effective" && cell.text != previous[column] ?? ""
                } || previous["long_descriptor"] != record.longDescriptor
                    || previous["short_descriptor"] != record.shortDescriptor
            } else {
                true
            }
        if differs {
            check.match()
        } else {
            check.fail(
                record.source.place,
                "\(entry.code) has the action code \(record.action), and nothing of it differs from \(before.name)",
                hint: "The HCPCS file may be of another quarter than its name says.")
        }
    }
    return check.checked > 0 ? check : nil
}

/// The newest revision of the release that ends on the day before `release` begins.
private func quarterBefore(_ release: Release, in store: Store) throws(IngestError) -> Revision? {
    for newest in try store.newestRevisions() {
        guard let end = try store.manifest(of: newest)["release"]?["effective"]?["to"]?.string,
            let day = CalendarDate(iso: end), day.isDayBefore(release.effectiveFrom)
        else { continue }
        return newest
    }
    return nil
}

extension CalendarDate {
    fileprivate func isDayBefore(_ other: CalendarDate) -> Bool {
        let next =
            CalendarDate(year: year, month: month, day: day + 1)
            ?? CalendarDate(year: year, month: month + 1, day: 1) ?? CalendarDate(year: year + 1, month: 1, day: 1)
        return next == other
    }
}
