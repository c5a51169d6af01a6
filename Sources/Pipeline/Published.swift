public import FeeSchedule
public import Model
public import Store

extension Revision {
    /// The revision opened to read. A store's own revisions are not hashed on each look: `ingest validate` does that.
    /// - Throws: when its manifest or database cannot be read.
    public func dataset() throws(IngestError) -> FeeSchedule.Dataset {
        try FeeSchedule.Dataset(folder: folder, checking: .nothing)
    }
}
