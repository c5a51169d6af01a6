import JSON
public import Model

/// What `manifest.json` says of a revision: which release it is, what it was made from, how its checks came out, and
/// every file with its size and hash.
public struct Manifest: Sendable {
    /// Which release this is and for which days of service it holds.
    public struct Release: Hashable, Sendable {
        /// The release's label and the revision's number.
        public let name: RevisionName
        /// The first day of service for which the values hold.
        public let effectiveFrom: CalendarDate
        /// The last day of service for which they hold.
        public let effectiveTo: CalendarDate
        /// The day on which CMS posted PPRRVU; `nil` where the file does not say.
        public let released: CalendarDate?

        /// CMS's label, `RVU26A`.
        public var label: String { name.label }
        /// The revision's number, from 1.
        public var revision: Int { name.number }

        /// Whether the values hold for a day of service.
        public func holds(on day: CalendarDate) -> Bool { effectiveFrom <= day && day <= effectiveTo }
    }

    /// One of CMS's or the editors' files that the dataset was made from.
    public struct Input: Hashable, Sendable {
        /// The file's name, or `archive.zip/MEMBER`.
        public let path: String
        /// Lower-case hex.
        public let sha256: String
        /// Size in bytes.
        public let bytes: Int
        /// What it was used for: `primary`, `witness`, `overlay`, …
        public let role: String
        /// Which of CMS's tables it is, `pprrvu`; `nil` for other files.
        public let table: String?
        /// `CSV`, `TXT` or `XLSX`; `nil` for other files.
        public let form: String?
        /// How many rows it has; `nil` for other files.
        public let rows: Int?
    }

    /// The score of a check that was made before the revision was published.
    public struct Check: Hashable, Sendable {
        /// Stable identifier: `row_totals`, `oppscap`, …
        public let id: String
        /// How many values or rows were looked at.
        public let checked: Int
        /// How many were as they should be.
        public let matched: Int
        /// How many differ because of a known defect of CMS's own.
        public let explained: Int
        /// How many differ without one.
        public let failed: Int
        /// The reason for which failures were let through; `nil` where none were.
        public let allowed: String?
    }

    /// A file of the revision.
    public struct File: Hashable, Sendable {
        /// Path below the revision's folder.
        public let path: String
        /// Lower-case hex.
        public let sha256: String
        /// Size in bytes.
        public let bytes: Int
        /// Rows or documents; `nil` for files that have neither.
        public let rows: Int?
        /// The licence of what it holds.
        public let license: String
    }

    /// The version of the emitted shape, `1.3.0`. This library reads every 1.x.
    public let schemaVersion: String
    public let release: Release
    /// The revision's place in its store's order of publication, from 1; `nil` before shape 1.3.
    public let sequence: Int?
    /// The program that made it and its version.
    public let tool: (name: String, version: String)
    /// Which descriptors it carries.
    public let tier: Tier
    /// Under which terms, as a sentence to show.
    public let license: String
    /// `sha256:` and the hash of what the tables say, whatever file and line it came from.
    public let contentHash: String
    /// Dollars per RVU.
    public let conversionFactors: ConversionFactors<ConversionFactor>
    /// National dollars per anesthesia unit; `nil` without CMS's ANES file.
    public let anesthesiaConversionFactors: ConversionFactors<AnesthesiaConversionFactor>?
    /// How many there are of `codes`, `relative_values`, `localities`, …
    public let counts: [String: Int]
    /// CMS's tables that the inputs did not hold, `oppscap`; their values are missing.
    public let missingInputs: [String]
    /// The checks that were made before it was published.
    public let checks: [Check]
    /// The files that it was made from.
    public let inputs: [Input]
    /// The files of the revision; the manifest itself and what vouches for it are none of them.
    public let files: [File]

    /// The revision's name, `RVU26A-r1`.
    public var name: RevisionName { release.name }

    /// The entry of the file at `path`; `nil` when the revision has none.
    public func file(_ path: String) -> File? { files.first { $0.path == path } }

    /// Reads the bytes of a `manifest.json`.
    /// - Throws: when they are no manifest, or one of a shape that this library does not know.
    public init(_ bytes: [UInt8]) throws(IngestError) {
        let json: JSONValue
        do { json = try JSONValue(bytes) } catch {
            throw unreadable("it is no JSON from byte \(error.offset) on")
        }
        schemaVersion = try text(json, "schema_version")
        guard schemaVersion.hasPrefix("1.") else {
            throw IngestError(
                .badData, "schema_version_unknown", at: Place("manifest.json"),
                "it is of shape \(schemaVersion); shapes 1.x are read here", hint: "Use a newer version of the library."
            )
        }
        let release = json["release"] ?? .null
        let window = release["effective"] ?? .null
        guard let from = CalendarDate(iso: try text(window, "from")), let to = CalendarDate(iso: try text(window, "to"))
        else { throw unreadable("the days for which the release holds are no dates") }
        self.release = Release(
            name: RevisionName(label: try text(release, "label"), number: try number(release, "revision")),
            effectiveFrom: from, effectiveTo: to,
            released: release["released"]?.string.flatMap { CalendarDate(iso: $0) })
        sequence = json["sequence"]?.integer
        let tool = json["tool"] ?? .null
        self.tool = (try text(tool, "name"), try text(tool, "version"))
        let tierName = try text(json, "tier")
        guard let tier = Tier(rawValue: tierName) else { throw unreadable("'\(tierName)' is no tier") }
        self.tier = tier
        license = try text(json, "license")
        contentHash = try text(json, "content_hash")
        guard let factors: ConversionFactors<ConversionFactor> = readFactors(json["conversion_factors"]) else {
            throw unreadable("it has no conversion factor")
        }
        conversionFactors = factors
        anesthesiaConversionFactors = readFactors(json["anesthesia_conversion_factors"])
        var counts: [String: Int] = [:]
        for member in json["counts"]?.members ?? [] { counts[member.key] = member.value.integer }
        self.counts = counts
        missingInputs = (json["missing_inputs"]?.elements ?? []).compactMap(\.string)
        var checks: [Check] = []
        for check in json["verification"]?["checks"]?.elements ?? [] {
            checks.append(
                Check(
                    id: try text(check, "id"), checked: try number(check, "checked"),
                    matched: try number(check, "matched"), explained: try number(check, "explained"),
                    failed: try number(check, "failed"), allowed: check["allowed"]?.string))
        }
        self.checks = checks
        var inputs: [Input] = []
        for input in json["inputs"]?.elements ?? [] {
            inputs.append(
                Input(
                    path: try text(input, "path"), sha256: try text(input, "sha256"), bytes: try number(input, "bytes"),
                    role: try text(input, "role"), table: input["table"]?.string, form: input["form"]?.string,
                    rows: input["rows"]?.integer))
        }
        self.inputs = inputs
        var files: [File] = []
        for file in json["files"]?.elements ?? [] {
            let path = try text(file, "path")
            guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
                throw unreadable("'\(path)' is no path below the revision")
            }
            files.append(
                File(
                    path: path, sha256: try text(file, "sha256"), bytes: try number(file, "bytes"),
                    rows: file["rows"]?.integer, license: file["license"]?.string ?? ""))
        }
        self.files = files
    }
}

private func unreadable(_ what: String) -> IngestError {
    IngestError(
        .badData, "manifest_unreadable", at: Place("manifest.json"), "the manifest cannot be read: \(what)",
        hint: "Restore the revision from a copy; nothing may change in it.")
}

private func text(_ json: JSONValue, _ key: String) throws(IngestError) -> String {
    guard let text = json[key]?.string else { throw unreadable("it has no text for '\(key)'") }
    return text
}

private func number(_ json: JSONValue, _ key: String) throws(IngestError) -> Int {
    guard let number = json[key]?.integer else { throw unreadable("it has no number for '\(key)'") }
    return number
}

/// The factors of both tracks, from the digits that the manifest shows; `nil` where there is none.
private func readFactors<Factor: ExactDecimal>(_ json: JSONValue?) -> ConversionFactors<Factor>? {
    guard let nonQP = Factor(json?["non_qp"]?.text ?? "") else { return nil }
    return ConversionFactors(nonQP: nonQP, qp: Factor(json?["qp"]?.text ?? ""))
}
