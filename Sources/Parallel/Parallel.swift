private import Dispatch
private import Synchronization

/// What `work` makes of each value, in the order of the values, on all cores.
public func inParallel<Value: Sendable, Output: Sendable>(
    _ values: [Value], _ work: @Sendable (Value) -> Output
) -> [Output] {
    let results = Mutex([Output?](repeating: nil, count: values.count))
    DispatchQueue.concurrentPerform(iterations: values.count) { turn in
        let result = work(values[turn])
        results.withLock { $0[turn] = result }
    }
    return results.withLock { $0.compactMap(\.self) }
}

/// The same, the largest value first, so that no core waits for another at the end.
public func inParallel<Value: Sendable, Output: Sendable>(
    _ values: [Value], largestFirst size: (Value) -> Int, _ work: @Sendable (Value) -> Output
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
    of count: Int, size: Int = 1024, from state: State, _ work: @Sendable (inout State, Int) -> Output
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
public func inPieces<Output: Sendable>(of count: Int, _ work: @Sendable (Int) -> Output) -> [Output] {
    inPieces(of: count, from: ()) { _, place in work(place) }.outputs
}

/// `0..<count` in pieces of `size`, the last as long as what is left.
public func pieces(of count: Int, size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
}

/// Two pieces of work at the same time.
public func sideBySide<First: Sendable, Second: Sendable>(
    _ first: @Sendable () -> First, and second: @Sendable () -> Second
) -> (First, Second) {
    let results = Mutex<(First?, Second?)>((nil, nil))
    DispatchQueue.concurrentPerform(iterations: 2) { turn in
        if turn == 0 {
            let result = first()
            results.withLock { $0.0 = result }
        } else {
            let result = second()
            results.withLock { $0.1 = result }
        }
    }
    return results.withLock { found in
        guard let first = found.0, let second = found.1 else { preconditionFailure("both turns have ended") }
        return (first, second)
    }
}
