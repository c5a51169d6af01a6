public import Model

/// Workflow commands that GitHub turns into annotations: what failed, and the overlay lines to fix. GitHub shows ten
/// errors and ten warnings of a step; of more than that the last one counts the rest.
///
/// - Parameters:
///   - overlays: the folder of the overlays as the repository has it.
///   - diagnostics: what a run found in the overlays, with line and column; empty where nothing was run.
public func githubAnnotations(
    _ difference: Difference, _ verdict: Verdict, overlays: String, diagnostics: Diagnostics = Diagnostics()
) -> [String] {
    let title = difference.head.name
    let errors = verdict.findings.filter { $0.state != .waived }.map { finding in
        // The policy that the program carries is no file of the repository.
        let place = verdict.policy == "default" || finding.place.line == nil ? nil : finding.place
        return command("error", place, title, "\(finding.key): \(finding.message)")
    }
    var warnings = difference.editorialWork.filter { $0.state != "unreviewed" && !$0.file.isEmpty }.map { task in
        command(
            "warning", Place(inFolder(overlays, task.file), line: task.line), "\(task.code) is \(task.state)",
            task.state == "stale"
                ? "CMS has reworded \(task.code) since its texts were reviewed against \(task.reviewed). Read the new "
                    + "descriptor and the texts, then move the pin."
                : "CMS has ended \(task.code): take its overlay away, or say what to use instead.")
    }
    for kind in diagnostics.kinds
    where kind.id.hasPrefix("overlay_") && kind.id != "overlay_stale" && kind.id != "overlay_code_ended" {
        warnings += kind.first.map { diagnostic in
            command(
                "warning",
                diagnostic.place.map { Place(inFolder(overlays, $0.file), line: $0.line, column: $0.column) },
                kind.id, diagnostic.message)
        }
    }
    let unreviewed = difference.editorialWork.filter { $0.state == "unreviewed" }
    var notices: [String] = []
    if !unreviewed.isEmpty {
        notices.append(
            command(
                "notice", nil, title,
                "\(unreviewed.count) overlays have no pin to compare with: "
                    + unreviewed.prefix(20).map(\.code).joined(separator: " ") + (unreviewed.count > 20 ? " …" : "")))
    }
    return limited(errors, "error", title) + limited(warnings, "warning", title) + notices
}

private let mostOfAKind = 10

private func limited(_ commands: [String], _ kind: String, _ title: String) -> [String] {
    guard commands.count > mostOfAKind else { return commands }
    let rest = commands.count - mostOfAKind + 1
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
