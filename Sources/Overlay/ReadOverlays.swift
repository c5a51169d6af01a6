import Model
import Parallel
import Schemas
import YAML

/// The overlays of all files in the order of the files, with everything that is wrong with their form.
struct ReadOverlays {
    var codes: [CodeOverlay] = []
    var categories: [CategoryOverlay] = []
    var problems: Diagnostics
}

/// Reads the files on all cores; a large file in pieces, cut between its documents.
func readOverlays(
    _ files: [OverlayFile], schemas: Schemas, keptPerKind: Int = Diagnostics.keptPerKind
) -> ReadOverlays {
    let reader = OverlayReader(
        reasons: schemas.statuses.reasons, routes: schemas.classification.routeNames, keptPerKind: keptPerKind)
    var all = ReadOverlays(problems: Diagnostics(keptPerKind: keptPerKind))
    let parts = inParallel(portions(of: files)) { portion in
        var reader = reader
        for piece in portion {
            reader.read(piece.text, of: files[piece.file].path, number: piece.file, firstLine: piece.firstLine)
        }
        return reader
    }
    all.codes.reserveCapacity(parts.reduce(0) { $0 + $1.codes.count })
    for part in parts {
        all.codes += part.codes
        all.categories += part.categories
        all.problems.add(part.problems)
    }
    return all
}

private struct Piece {
    let file: Int
    let text: String
    let firstLine: Int
}

/// Pieces in the order of the files, put together so that each portion is worth a turn of its own.
private func portions(of files: [OverlayFile]) -> [[Piece]] {
    let size = 1 << 18
    var portions: [[Piece]] = []
    var portion: [Piece] = []
    var bytes = 0
    for (number, file) in files.enumerated() {
        for piece in yamlPieces(file.text, size: size) {
            portion.append(Piece(file: number, text: piece.text, firstLine: piece.firstLine))
            bytes += piece.text.utf8.count
            if bytes >= size {
                portions.append(portion)
                portion = []
                bytes = 0
            }
        }
    }
    return portion.isEmpty ? portions : portions + [portion]
}
