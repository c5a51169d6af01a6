import Foundation
import Model
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

    /// - Returns: `nil` when the release has no GPCI to pay by.
    func write(to folder: URL, schemas: Schemas) throws(IngestError) -> EmittedFile? {
        let canonical = dataset.canonical
        let applies = schemas.payment.workFloorApplies(on: canonical.release.effectiveFrom)
        let localities = canonical.localities.compactMap { locality in
            locality.gpcis(workFloorApplies: applies).map { (Self.bytes(locality.key), $0) }
        }
        guard !localities.isEmpty else { return nil }
        let tracks: [(Track, ConversionFactor)] =
            [(.nonQP, canonical.conversionFactors.nonQP)] + (canonical.conversionFactors.qp.map { [(.qp, $0)] } ?? [])
        let variants = Setting.allCases.flatMap { setting in
            tracks.map { (setting, $0.1, Array(",\(setting.rawValue),\($0.0.rawValue),".utf8)) }
        }

        var file = try OutputFile("tables/\(Self.table).csv", in: folder)
        var rows = 0
        try file.append { $0.append(contentsOf: (Self.columns.joined(separator: ",") + "\n").utf8) }
        for entry in canonical.codes {
            for value in entry.relativeValues where value.isPriced {
                let row = PricedRow(value, siblings: entry.relativeValues)
                let key = Array("\(value.key.code),\(value.key.modifier),".utf8)
                for (locality, gpci) in localities {
                    try file.append { bytes in
                        for (setting, factor, variant) in variants {
                            bytes.append(contentsOf: key)
                            bytes.append(contentsOf: locality)
                            bytes.append(contentsOf: variant)
                            Self.append(row, setting, gpci, factor, to: &bytes)
                        }
                    }
                    rows += variants.count
                }
            }
        }
        return try file.finish(rows: rows)
    }

    private static func append(
        _ row: PricedRow, _ setting: Setting, _ gpci: GPCIs, _ factor: ConversionFactor, to bytes: inout [UInt8]
    ) {
        let cap = row.hasCap ? row.cap(setting, gpci, factor) : nil
        if row.isNA(setting) {
            bytes.append(UInt8(ascii: ","))
            if let cap { appendDecimal(cap.units, places: 2, to: &bytes) }
            bytes.append(contentsOf: ",,\(PricedRow.notApplicable)\n".utf8)
            return
        }
        let fee = row.fee(setting, gpci, factor)
        appendDecimal(fee.units, places: 2, to: &bytes)
        bytes.append(UInt8(ascii: ","))
        if let cap { appendDecimal(cap.units, places: 2, to: &bytes) }
        bytes.append(UInt8(ascii: ","))
        appendDecimal(min(fee, cap ?? fee).units, places: 2, to: &bytes)
        bytes.append(UInt8(ascii: ","))
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func bytes(_ key: LocalityKey) -> [UInt8] { Array("\(key.contractor),\(key.number)".utf8) }
}
