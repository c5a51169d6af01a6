import FeeSchedule
import Foundation

func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 3 else {
    say("usage: wrvu-tracker STORE LOCALITY SERVICES")
    exit(64)
}
let store = URL(fileURLWithPath: arguments[1])
let place = arguments[2]
let list = URL(fileURLWithPath: arguments[3])

do {
    // Every file is held against its manifest before a number of it is used.
    let datasets = try Dataset.newest(in: store)
    var localities: [RevisionName: Locality] = [:]
    for dataset in datasets { localities[dataset.name] = try dataset.locality(named: place) }

    var months: [String: Month] = [:]
    let lines = try String(contentsOf: list, encoding: .utf8).split(omittingEmptySubsequences: false) { $0.isNewline }
    for (index, line) in lines.enumerated() where !line.isEmpty {
        guard let service = Service(line) else {
            say("line \(index + 1): expected a day, a code, a modifier and units, such as 2026-01-15,99213,,1")
            exit(2)
        }
        let name = "line \(index + 1), \(service.code)\(service.modifier.isEmpty ? "" : "-\(service.modifier)")"
        guard let dataset = datasets.last(where: { $0.manifest.release.holds(on: service.day) }),
            let locality = localities[dataset.name]
        else {
            say("\(name): no release of the store holds on \(service.day)")
            continue
        }
        guard let row = try dataset.relativeValue(of: service.code, modifier: service.modifier) else {
            say("\(name): \(dataset.name) has no such row")
            continue
        }
        months[service.month, default: Month()].units += service.units
        months[service.month, default: Month()].wRVU += row.work * service.units

        let quote = try dataset.payment(
            of: service.code, modifier: service.modifier, in: locality, setting: .nonfacility, on: service.day)
        if let amount = quote?.payment.money {
            months[service.month, default: Month()].payment += amount * service.units
        } else if let reason = quote?.payment.reason {
            say("\(name): no payment: \(try dataset.meaning(of: "unpriced_reason", reason) ?? reason)")
        }
    }

    for (month, sum) in months.sorted(by: { $0.key < $1.key }) { print("\(month)\t\(sum.wRVU)\t\(sum.payment)") }
} catch {
    say(error.localizedDescription)
    exit(1)
}
