import FeeSchedule
import Foundation

func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 1 else {
    say("usage: wrvu-tracker STORE")
    exit(64)
}
let store = URL(fileURLWithPath: arguments[1])

do {
    // Every file is held against its manifest before a number of it is used.
    let datasets = try Dataset.newest(in: store)
    for dataset in datasets { print(dataset.name, dataset.manifest.release.effectiveFrom) }
} catch {
    say(error.localizedDescription)
    exit(1)
}
