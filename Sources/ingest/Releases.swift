import ArgumentParser
import Foundation
import Model
import Pipeline
import Schemas
import Store

struct Releases: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what the store holds and which releases are known.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        try reporting {
            let schemas = try Schemas()
            let list = try releaseList(store.value, schemas: schemas)
            if format.format == .json {
                printData(releasesJSON(list))
                return
            }
            var rows = [["release", "effective", "conversion factor", "in the store"]]
            for entry in list {
                rows.append([
                    entry.label, "\(entry.effectiveFrom) to \(entry.effectiveTo)",
                    [entry.conversionFactor, entry.conversionFactorQP].compactMap(\.self).joined(separator: ", QP "),
                    entry.revisions.map { "r\($0)" }.joined(separator: " "),
                ])
            }
            print(table(rows))
        }
    }
}
