import CPages
import Digest

/// A file that many pages share; its name has its hash, so that a browser may keep it.
struct SiteAsset: Sendable {
    let name: String
    let bytes: [UInt8]

    init(_ name: String, _ kind: String, _ bytes: [UInt8]) {
        self.name = "\(name).\(Digest.hex(bytes).prefix(12)).\(kind)"
        self.bytes = bytes
    }
}

/// The site's style and script.
public struct SiteAssets: Sendable {
    let style = SiteAsset("site", "css", bytes(site_style()))
    let script = SiteAsset("site", "js", bytes(site_script()))

    public init() {}

    /// By path below the site's folder.
    public var files: [(path: String, bytes: [UInt8])] {
        [style, script].map { ("assets/\($0.name)", $0.bytes) }
    }

    /// What a page in a preview runs.
    public static var previewScript: [UInt8] { bytes(preview_script()) }
}

private func bytes(_ asset: PageAsset) -> [UInt8] { Array(UnsafeBufferPointer(start: asset.bytes, count: asset.count)) }
