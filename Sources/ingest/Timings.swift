import Foundation
import Pipeline

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Wall time, processor time and peak memory of each stage, for the benchmark.
struct Timings {
    private struct Reading {
        let wall: ContinuousClock.Instant
        let processor: Double
        let peak: Int

        init() {
            wall = .now
            var usage = rusage()
            #if canImport(Glibc)
                getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            #else
                getrusage(RUSAGE_SELF, &usage)
            #endif
            func milliseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1000 + Double(time.tv_usec) / 1000 }
            processor = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)
            // Kilobytes on Linux, bytes on macOS.
            #if canImport(Darwin)
                peak = usage.ru_maxrss / 1024
            #else
                peak = usage.ru_maxrss
            #endif
        }
    }

    private var stages: [(stage: Stage, start: Reading)] = []

    mutating func begin(_ stage: Stage) { stages.append((stage, Reading())) }

    /// A JSON array with an object per stage.
    func json() -> String {
        let end = Reading()
        let ends = stages.dropFirst().map(\.start) + [end]
        let objects = zip(stages, ends).map { stage, end in
            let wall = (end.wall - stage.start.wall) / .milliseconds(1)
            return #"  {"stage":"\#(stage.stage.rawValue)","wall_ms":\#(rounded(wall)),"#
                + #""cpu_ms":\#(rounded(end.processor - stage.start.processor)),"peak_kb":\#(end.peak)}"#
        }
        return "[\n\(objects.joined(separator: ",\n"))\n]\n"
    }

    private func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }
}
