import FeeSchedule
import Foundation

func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 2 else {
    say("usage: wrvu-tracker STORE LOCALITY")
    exit(64)
}
let store = URL(fileURLWithPath: arguments[1])
let place = arguments[2]

do {
    // Every file is held against its manifest before a number of it is used.
    let datasets = try Dataset.newest(in: store)
    var localities: [RevisionName: Locality] = [:]
    for dataset in datasets { localities[dataset.name] = try dataset.locality(named: place) }
    print(localities.count)
} catch {
    say(error.localizedDescription)
    exit(1)
}
