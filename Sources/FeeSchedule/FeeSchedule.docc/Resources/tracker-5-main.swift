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

    let lines = try String(contentsOf: list, encoding: .utf8).split(omittingEmptySubsequences: false) { $0.isNewline }
    for (index, line) in lines.enumerated() where !line.isEmpty {
        guard let service = Service(line) else {
            say("line \(index + 1): expected a day, a code, a modifier and units, such as 2026-01-15,99213,,1")
            exit(2)
        }
        print(service.month, service.code, service.units)
    }
} catch {
    say(error.localizedDescription)
    exit(1)
}
