private import Foundation
private import Synchronization

/// What `work` makes of each value, in the order of the values, on all cores. Within other parallel work it takes the
/// cores that this leaves idle.
public func inParallel<Value: Sendable, Output: Sendable>(
    _ values: [Value], _ work: @escaping @Sendable (Value) -> Output
) -> [Output] {
    inParallel(values, taking: Array(values.indices), work)
}

/// The same, the largest value first, so that no core waits for another at the end.
public func inParallel<Value: Sendable, Output: Sendable>(
    _ values: [Value], largestFirst size: (Value) -> Int, _ work: @escaping @Sendable (Value) -> Output
) -> [Output] {
    inParallel(values, taking: values.indices.sorted { size(values[$0]) > size(values[$1]) }, work)
}

private func inParallel<Value: Sendable, Output: Sendable>(
    _ values: [Value], taking order: [Int], _ work: @escaping @Sendable (Value) -> Output
) -> [Output] {
    madeInPlace(values.count) { buffer in
        nonisolated(unsafe) let places = buffer
        takeTurns(values.count) { places.initializeElement(at: order[$0], to: work(values[order[$0]])) }
    }
}

/// What `work` makes of each number below `count`, in order, on all cores: a piece of neighbours at a time, each piece
/// with a state of its own. Outputs are made where they stay.
public func inPieces<State: Sendable, Output: Sendable>(
    of count: Int, size: Int = 1024, from state: State, _ work: @escaping @Sendable (inout State, Int) -> Output
) -> (outputs: [Output], states: [State]) {
    var states: [State] = []
    let outputs: [Output] = madeInPlace(count) { buffer in
        nonisolated(unsafe) let places = buffer
        states = inParallel(pieces(of: count, size: size)) { piece in
            var state = state
            for place in piece { places.initializeElement(at: place, to: work(&state, place)) }
            return state
        }
    }
    return (outputs, states)
}

/// The same without a state.
public func inPieces<Output: Sendable>(of count: Int, _ work: @escaping @Sendable (Int) -> Output) -> [Output] {
    inPieces(of: count, from: ()) { _, place in work(place) }.outputs
}

/// An array of which `make` writes every element.
private func madeInPlace<Output>(_ count: Int, _ make: (UnsafeMutableBufferPointer<Output>) -> Void) -> [Output] {
    // An array made without room is the one empty array of all threads, and its count is written all the same.
    if count == 0 { return [] }
    return [Output](unsafeUninitializedCapacity: count) { buffer, made in
        make(buffer)
        made = count
    }
}

/// `0..<count` in pieces of `size`, the last as long as what is left.
public func pieces(of count: Int, size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
}

/// Two pieces of work at the same time.
public func sideBySide<First: Sendable, Second: Sendable>(
    _ first: @escaping @Sendable () -> First, and second: @escaping @Sendable () -> Second
) -> (First, Second) {
    let made = inParallel([0, 1]) { turn -> (First?, Second?) in turn == 0 ? (first(), nil) : (nil, second()) }
    guard let first = made[0].0, let second = made[1].1 else { preconditionFailure("both have ended") }
    return (first, second)
}

/// Gives `work` each number below `count` once, on the calling thread and on any other that is idle. Unlike Dispatch's own
/// `concurrentPerform`, which keeps to one core within another such call.
private func takeTurns(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
    let turns = Turns(count, work)
    for _ in 1..<max(1, min(count, coreCount)) {
        // A thread that comes too late finds nothing, and keeps nothing of what the work was about.
        DispatchQueue.global().async { [weak turns] in turns?.take() }
    }
    turns.take()
    turns.wait()
}

/// Asked once: the system answers out of files.
private let coreCount = ProcessInfo.processInfo.activeProcessorCount

private final class Turns: Sendable {
    private let count: Int
    private let work: @Sendable (Int) -> Void
    private let next = Atomic(0)
    private let workers = DispatchGroup()

    init(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
        self.count = count
        self.work = work
    }

    /// Takes turns until there are no more.
    func take() {
        workers.enter()
        defer { workers.leave() }
        while case let turn = next.add(1, ordering: .acquiringAndReleasing).oldValue, turn < count { work(turn) }
    }

    /// Waits for those who are still at it: each entered before its first turn.
    func wait() { workers.wait() }
}
