import Parallel
import Testing

@Suite("Work on all cores")
struct ParallelTests {
    @Test("What is made of each value stands in the order of the values, whichever was made first")
    func order() {
        let values = Array(0..<1000)
        #expect(inParallel(values) { $0 * 2 } == values.map { $0 * 2 })
        #expect(inParallel(values, largestFirst: { $0 % 7 }) { $0 * 2 } == values.map { $0 * 2 })
        #expect(inPieces(of: 1000) { $0 * 2 } == values.map { $0 * 2 })
        #expect(inParallel([Int]()) { $0 }.isEmpty)
        #expect(inPieces(of: 0) { $0 }.isEmpty)
    }

    @Test("Each piece has a state of its own, and the states stand in the order of the pieces")
    func states() {
        let (outputs, states) = inPieces(of: 10, size: 4, from: [Int]()) { state, index in
            state.append(index)
            return index
        }
        #expect(outputs == Array(0..<10))
        #expect(states == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    }

    @Test("Parallel work within parallel work ends, however deep, and every turn is taken once")
    func nested() {
        #expect(leaves(below: 5) == 1024)
    }

    /// How many ends a tree with four branches at each place has.
    @Sendable private func leaves(below depth: Int) -> Int {
        depth == 0 ? 1 : inParallel([0, 1, 2, 3]) { _ in leaves(below: depth - 1) }.reduce(0, +)
    }

    @Test("Two pieces of work give what each made")
    func sides() {
        let (number, text) = sideBySide {
            7
        } and: {
            "seven"
        }
        #expect(number == 7)
        #expect(text == "seven")
    }
}
