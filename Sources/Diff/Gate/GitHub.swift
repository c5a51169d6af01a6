public import Model

/// Workflow commands that GitHub turns into annotations: what failed, and the overlay lines to fix. GitHub shows ten
/// errors and ten warnings of a step; of more than that the last one counts the rest.
///
/// - Parameters:
///   - overlays: the folder of the overlays as the repository has it.
///   - diagnostics: what a run found, with the overlays' lines and columns; `nil` where nothing was run, and the
///     published state of each overlay has to do.
public func githubAnnotations(
    _ difference: Difference, _ verdict: Verdict, overlays: String, diagnostics: Diagnostics?
) -> [String] {
    let title = difference.head.name
    let errors = verdict.findings.filter { $0.state != .waived }.map { finding in
        // The policy that the program carries is no file of the repository.
        let place = verdict.policy == "default" || finding.place.line == nil ? nil : finding.place
        return command("error", place, title, "\(finding.key): \(finding.message)")
    }
    let warnings = diagnostics.map { overlayWarnings($0, overlays) } ?? overlayWarnings(difference, overlays)
    let unreviewed = difference.editorialWork.filter { $0.state == "unreviewed" }
    var notices: [String] = []
    if !unreviewed.isEmpty {
        notices.append(
            command(
                "notice", nil, title,
                "\(unreviewed.count) overlays have nothing to compare with, no pin or no descriptor: "
                    + unreviewed.prefix(20).map(\.code).joined(separator: " ") + (unreviewed.count > 20 ? " …" : "")))
    }
    let found =
        diagnostics?.kinds.reduce(0) { $1.id.hasPrefix("overlay_") ? $0 + $1.count : $0 } ?? warnings.count
    return limited(errors, "error", title, of: errors.count) + limited(warnings, "warning", title, of: found) + notices
}

/// The same for a run that ended with errors: each where it was found, which for overlays is a line of the repository.
public func githubAnnotations(for error: IngestError, overlays: String) -> [String] {
    let kinds = error.diagnostics.kinds.filter { $0.severity == .error }
    let commands = kinds.flatMap { kind in
        kind.first.map { diagnostic in
            let isOverlay = kind.id.hasPrefix("overlay_")
            let place = diagnostic.place.map { place in
                Place(isOverlay ? inFolder(overlays, place.file) : place.file, line: place.line, column: place.column)
            }
            return command("error", place, words(kind.id), diagnostic.message)
        }
    }
    return limited(commands, "error", "ingest", of: kinds.reduce(0) { $0 + $1.count })
}

/// The same for what the rules for overlays found, errors and warnings apart.
public func githubAnnotations(_ diagnostics: [Diagnostic], overlays: String) -> [String] {
    [Diagnostic.Severity.error, .warning].flatMap { severity in
        let commands = diagnostics.filter { $0.severity == severity }.map { diagnostic in
            let place = diagnostic.place.map {
                Place(inFolder(overlays, $0.file), line: $0.line, column: $0.column)
            }
            return command(severity.rawValue, place, words(diagnostic.id), diagnostic.message)
        }
        return limited(commands, severity.rawValue, "overlays", of: commands.count)
    }
}

/// What a run found in the overlays; of each kind only the first few are kept, the rest is counted.
private func overlayWarnings(_ diagnostics: Diagnostics, _ overlays: String) -> [String] {
    diagnostics.kinds.filter { $0.id.hasPrefix("overlay_") }.flatMap { kind in
        kind.first.map { diagnostic in
            command(
                "warning",
                diagnostic.place.map { Place(inFolder(overlays, $0.file), line: $0.line, column: $0.column) },
                words(kind.id), diagnostic.message)
        }
    }
}

/// The overlays that do not fit what CMS says, as the dataset has them.
private func overlayWarnings(_ difference: Difference, _ overlays: String) -> [String] {
    difference.editorialWork.filter { $0.state != "unreviewed" && !$0.file.isEmpty }.map { task in
        let advice =
            switch task.state {
            case "stale":
                "CMS has reworded \(task.code) since its texts were reviewed against \(task.reviewed). Read the new "
                    + "descriptor and the texts, then move the pin."
            case "reused_suspect":
                "\(task.code) may mean something else than when its texts were reviewed against \(task.reviewed). "
                    + "Read the new descriptor, and write the texts anew if it does."
            default: "CMS has ended \(task.code): take its overlay away, or say what to use instead."
            }
        return command(
            "warning", Place(inFolder(overlays, task.file), line: task.line),
            "\(task.code) is \(words(task.state))", advice)
    }
}

private let mostOfAKind = 10

private func limited(_ commands: [String], _ kind: String, _ title: String, of total: Int) -> [String] {
    guard commands.count > mostOfAKind else { return commands }
    let rest = total - mostOfAKind + 1
    return commands.prefix(mostOfAKind - 1)
        + [command(kind, nil, title, "… and \(rest) more; the step's summary and diff.html list them")]
}

private func inFolder(_ folder: String, _ file: String) -> String {
    if folder.isEmpty || folder.hasSuffix(".yaml") || folder.hasSuffix(".yml") { return folder.isEmpty ? file : folder }
    return folder.hasSuffix("/") ? folder + file : "\(folder)/\(file)"
}

private func command(_ kind: String, _ place: Place?, _ title: String, _ message: String) -> String {
    var properties: [String] = []
    if let place {
        properties.append("file=\(property(place.file))")
        if let line = place.line { properties.append("line=\(line)") }
        if let column = place.column { properties.append("col=\(column)") }
    }
    properties.append("title=\(property(title))")
    return "::\(kind) \(properties.joined(separator: ","))::\(data(message))"
}

/// As GitHub's runner reads it: a line break ends a command.
private func data(_ text: String) -> String {
    text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
}

private func property(_ text: String) -> String {
    data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
}
