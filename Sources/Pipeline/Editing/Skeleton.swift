import Digest
import Foundation
import JSON
public import Model
import Overlay
import Payment
public import Schemas
import Store

/// An overlay that was begun for an editor.
public struct Skeleton: Sendable {
    public let code: String
    /// Where it belongs, as it can be opened.
    public let file: String
    public let text: String
}

extension ReviewedDesk {
    /// The beginnings of overlays: CMS's facts and every key as comments, the code and the pin as values.
    /// - Throws: usage for a code that is unknown or has an overlay; all of them in one error.
    public func skeletons(_ codes: [String], schemas: Schemas) throws(IngestError) -> [Skeleton] {
        var problems = Diagnostics()
        var skeletons: [Skeleton] = []
        for name in codes.map({ $0.uppercased() }) {
            guard let entry = entry(name) else {
                problems.add(
                    Diagnostic(
                        .error, "code_unknown", "'\(name)' is no code of \(canonical.release.label)",
                        hint: nearHint(name)))
                continue
            }
            if entry.editorial?.review != nil, let source = entry.editorial?.sources.first {
                problems.add(
                    Diagnostic(
                        .error, "overlay_exists", at: Place(path(source.file), line: source.line),
                        "\(name) has an overlay already", hint: "Edit it there."))
                continue
            }
            let file = overlays.hasSuffix("/") ? "\(overlays)codes/\(name).yaml" : "\(overlays)/codes/\(name).yaml"
            if FileManager.default.fileExists(atPath: file) {
                problems.add(
                    Diagnostic(
                        .error, "overlay_exists", at: Place(file), "there is such a file already",
                        hint: "Rename it when it is of another code."))
                continue
            }
            let lines = head(entry, schemas) + body(entry)
            skeletons.append(Skeleton(code: name, file: file, text: lines.map { $0 + "\n" }.joined()))
        }
        try problems.stopOnErrors(.usage)
        return skeletons
    }

    private func body(_ entry: CodeEntry) -> [String] {
        let code = entry.code.description
        var lines = ["code: \(code.first?.isNumber == true ? "\"\(code)\"" : code)"]
        lines += Self.keys
        lines += ["review:", "  release: \(canonical.release.label)"]
        if let descriptor = entry.descriptor { lines.append("  descriptor: sha256:\(Digest.hex(descriptor))") }
        return lines
    }

    /// CMS's facts, one a line.
    private func head(_ entry: CodeEntry, _ schemas: Schemas) -> [String] {
        var facts: [(String, String)] = []
        func add(_ name: String, _ text: String?) {
            if let text, !text.isEmpty { facts.append((name, text)) }
        }
        if Tier.public.shows(entry.system) {
            add("descriptor", entry.longDescriptor)
            add("short descriptor", entry.shortDescriptor)
        } else {
            let owner = entry.system == .cdt ? "ADA" : "AMA"
            let place = entry.relativeValues.first.map { "; \($0.source.file), line \($0.source.line), has it" }
            add("descriptor", "the \(owner)'s, not repeated here\(place ?? "")")
        }
        add("suggested title", entry.suggestedTitle.map { "\($0.text) (from the \($0.origin.name))" })
        add("section", entry.section.map { "\($0.id), \($0.name)" })
        add("category", entry.category.map { "\($0.id), \($0.name)" })
        add("route", entry.route)
        for row in entry.relativeValues {
            let name = row.key.modifier.isBlank ? "fee schedule" : "with modifier \(row.key.modifier)"
            add(name, values(row, schemas))
        }
        if entry.relativeValues.isEmpty {
            add("fee schedule", "not on it (\((entry.relativeValuesAbsence ?? "").replacing("_", with: " ")))")
        }
        if let record = entry.hcpcs {
            add("coverage", schemas.hcpcsValues.meaning("coverage", record.coverage))
            add("added", record.added?.description)
            add("ended", record.terminated?.description)
            add("use instead", record.crossReferences.joined(separator: ", "))
        }
        if let drug = entry.drug {
            add("drug price", drug.price)
            add("brand names", drug.brandNames.joined(separator: ", "))
        }
        let width = facts.map(\.0.count).max() ?? 0
        return ["# What CMS says of \(entry.code) in \(canonical.release.label):"]
            + facts.flatMap { name, text in
                wrapped(text, first: "#   \(name)" + String(repeating: " ", count: width - name.count + 2))
            } + ["# Fill in what you know, take the rest away; no key but the code is needed."]
    }

    private func values(_ row: RelativeValue, _ schemas: Schemas) -> String {
        let meaning = schemas.statuses[row.status]?.meaning ?? "no status of CMS's that is known"
        var text = "status \(row.status): \(meaning)"
        guard row.isPriced else { return text }
        text += " Work \(row.work), total \(row.totalNonfacility) outside facilities"
        if row.isNonfacilityNA { text += " (NA)" }
        text += " and \(row.totalFacility) in them"
        if row.isFacilityNA { text += " (NA)" }
        let outside = nationalPayment(row, .nonfacility)
        return text + "; nationally $\(outside) and $\(nationalPayment(row, .facility))."
    }

    func nationalPayment(_ row: RelativeValue, _ setting: Setting) -> Money {
        Fee.amount(
            work: row.work, pe: setting == .nonfacility ? row.peNonfacility : row.peFacility, mp: row.mp,
            GPCIs.national, canonical.conversionFactors.nonQP)
    }

    /// Every key of the schema that an editor fills in, with its description, as comments.
    private static let keys: [String] = {
        guard let bytes = Schemas.file("overlay.schema.json"), let schema = try? JSONValue(bytes) else { return [] }
        return (schema["properties"]?.members ?? []).flatMap { member -> [String] in
            let (key, value) = (member.key, member.value)
            guard !["code", "review", "lint"].contains(key) else { return [] }
            let description = value["description"]?.string ?? ""
            let items = value["items"]
            guard let items else {
                return value["type"]?.string == "string"
                    ? ["# \(key): >-"] + wrapped(description, first: "#   ") : []
            }
            guard let members = items["properties"]?.members else {
                return ["# \(key):", "#   - >-"] + wrapped(description, first: "#     ")
            }
            return ["# \(key):  # \(description)"]
                + members.enumerated().map { index, member -> String in
                    let text = member.value["description"]?.string ?? "…"
                    return "#   \(index == 0 ? "-" : " ") \(member.key): \"\(text.replacing("\"", with: "'"))\""
                }
        }
    }()
}

extension SuggestedTitle.Origin {
    fileprivate var name: String { rawValue.replacing("_", with: " ") }
}

extension DrugFacts {
    /// `$389.829 per 354 MG in 2026Q1`; `nil` without a payment limit.
    var price: String? {
        guard let paymentLimit, let limit = paymentLimit.limit else { return nil }
        return "$\(limit) per \(paymentLimit.dosage ?? "unit") in \(paymentLimit.quarter)"
    }
}

/// A comment on lines of at most 106 characters; the later ones stand below the first one's text.
private func wrapped(_ text: String, first: String) -> [String] {
    text.wrapped(first: first, indent: "#" + String(repeating: " ", count: first.count - 1), width: 106)
}

/// Writes skeletons into their files, whose folder is made when it is not there.
/// - Throws: when a file cannot be written.
public func write(_ skeletons: [Skeleton]) throws(IngestError) {
    for skeleton in skeletons {
        let url = URL(fileURLWithPath: skeleton.file)
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw IngestError(
                .cannotWrite, "cannot_write", at: Place(skeleton.file),
                "the folder cannot be made: \(error.localizedDescription)", hint: "Check its permissions.")
        }
        try replaceFile(url, with: Array(skeleton.text.utf8))
    }
}
