import Foundation
import Model
import Schemas
import TestSupport

/// A made-up release with localities and drugs, published to a folder of its own.
struct PublishedFolder {
    let folder: TemporaryFolder

    init(_ label: String = "RVU19A", _ change: (inout ReleaseFiles) -> Void = { _ in }) throws {
        var release = ReleaseFiles(label)
        release.add(DrugFiles())
        change(&release)
        folder = try TemporaryFolder()
        try write(try release.dataset(), to: folder.url)
    }
}
