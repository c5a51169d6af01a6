public import Model
import YAML

/// The text of an overlay file with the pin of `code` moved to `release` and `descriptor` and not a byte changed
/// besides; the overlay gets a pin where it has none.
/// - Parameter descriptor: `sha256:` and the digest; `nil` for a code that has no descriptor.
/// - Throws: bad data where the pin is written in a form that is not edited, such as an alias.
public func movePin(
    of code: String, in file: OverlayFile, to release: String, descriptor: String?
) throws(IngestError) -> String {
    let documents: [YAMLNode]
    do { documents = try readYAML(file.text) } catch {
        throw IngestError(
            .badData, "overlay_yaml", at: Place(file.path, line: error.line, column: error.column), error.message)
    }
    guard
        let index = documents.firstIndex(where: { named($0["code"], code) }), let found = documents[index]["code"]
    else {
        throw IngestError(.badData, "overlay_missing", at: Place(file.path), "there is no overlay of \(code) in it")
    }
    let editor = PinEditor(source: YAMLSource(file.text), release: release, descriptor: descriptor)
    for edited in editor.edits(documents[index]) {
        // Read again, so that no slip of ours reaches an editor's file.
        guard let again = try? readYAML(edited), again.count == documents.count else { continue }
        let isRight = again.indices.allSatisfy { document in
            document == index
                ? editor.isMoved(again[document], from: documents[document]) : again[document].says(documents[document])
        }
        if isRight { return edited }
    }
    throw IngestError(
        .badData, "overlay_pin_form", at: Place(file.path, line: found.line, column: found.column),
        "the pin of \(code) is written in a form that is not edited",
        hint: "Write by hand: review: {release: \(release)\(descriptor.map { ", descriptor: \($0)" } ?? "")}")
}

private func named(_ node: YAMLNode?, _ code: String) -> Bool {
    guard let text = node?.text else { return false }
    return text.filter { !$0.isWhitespace }.uppercased() == code
}

extension YAMLNode {
    fileprivate subscript(key: String) -> YAMLNode? { mapping?[key] }
}

private struct PinEditor {
    let source: YAMLSource
    let release: String
    let descriptor: String?

    /// Ways to write the pin, the most natural first; each is tried until one reads back as meant.
    func edits(_ document: YAMLNode) -> [String] {
        guard let review = document["review"] else { return insertions(document) }
        guard let start = source.offset(of: review), review.mapping != nil else { return [] }
        let isInFlow = source.characters[start] == "{"
        var edits: [(Range<Int>, String)] = []
        let pins = [("release", Optional(release)), ("descriptor", descriptor)]
        for (key, value) in pins {
            guard let node = review[key] else { continue }
            guard let value, let range = range(of: node, isInFlow: isInFlow) else { return [] }
            if node.text == value { continue }
            let quote = [Unicode.Scalar("\""), "'"].first { $0 == source.characters[range.lowerBound] }.map(String.init)
            edits.append((range, (quote ?? "") + value + (quote ?? "")))
        }
        // A key that is missing is put beside the one that is there.
        for (key, value) in pins where review[key] == nil {
            guard let value else { continue }
            let other = key == "release" ? "descriptor" : "release"
            guard let node = review[other], let range = range(of: node, isInFlow: isInFlow) else { return [] }
            if isInFlow {
                edits.append((range.upperBound..<range.upperBound, ", \(key): \(value)"))
            } else {
                let column = (review.mapping?.members.first { $0.key.text == other }?.key.column ?? 3) - 1
                let end = source.lineEnd(range.upperBound)
                let line = String(repeating: " ", count: column) + "\(key): \(value)"
                edits.append((end..<end, lineBreak + line))
            }
        }
        return [apply(edits)]
    }

    /// A pin at the end of the document: behind its last line, else behind its blank lines as well, which may belong
    /// to a text.
    private func insertions(_ document: YAMLNode) -> [String] {
        var line = (document.line ?? 1)
        var last = line - 1
        while line < source.lines.count, !source.isMarker(line: line) {
            let start = source.lines[line]
            let text = source.text(start..<source.lineEnd(start))
            if text.contains(where: { $0 != " " && $0 != "\t" }) { last = line }
            line += 1
        }
        let indentation = String(
            repeating: " ", count: (document.mapping?.members.first?.key.column ?? 1) - 1)
        let pin = ["review:", "  release: \(release)"] + (descriptor.map { ["  descriptor: \($0)"] } ?? [])
        let text = pin.map { indentation + $0 + lineBreak }.joined()
        let end = line < source.lines.count ? source.lines[line] : source.characters.count
        return [source.nextLine(source.lines[last]), end].map { place in
            let isCut = place > 0 && !source.isLineEnd(place - 1)
            return apply([(place..<place, isCut ? lineBreak + String(text.dropLast()) : text)])
        }
    }

    /// As the file ends its lines.
    private var lineBreak: String {
        let end = source.lineEnd(0)
        return end >= source.characters.count ? "\n" : source.text(end..<source.nextLine(0))
    }

    private func range(of node: YAMLNode, isInFlow: Bool) -> Range<Int>? {
        guard let start = source.offset(of: node), start < source.characters.count,
            source.characters[start] != "|", source.characters[start] != ">",
            let end = source.scalarEnd(start, isInFlow: isInFlow), end > start
        else { return nil }
        return start..<end
    }

    private func apply(_ edits: [(Range<Int>, String)]) -> String {
        var text = ""
        var place = 0
        for (range, replacement) in edits.sorted(by: { $0.0.lowerBound < $1.0.lowerBound }) {
            text += source.text(place..<range.lowerBound) + replacement
            place = range.upperBound
        }
        return text + source.text(place..<source.characters.count)
    }

    /// Whether a document is `old` but for its pin, and the pin is the one that was asked for.
    func isMoved(_ new: YAMLNode, from old: YAMLNode) -> Bool {
        guard let review = new["review"], review["release"]?.text == release,
            review["descriptor"]?.text == descriptor
        else { return false }
        func others(_ node: YAMLNode) -> [(key: YAMLNode, value: YAMLNode)] {
            (node.mapping?.members ?? []).filter { $0.key.text != "review" }
        }
        func pinKeys(_ node: YAMLNode) -> Set<String> {
            Set((node["review"]?.mapping?.members ?? []).compactMap(\.key.text))
        }
        let keys = pinKeys(old).union(["release"]).union(descriptor == nil ? [] : ["descriptor"])
        let before = others(old)
        let after = others(new)
        return pinKeys(new) == keys && before.count == after.count
            && zip(before, after).allSatisfy { $0.key.says($1.key) && $0.value.says($1.value) }
    }
}
