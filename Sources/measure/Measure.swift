import CSystem
import Foundation

// Parts of the pipeline by themselves, for Scripts/benchmark: reading CMS's tables, and computing payments. Not part
// of the product. Each subcommand prints one JSON object: what came out, to be compared with its rivals', and the
// seconds of every round.
//
//     measure parse ARCHIVE LABEL           reads the CSV tables once: the whole process is the measure
//     measure tokenise ARCHIVE LABEL N      reads them N times, each after libcsv alone has tokenised the same bytes
//     measure payments ARCHIVE LABEL N      computes all payment amounts N times, on all cores

@main
struct Measure {
    static func main() {
        // As the program itself.
        return_only_large_buffers()
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 3 || words.count == 4 else { stop(64, "measure COMMAND ARCHIVE LABEL [N]") }
        let rounds = words.count == 4 ? max(1, Int(words[3]) ?? 1) : 1
        do {
            let tables = try Tables(of: words[1], label: words[2])
            switch words[0] {
            case "parse":
                let (answer, read) = try tables.parse()
                print(answer.json)
                // As `ingest` ends.
                withExtendedLifetime(read) { exit(0) }
            case "tokenise": print(try tables.tokenise(rounds: rounds).json)
            case "payments": print(try tables.payments(rounds: rounds).json)
            default: stop(64, "COMMAND is parse, tokenise or payments")
            }
        } catch {
            stop(1, "\(error)")
        }
    }

    private static func stop(_ code: Int32, _ message: String) -> Never {
        FileHandle.standardError.write(Data("measure: \(message)\n".utf8))
        exit(code)
    }
}

/// What came out, as whole numbers, and the seconds of each round.
struct Answer {
    var numbers: [String: Int64] = [:]
    var seconds: [String: [Double]] = [:]

    /// All names are plain words.
    var json: String {
        let numbers = numbers.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        let seconds = seconds.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        return "{\"numbers\":{\(numbers.joined(separator: ","))},\"seconds\":{\(seconds.joined(separator: ","))}}"
    }

    /// Runs `work` and keeps what it took under `name`.
    mutating func time<Value>(_ name: String, _ work: () throws -> Value) rethrows -> Value {
        let start = ContinuousClock.now
        let value = try work()
        seconds[name, default: []].append((ContinuousClock.now - start) / .seconds(1))
        return value
    }
}
