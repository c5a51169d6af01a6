import Foundation
import FuzzTargets
import Testing

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../Fuzz/found").standardizedFileURL

private func inputs(_ target: FuzzTarget) -> [URL] {
    let folder = folder.appendingPathComponent(target.rawValue)
    let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).sorted { $0.path < $1.path }
}

@Suite("Inputs that broke a reader once")
struct FoundInputsTests {
    @Test("They break none any more", arguments: FuzzTarget.allCases)
    func found(target: FuzzTarget) throws {
        for file in inputs(target) {
            let bytes = [UInt8](try Data(contentsOf: file))
            #expect(throws: Never.self, "\(target.rawValue)/\(file.lastPathComponent)") { try target.check(bytes) }
        }
    }

    @Test("Each lies in the folder of its target")
    func folders() throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        #expect(Set(names).isSubset(of: Set(FuzzTarget.allCases.map(\.rawValue) + ["README.md"])))
    }

    @Test(
        "Nothing at all, and one byte of any kind, are refused or read by every target", arguments: FuzzTarget.allCases)
    func short(target: FuzzTarget) throws {
        try target.check([])
        for byte in UInt8.min...UInt8.max { try target.check([byte]) }
    }
}
