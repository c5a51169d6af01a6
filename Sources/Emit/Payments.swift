import Foundation
import Model
import Parallel
import Payment
import Schemas

/// Streams `tables/payments.csv`: every payable row in every locality, setting and track. A setting marked NA
/// has a reason in place of an amount.
struct PaymentsWriter {
    let dataset: Dataset

    static let table = "payments"
    static let columns = [
        "code", "modifier", "mac", "locality", "setting", "track", "fee", "cap", "payment", "reason",
    ]

    /// How many codes are written as one piece, and how many pieces side by side.
    private static let pieceSize = 32
    private static let piecesAtOnce = 8

    /// - Returns: `nil` when the release has no GPCI to pay by.
    func write(to folder: URL, schemas: Schemas) throws(IngestError) -> EmittedFile? {
        let canonical = dataset.canonical
        let applies = schemas.payment.workFloorApplies(on: canonical.release.effectiveFrom)
        let tracks: [(Track, ConversionFactor)] =
            [(.nonQP, canonical.conversionFactors.nonQP)] + (canonical.conversionFactors.qp.map { [(.qp, $0)] } ?? [])
        let variants = Setting.allCases.flatMap { setting in tracks.map { (setting, $0.0, $0.1) } }
        let places = canonical.localities.flatMap { locality -> [PaidPlace] in
            guard let gpcis = locality.gpcis(workFloorApplies: applies) else { return [] }
            return variants.map { setting, track, factor in
                let text = "\(locality.key.contractor),\(locality.key.number),\(setting.rawValue),\(track.rawValue),"
                return PaidPlace(gpcis: gpcis, setting: setting, factor: factor, text: Array(text.utf8))
            }
        }
        guard !places.isEmpty else { return nil }

        var file = try OutputFile("tables/\(Self.table).csv", in: folder)
        var rows = 0
        try file.append { $0.append(contentsOf: (Self.columns.joined(separator: ",") + "\n").utf8) }
        let parts = pieces(of: canonical.codes.count, size: Self.pieceSize)
        // A few pieces at a time: the table is far larger than what it is made from.
        for some in pieces(of: parts.count, size: Self.piecesAtOnce) {
            for piece in inParallel(Array(parts[some]), { payments(of: $0, in: places) }) {
                try file.append { $0.append(contentsOf: piece.bytes) }
                rows += piece.rows
            }
        }
        return try file.finish(rows: rows)
    }

    /// The rows of some codes.
    private func payments(of codes: Range<Int>, in places: [PaidPlace]) -> (bytes: [UInt8], rows: Int) {
        var bytes: [UInt8] = []
        var rows = 0
        for index in codes {
            let relativeValues = dataset.canonical.codes[index].relativeValues
            for value in relativeValues where value.isPriced {
                let row = PricedRow(value, siblings: relativeValues)
                let key = Array("\(value.key.code),\(value.key.modifier),".utf8)
                for place in places {
                    bytes.append(contentsOf: key)
                    bytes.append(contentsOf: place.text)
                    Self.append(row, place, to: &bytes)
                }
                rows += places.count
            }
        }
        return (bytes, rows)
    }

    private static let notApplicable = Array(",,\(PricedRow.notApplicable)\n".utf8)

    private static func append(_ row: PricedRow, _ place: PaidPlace, to bytes: inout [UInt8]) {
        let cap = row.hasCap ? row.cap(place.setting, place.gpcis, place.factor) : nil
        let fee = row.isNA(place.setting) ? nil : row.fee(place.setting, place.gpcis, place.factor)
        if let fee { appendDecimal(fee.units, places: 2, to: &bytes) }
        bytes.append(UInt8(ascii: ","))
        if let cap { appendDecimal(cap.units, places: 2, to: &bytes) }
        guard let fee else {
            bytes.append(contentsOf: notApplicable)
            return
        }
        bytes.append(UInt8(ascii: ","))
        appendDecimal(min(fee, cap ?? fee).units, places: 2, to: &bytes)
        bytes.append(UInt8(ascii: ","))
        bytes.append(UInt8(ascii: "\n"))
    }
}

/// A locality in a setting and track, with the bytes that stand for it in a row.
private struct PaidPlace: Sendable {
    let gpcis: GPCIs
    let setting: Setting
    let factor: ConversionFactor
    let text: [UInt8]
}
