import JSON
import Model

/// How much of a worklist is shown, and how its commands go on.
public struct WorklistForm: Sendable {
    /// Entries of each section; 0 for all.
    public let limit: Int
    /// What every next command ends with: ` --release RVU26B --overlays texts`.
    public let options: String

    public init(limit: Int, options: String) {
        self.limit = limit
        self.options = options
    }

    func command(_ next: String) -> String { "ingest overlay \(next)\(options)" }

    func shown(_ section: Worklist.Section) -> ArraySlice<Worklist.Entry> {
        limit == 0 ? section.entries[...] : section.entries.prefix(limit)
    }

    func rest(_ section: Worklist.Section) -> Int { section.entries.count - shown(section).count }
}

extension Worklist.Task {
    /// What a section is called.
    var heading: String {
        switch self {
        case .reusedSuspect: "May mean something else now"
        case .orphaned: "Codes that have ended"
        case .stale: "Reworded since the review"
        case .unreviewed: "Not reviewed"
        case .noText: "No text yet"
        }
    }
}

extension Editorial.WordsAbsence {
    /// Why no words are shown, for people.
    var sentence: String {
        switch self {
        case .notPublic: "the words are the AMA's or the ADA's and not shown"
        case .releaseNotInStore: "the release of the review is not in the store, so the old words are not known"
        case .textNotInStore: "the store's release has other words than those reviewed, so the old ones are not known"
        }
    }
}

extension Worklist {
    private var summary: String {
        "\(release): "
            + sections.map { "\($0.entries.count) \($0.task.rawValue.replacing("_", with: " "))" }
            .joined(separator: ", ") + ", \(current) current"
    }

    private var comparison: String {
        base.map { "New codes are those that \($0) does not have." }
            ?? "The store has no earlier release, so it is not known which codes are new."
    }

    // MARK: For people

    public func text(_ form: WorklistForm) -> String {
        var lines = [summary, comparison]
        for section in sections where !section.entries.isEmpty {
            lines += ["", "\(section.task.heading) (\(section.entries.count))"]
            if section.task == .noText { lines += sectionCounts.map { "  \($0)" } }
            for entry in form.shown(section) {
                lines.append("  \(entry.code)  \(entry.title ?? "(no title)")")
                lines.append("      \(entry.why)\(entry.place.map { "  \($0)" } ?? "")")
                if let words = entry.words {
                    lines.append("      \(words.marked)")
                } else if let absence = entry.wordsAbsence {
                    lines.append("      \(absence.sentence)")
                }
                for other in entry.useInstead { lines.append("      use \(other.code)  \(other.title ?? "")") }
            }
            if form.rest(section) > 0 {
                lines.append("  … and \(grouped("\(form.rest(section))")) more; --limit 0 for all")
            }
            // The same command for all, with the options of this one.
            if let verb = section.entries.lazy.compactMap({ $0.next?.split(separator: " ").first }).first {
                lines.append("  then: \(form.command("\(verb) CODE"))")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Codes without a text by section, several on a line.
    private var sectionCounts: [String] {
        var lines: [String] = []
        for (index, section) in withoutText.enumerated() {
            let text = "\(section.section.id.isEmpty ? "–" : section.section.id) \(grouped("\(section.count)"))"
            if index % 8 == 0 { lines.append(text) } else { lines[lines.count - 1] += ", " + text }
        }
        return lines
    }

    // MARK: Markdown

    public func markdown(_ form: WorklistForm) -> String {
        var lines = ["# Editors' work for \(release)", "", summary + ".", "", comparison]
        for section in sections where !section.entries.isEmpty {
            lines += ["", "## \(section.task.heading) (\(grouped("\(section.entries.count)")))", ""]
            if section.task == .noText { lines += [sectionCounts.joined(separator: ", "), ""] }
            lines += ["| code | title | why | overlay | next |", "|---|---|---|---|---|"]
            for entry in form.shown(section) {
                var why = escaped(entry.why)
                if let words = entry.words {
                    why += ": " + marked(words)
                } else if let absence = entry.wordsAbsence {
                    why += "; \(absence.sentence)"
                }
                if !entry.useInstead.isEmpty {
                    why +=
                        "; use "
                        + entry.useInstead.map {
                            escaped([$0.code, $0.title].compactMap(\.self).joined(separator: " "))
                        }
                        .joined(separator: ", ")
                }
                let cells = [
                    entry.code, escaped(entry.title ?? ""), why, entry.place.map { "`\($0)`" } ?? "",
                    entry.next.map { "`\(form.command($0).replacing("|", with: "\\|"))`" } ?? "",
                ]
                lines.append("| \(cells.joined(separator: " | ")) |")
            }
            if form.rest(section) > 0 { lines += ["", "… and \(grouped("\(form.rest(section))")) more."] }
        }
        return lines.joined(separator: "\n")
    }

    private func marked(_ words: WordDifference) -> String {
        words.runs.map { run in
            switch run.kind {
            case .same: escaped(run.text)
            case .removed: "~~\(escaped(run.text))~~"
            case .added: "**\(escaped(run.text))**"
            }
        }.joined(separator: " ")
    }

    private func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            if "\\`*_{}[]<>|~#".contains(character) { escaped += "\\" }
            escaped.append(character)
        }
        return escaped
    }

    // MARK: For programs

    public func json(_ form: WorklistForm) -> [UInt8] {
        var json = JSONWriter(indented: true)
        json.object { json in
            json.field("release", release)
            json.field("compared_with", base)
            json.object("counts") { json in
                for section in sections { json.field(named: section.task.rawValue, .integer(section.entries.count)) }
                json.field("current", current)
            }
            json.array("no_text_by_section") { json in
                for section in withoutText {
                    json.line { json in
                        json.field("section", section.section.id)
                        json.field("name", section.section.name)
                        json.field("count", section.count)
                    }
                }
            }
            json.field("limit", form.limit)
            json.array("entries") { json in
                for section in sections { for entry in form.shown(section) { json.line { $0.entry(entry, form) } } }
            }
        }
        return json.bytes + [0x0A]
    }
}

extension JSONWriter {
    fileprivate mutating func entry(_ entry: Worklist.Entry, _ form: WorklistForm) {
        field("code", entry.code)
        field("title", entry.title)
        field("task", entry.task.rawValue)
        field("why", entry.why)
        field("against", entry.against)
        key("changed_words")
        if let words = entry.words {
            array { json in
                for run in words.runs {
                    json.object { json in
                        json.field("kind", run.kind.rawValue)
                        json.field("text", run.text)
                    }
                }
            }
        } else {
            value(.null)
        }
        field("changed_words_absence", entry.wordsAbsence?.rawValue)
        array("use_instead") { json in
            for other in entry.useInstead {
                json.object { json in
                    json.field("code", other.code)
                    json.field("title", other.title)
                }
            }
        }
        field("payment", .decimal(entry.payment))
        field("file", entry.place?.file)
        field("line", entry.place?.line)
        field("next", entry.next.map { form.command($0) })
    }
}
