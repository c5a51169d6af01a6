import FeeSchedule
import Testing

@Suite("The manifest")
struct ManifestTests {
    @Test("A revision's name reads as it is written", arguments: ["RVU26A-r1", "RVU25D-r12"])
    func names(text: String) { #expect(RevisionName(text)?.description == text) }

    @Test(
        "What is no revision's name is refused",
        arguments: ["", "RVU26A", "RVU26A-r0", "RVU26A-1", "-r1"])
    func wrongNames(text: String) { #expect(RevisionName(text) == nil) }
}
