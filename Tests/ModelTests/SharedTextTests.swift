import Model
import Testing

@Suite("Texts that many rows name")
struct SharedTextTests {
    @Test("The same text is the same, and another is another, whichever thread named it first")
    func sameness() async {
        let numbers = (0..<200).map { "file \($0 % 10).csv" }
        let named = await withTaskGroup { group in
            for number in numbers { group.addTask { SharedText(number) } }
            return await group.reduce(into: Set<SharedText>()) { $0.insert($1) }
        }
        #expect(Set(named.map(\.text)) == Set(numbers))
        #expect(named.count == 10)
        #expect(SharedText("file 3.csv") != SharedText("file 4.csv"))
    }

    @Test("A place keeps the name of its file and its line")
    func source() {
        let source = Source(file: "RVU25A.zip/PPRRVU25_JAN.csv", line: 27)
        #expect(source.file == "RVU25A.zip/PPRRVU25_JAN.csv")
        #expect(source.line == 27)
        #expect(source != Source(file: "RVU25A.zip/PPRRVU25_JAN.txt", line: 27))
    }
}
