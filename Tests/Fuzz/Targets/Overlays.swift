import Model
import Overlay
import YAML

/// The fast reader of YAML declines or finds what Yams finds; a text in pieces has the documents of the whole; overlays
/// are read or refused; and the form that files are kept in is a form: put into it twice, a file is the same.
func checkOverlay(_ bytes: [UInt8]) throws(BrokenPromise) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let any = try? readAnyYAML(text)
    if let simple = readSimpleYAML(text) {
        guard let any else { throw BrokenPromise("read by the fast reader, refused by Yams") }
        let (left, right) = (dump(simple), dump(any))
        try promise(left == right, "the fast reader has\n\(left)\nYams has\n\(right)")
    }
    let pieces = yamlPieces(text, size: 32)
    try promise(pieces.map(\.text).joined().utf8.elementsEqual(bytes), "the pieces are not the text")
    if let any, pieces.count > 1 {
        let found = pieces.map { (try? readYAML($0.text, firstLine: $0.firstLine)) ?? [] }
        try promise(found.flatMap { $0 }.map(dump) == any.map(dump), "in pieces it says something else")
    }

    let file = OverlayFile(path: "o.yaml", text: text)
    do throws(IngestError) {
        _ = try overlay(canonical, files: [file], tier: .public, schemas: FuzzTarget.schemas)
    } catch { try promiseRefusal(error) }

    let formatted: String
    do throws(IngestError) { formatted = try format(file) } catch { return try promiseRefusal(error) }
    let again: String
    do throws(IngestError) { again = try format(OverlayFile(path: "o.yaml", text: formatted)) } catch {
        throw BrokenPromise("put into its form it is refused: \(error.diagnostics.kinds.flatMap(\.first))")
    }
    try promise(
        again.utf8.elementsEqual(formatted.utf8), "put into its form twice it is\n\(again)\nand once\n\(formatted)")
}

/// A few codes for overlays to speak of.
private let canonical = {
    var codes = ["00100", "99213", "A0425", "G0121", "J7308", "J9313"].compactMap { Code($0).map(CodeEntry.init) }
    for index in codes.indices { codes[index].shortDescriptor = "A descriptor of our own" }
    return Canonical(
        release: TableInput.releases[5], released: nil, conversionFactors: .init(nonQP: .zero, qp: nil),
        anesthesiaConversionFactors: nil, codes: codes, modifiers: [], localities: [], oppsCaps: [], checks: [],
        diagnostics: Diagnostics(), missing: [])
}()

/// A tree as text, with the place and the style of every node.
private func dump(_ nodes: [YAMLNode]) -> String { nodes.map(dump).joined(separator: "\n") }

private func dump(_ node: YAMLNode) -> String {
    let place = "\(node.line ?? 0):\(node.column ?? 0)"
    switch node.content {
    case .text(let text): return "\(place)\(node.isPlain ? "p" : "q")\(Array(text.utf8))"
    case .list(let nodes): return "\(place)[\(nodes.map(dump).joined(separator: ","))]"
    case .mapping(let mapping):
        return "\(place){\(mapping.members.map { dump($0.key) + "=" + dump($0.value) }.joined(separator: ","))}"
    }
}
