import Acquire
import Digest
import Model
import Payment
import Schemas
import Unpack
import Verify

/// Streams a payment file of CMS's past the check: a TXT, or an archive (since 2026 one for each track, inside
/// another) with a TXT in it.
func checkPaymentFile(
    _ path: String, _ canonical: Canonical, inputs: inout [Input], schemas: Schemas
) throws(IngestError) -> [Check] {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard name.lowercased().hasSuffix(".zip") else {
        var lines = LineSplitter(PaymentFileCheck(canonical, file: name, track: track(of: name), schemas: schemas))
        var digest = Digest()
        var bytes = 0
        try stream(path) { chunk in
            digest.update(chunk)
            bytes += chunk.count
            lines.add(chunk)
        }
        inputs.append(Input(path: name, bytes: bytes, sha256: digest.hex(), role: .paymentFile))
        return [lines.finish()]
    }
    var checks: [Check] = []
    for file in try acquire([path]).files {
        inputs.append(Input(path: file.name, bytes: file.bytes.count, sha256: file.sha256, role: .paymentFile))
        checks += try checkPaymentArchive(try Archive(file.bytes, name: file.name), canonical, schemas: schemas)
    }
    guard !checks.isEmpty else {
        throw IngestError(
            .badData, "payment_file_missing", at: Place(name), "no TXT in it",
            hint: "CMS's payment archives hold PFALL or PFREV as TXT.")
    }
    return checks
}

private func checkPaymentArchive(
    _ archive: Archive, _ canonical: Canonical, schemas: Schemas
) throws(IngestError) -> [Check] {
    var checks: [Check] = []
    for document in archive.documents {
        if document.fileExtension == "zip" {
            checks += try checkPaymentArchive(
                try Archive(try document.load(), name: document.path), canonical, schemas: schemas)
        } else if document.fileExtension == "txt" {
            var lines = LineSplitter(
                PaymentFileCheck(canonical, file: document.path, track: track(of: document.path), schemas: schemas))
            try archive.stream(document) { lines.add($0) }
            checks.append(lines.finish())
        }
    }
    return checks
}

/// "nonQP" contains "QP": ask for the longer name first.
private func track(of name: String) -> Track {
    let lower = name.lowercased().filter { $0 != "_" && $0 != "-" }
    return lower.contains("nonqp") || !lower.contains("qp") ? .nonQP : .qp
}

/// Cuts chunks into lines, whatever lies across their borders.
private struct LineSplitter {
    private var check: PaymentFileCheck
    private var rest: [UInt8] = []

    init(_ check: PaymentFileCheck) { self.check = check }

    mutating func add(_ chunk: [UInt8]) {
        var start = 0
        while let end = chunk[start...].firstIndex(of: 0x0A) {
            if rest.isEmpty {
                check.add(trimmed(chunk[start..<end]))
            } else {
                rest += chunk[start..<end]
                check.add(trimmed(rest[...]))
                rest.removeAll(keepingCapacity: true)
            }
            start = end + 1
        }
        rest += chunk[start...]
    }

    mutating func finish() -> Check {
        if rest.contains(where: { $0 > 0x20 }) { check.add(trimmed(rest[...])) }
        return check.check
    }

    private func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.last == 0x0D ? line.dropLast() : line
    }
}
