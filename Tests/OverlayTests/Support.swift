import Model
import Overlay
import TestSupport

/// Merges overlay files, given as texts, into the sample release. The first file is `a.yaml`, the next `b.yaml`.
func overlaid(_ texts: String..., tier: Tier = .public, release: ReleaseFiles = ReleaseFiles()) throws(IngestError)
    -> Canonical
{
    let files = zip("abcdefgh", texts).map { OverlayFile(path: "\($0).yaml", text: $1) }
    return try overlay(try release.canonical(), files: files, tier: tier, schemas: schemas)
}

/// Why overlay files are refused.
func refused(_ text: String, release: ReleaseFiles = ReleaseFiles()) -> Findings? {
    refusal { try overlaid(text, release: release) }
}

extension Canonical {
    func editorial(_ code: String) -> Editorial? { entry(code)?.editorial }
}
