public import Model
import Zlib

/// Whether `bytes` begin as a gzip file does.
public func isGzip(_ bytes: [UInt8]) -> Bool { Zlib.isGzip(bytes) }

/// Unpacks a gzip file, whose checksum and length must be right. Several members one behind the other are one file, as
/// for `gzip` itself.
/// - Throws: when the file is damaged or cut, when something else stands behind its end, and when it unpacks to
///   more than `limits` allow.
public func gunzip(_ bytes: [UInt8], name: String, limits: Archive.Limits = .init()) throws(IngestError) -> [UInt8] {
    let place = Place(name)
    guard isGzip(bytes) else {
        throw IngestError(
            .badData, "not_gzip", at: place,
            "a gzip file begins with the bytes 1f 8b 08; this file begins with "
                + bytes.prefix(3).map { String($0, radix: 16) }.joined(separator: " "),
            hint: "If it is not packed, take .gz from its name; else fetch it again.")
    }
    let largest = min(limits.memberBytes, max(bytes.count, 1024) * limits.ratio)
    let problem: String
    do throws(GunzipError) { return try Zlib.gunzip(bytes, largest: largest) } catch {
        switch error {
        case .noMemory: throw IngestError(.badData, "gzip_damaged", at: place, "zlib could not be initialised")
        case .tooLarge:
            throw IngestError(
                .badData, "archive_ratio", at: place,
                "\(bytes.count) bytes that unpack to more than \(largest): no table shrinks \(limits.ratio)-fold")
        case .followed: problem = "something that is not gzip stands behind its end"
        case .damaged: problem = "its compressed data or its checksum is wrong"
        case .cut(let count): problem = "its compressed data breaks off after \(count) bytes"
        }
    }
    throw IngestError(
        .badData, "gzip_damaged", at: place, problem,
        hint: "The download is incomplete or damaged: fetch the file again.")
}
