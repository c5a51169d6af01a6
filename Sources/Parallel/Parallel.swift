private import Foundation
private import Synchronization

/// What `work` makes of each value, in the order of the values, on all cores. Within other parallel work it takes the
/// cores that this leaves idle.
public func inParallel<Value: Sendable, Output: Sendable>(
    _ values: [Value], _ work: @escaping @Sendable (Value) -> Output
) -> [Output] {
    let results = Results<Output>(count: values.count)
    Turns(values.count) { results[$0] = work(values[$0]) }.take()
    return results.all
}

/// The same, the largest value first, so that no core waits for another at the end.
public func inParallel<Value: Sendable, Output: Sendable>(
    _ values: [Value], largestFirst size: (Value) -> Int, _ work: @escaping @Sendable (Value) -> Output
) -> [Output] {
    let order = values.indices.sorted { size(values[$0]) > size(values[$1]) }
    let done = inParallel(order) { work(values[$0]) }
    var outputs = [Output?](repeating: nil, count: values.count)
    for (index, output) in zip(order, done) { outputs[index] = output }
    return outputs.compactMap(\.self)
}

/// What `work` makes of each number below `count`, in order, on all cores: a piece of neighbours at a time, each piece
/// with a state of its own. Outputs are made where they stay.
public func inPieces<State: Sendable, Output: Sendable>(
    of count: Int, size: Int = 1024, from state: State, _ work: @escaping @Sendable (inout State, Int) -> Output
) -> (outputs: [Output], states: [State]) {
    var states: [State] = []
    let outputs = [Output](unsafeUninitializedCapacity: count) { buffer, made in
        nonisolated(unsafe) let places = buffer
        states = inParallel(pieces(of: count, size: size)) { piece in
            var state = state
            for place in piece { places.initializeElement(at: place, to: work(&state, place)) }
            return state
        }
        made = count
    }
    return (outputs, states)
}

/// The same without a state.
public func inPieces<Output: Sendable>(of count: Int, _ work: @escaping @Sendable (Int) -> Output) -> [Output] {
    inPieces(of: count, from: ()) { _, place in work(place) }.outputs
}

/// `0..<count` in pieces of `size`, the last as long as what is left.
public func pieces(of count: Int, size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
}

/// Two pieces of work at the same time.
public func sideBySide<First: Sendable, Second: Sendable>(
    _ first: @escaping @Sendable () -> First, and second: @escaping @Sendable () -> Second
) -> (First, Second) {
    let firsts = Results<First>(count: 1)
    let seconds = Results<Second>(count: 1)
    Turns(2) { turn in if turn == 0 { firsts[0] = first() } else { seconds[0] = second() } }.take()
    return (firsts.all[0], seconds.all[0])
}

/// What was made in each turn.
private final class Results<Output: Sendable>: Sendable {
    private let outputs: Mutex<[Output?]>

    init(count: Int) { outputs = Mutex(Array(repeating: nil, count: count)) }

    subscript(turn: Int) -> Output? {
        get { outputs.withLock { $0[turn] } }
        set { outputs.withLock { $0[turn] = newValue } }
    }

    /// Complete once all turns have been taken.
    var all: [Output] { outputs.withLock { $0.compactMap(\.self) } }
}

/// Work in numbered turns that the calling thread takes, and any other that is idle. Unlike Dispatch's own
/// `concurrentPerform`, which keeps to one core within another such call.
private final class Turns: Sendable {
    private static let cores = ProcessInfo.processInfo.activeProcessorCount

    private let count: Int
    private let next = Atomic(0)
    /// Gone when all is done: a thread that comes too late shall not keep what the work was about.
    private let work: Mutex<(@Sendable (Int) -> Void)?>
    private let workers = DispatchGroup()

    init(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
        self.count = count
        self.work = Mutex(work)
    }

    /// Returns when every turn has been taken and ended.
    func take() {
        for _ in 1..<max(1, min(count, Self.cores)) { DispatchQueue.global().async { self.takeSome() } }
        takeSome()
        // Whoever has a turn entered before it took it.
        workers.wait()
        work.withLock { $0 = nil }
    }

    private func takeSome() {
        workers.enter()
        defer { workers.leave() }
        guard let work = work.withLock(\.self) else { return }
        while case let turn = next.add(1, ordering: .acquiringAndReleasing).oldValue, turn < count { work(turn) }
    }
}
