/// A PPRRVU file in CMS's own layout, written here a second time and by hand: the tests would prove nothing if
/// they laid their files out by the tables they are to check.
public struct PPRRVU: Sendable {
    public struct Row: Sendable {
        public var values: [String: String]

        /// A row with the given values in hundredths, totals that add up and indicators that say "does not apply".
        public init(
            _ code: String, _ modifier: String = "", status: String = "A", work: Int = 0, nonfacility: Int = 0,
            facility: Int = 0, mp: Int = 0, _ others: [String: String] = [:]
        ) {
            values = [
                "code": code, "modifier": modifier, "descriptor": "", "status": status,
                "work": hundredths(work), "pe_nonfacility": hundredths(nonfacility),
                "pe_facility": hundredths(facility), "mp": hundredths(mp),
                "total_nonfacility": hundredths(work + nonfacility + mp),
                "total_facility": hundredths(work + facility + mp), "pctc": "0", "global_days": "XXX",
                "pre_op": "0.00", "intra_op": "0.00", "post_op": "0.00", "multiple_procedure": "0",
                "bilateral": "0", "assistant_surgeon": "0", "co_surgeon": "0", "team_surgeon": "0",
                "supervision": "09", "calculation_flag": "0", "imaging_family": "99",
                "opps_pe_nonfacility": "0.00", "opps_pe_facility": "0.00", "opps_mp": "0.00",
            ]
            values.merge(others) { _, new in new }
        }

        /// `99213`, `71046-26`.
        public var key: String { self["modifier"].isEmpty ? self["code"] : "\(self["code"])-\(self["modifier"])" }

        public subscript(name: String) -> String {
            get { values[name] ?? "" }
            set { values[name] = newValue }
        }
    }

    public struct Column: Sendable {
        public let name: String
        let labels: [String]
        /// 1-based, inclusive.
        public let position: ClosedRange<Int>
    }

    public var year: Int
    public var month = "January"
    public var conversionFactor: String
    /// PRIC IND, 2026 on.
    public var pricing: String
    public var rows: [Row]
    /// What stands above the header; CMS's title, notices and posting date unless changed.
    public var preamble: [String]
    public var lineEnd = "\r\n"

    public init(year: Int, conversionFactor: String = "36.0391", pricing: String = "9", rows: [Row] = Self.sample) {
        self.year = year
        self.conversionFactor = conversionFactor
        self.pricing = pricing
        self.rows = rows
        preamble = [
            ",,\(year) National Physician Fee Schedule Relative Value File January Release", ",,Notice one.",
            ",,Notice two.",
            "", ",,RELEASED 12/23/\(year - 1)",
        ]
    }

    /// The columns of `year`, in CMS's order.
    public static func columns(year: Int) -> [Column] {
        columns.filter { year >= 2026 || $0.name != "pricing_indicator" }
    }

    public func value(_ column: Column, _ row: Row) -> String {
        switch column.name {
        case "conversion_factor": row.values["conversion_factor"] ?? conversionFactor
        case "pricing_indicator": row.values["pricing_indicator"] ?? pricing
        default: row[column.name]
        }
    }

    /// The stacked header and the rows as CSV.
    public var csv: String {
        let columns = Self.columns(year: year)
        let depth = columns.map(\.labels.count).max() ?? 0
        let header = (0..<depth).map { level in
            columns.map { column in
                let index = level - (depth - column.labels.count)
                return index < 0 ? "" : column.labels[index]
            }.joined(separator: ",")
        }
        let padding = String(repeating: ",", count: columns.count - 3)
        let records = rows.map { row in columns.map { csvField(value($0, row)) }.joined(separator: ",") }
        return lines(preamble.map { $0 + padding } + header + records, lineEnd)
    }

    /// The seven notices and the rows as 171-byte records.
    public var text: String {
        let notices = (1...7).map { "HDR NOTICE \($0)".padded(to: 50) }
        let records = rows.map { row in
            record(
                length: 171,
                Self.columns(year: year).map { column in
                    let text = value(column, row)
                    return switch column.name {
                    // No room for the zero before the point.
                    case "pre_op", "intra_op", "post_op":
                        (column.position, text.hasPrefix("0.") ? String(text.dropFirst()) : text)
                    default:
                        (
                            column.position,
                            text.contains(".") ? text.padded(to: column.position.count, toTheRight: true) : text
                        )
                    }
                })
        }
        return lines(notices + records, lineEnd)
    }

    private static let columns: [Column] = [
        ("code", "HCPCS", 1...5), ("modifier", "MOD", 6...7), ("descriptor", "DESCRIPTION", 8...57),
        ("status", "STATUS|CODE", 58...58), ("not_used_flag", "NOT USED|FOR|MEDICARE |PAYMENT", 59...59),
        ("work", "WORK|RVU", 60...65), ("pe_nonfacility", "NON-FAC|PE RVU", 67...72),
        ("pe_nonfacility_na", "NON-FAC|NA|INDICATOR", 73...74), ("pe_facility", "FACILITY|PE RVU", 76...81),
        ("pe_facility_na", "FACILITY |NA|INDICATOR", 82...83), ("mp", "MP|RVU", 85...89),
        ("total_nonfacility", "NON-FACILITY|TOTAL", 91...96), ("total_facility", "FACILITY|TOTAL", 97...102),
        ("pctc", "PCTC|IND", 103...103), ("global_days", "GLOB|DAYS", 104...106), ("pre_op", "PRE|OP", 107...109),
        ("intra_op", "INTRA|OP", 110...112), ("post_op", "POST|OP", 113...115),
        ("multiple_procedure", "MULT|PROC", 116...116), ("bilateral", "BILAT|SURG", 117...117),
        ("assistant_surgeon", "ASST|SURG", 118...118), ("co_surgeon", "CO-|SURG", 119...119),
        ("team_surgeon", "TEAM|SURG", 120...120), ("pricing_indicator", "PRIC|IND", 121...121),
        ("endoscopic_base", "ENDO|BASE", 128...132), ("conversion_factor", "CONV|FACTOR", 133...140),
        ("supervision", "PHYSICIAN|SUPERVISION OF|DIAGNOSTIC|PROCEDURES", 142...143),
        ("calculation_flag", "CALCULATION|FLAG", 144...144),
        ("imaging_family", "DIAGNOSTIC|IMAGING|FAMILY|INDICATOR", 146...147),
        ("opps_pe_nonfacility", "NON-FACILITY|PE USED|FOR OPPS|PAYMENT|AMOUNT", 152...157),
        ("opps_pe_facility", "FACILITY|PE USED|FOR OPPS|PAYMENT|AMOUNT", 159...164),
        ("opps_mp", "MP USED|FOR OPPS|PAYMENT|AMOUNT", 166...171),
    ].map { Column(name: $0.0, labels: $0.1.split(separator: "|").map(String.init), position: $0.2) }

    /// Rows of every status and pattern that the rules tell apart. Codes and numbers only: texts are made up
    /// and stand on Level II codes, or say that they must not be shown.
    public static let sample: [Row] = {
        let notApplicable = [
            "pctc": "9", "multiple_procedure": "9", "bilateral": "9", "assistant_surgeon": "9", "co_surgeon": "9",
            "team_surgeon": "9",
        ]
        func imaging(_ extra: [String: String] = [:]) -> [String: String] {
            ["pctc": "1", "multiple_procedure": "4", "imaging_family": "88", "supervision": "01"]
                .merging(extra) { _, new in new }
        }
        func unvalued(_ code: String, _ status: String, _ text: String = "") -> Row {
            Row(code, status: status, notApplicable.merging(["descriptor": text]) { _, new in new })
        }
        return [
            unvalued("00100", "J"),
            Row(
                "10060", work: 120, nonfacility: 200, facility: 150, mp: 12,
                [
                    "global_days": "010", "pre_op": "0.10", "intra_op": "0.80", "post_op": "0.10",
                    "multiple_procedure": "2",
                ]),
            Row(
                "43235", work: 210, nonfacility: 640, facility: 110, mp: 25,
                ["multiple_procedure": "2", "global_days": "000"]),
            Row(
                "43239", work: 230, nonfacility: 800, facility: 120, mp: 26,
                ["multiple_procedure": "3", "endoscopic_base": "43235", "global_days": "000"]),
            Row(
                "71046", work: 18, nonfacility: 70, facility: 70, mp: 3,
                imaging(["opps_pe_nonfacility": "0.90", "opps_pe_facility": "0.90", "opps_mp": "0.02"])),
            Row("71046", "26", work: 18, nonfacility: 7, facility: 7, mp: 1, imaging()),
            Row(
                "71046", "TC", nonfacility: 63, facility: 63, mp: 2,
                imaging(["pe_facility_na": "NA", "opps_pe_nonfacility": "0.80", "opps_pe_facility": "0.80"])),
            Row("99213", work: 130, nonfacility: 135, facility: 57, mp: 10, ["descriptor": "withheld text"]),
            unvalued("9991F", "M"),
            unvalued("9991T", "C"),
            unvalued("A0001", "X", "Made up ride"),
            unvalued("D0001", "N", "withheld text"),
            Row("G0001", work: 45, nonfacility: 34, facility: 18, mp: 3, ["descriptor": "Made up exam"]),
            Row(
                "G0002", status: "N", work: 50, nonfacility: 40, facility: 40, mp: 2,
                ["descriptor": "Made up visit", "not_used_flag": "+"]),
            Row("G0003", status: "B", notApplicable),
            Row("G0004", status: "R", work: 80, nonfacility: 60, facility: 60, mp: 5, ["descriptor": "Made up test"]),
            unvalued("G0005", "R", "Made up rental"),
            Row("G0117", status: "T", work: 45, nonfacility: 30, facility: 20, mp: 2),
            unvalued("J0001", "E", "Made up drug, 1 mg"),
            unvalued("P0001", "P"),
            unvalued("S0001", "I"),
        ]
    }()
}

func hundredths(_ number: Int) -> String { "\(number / 100).\(number % 100 < 10 ? "0" : "")\(number % 100)" }

func csvField(_ text: String) -> String {
    text.contains { $0 == "," || $0 == "\"" || $0 == "\n" } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
}

func lines(_ lines: [String], _ end: String) -> String { lines.map { $0 + end }.joined() }

/// A fixed-width record with each text at its 1-based position.
func record(length: Int, _ fields: [(position: ClosedRange<Int>, text: String)]) -> String {
    var characters = [UInt8](repeating: 0x20, count: length)
    for (position, text) in fields {
        for (index, byte) in zip(position, text.utf8) { characters[index - 1] = byte }
    }
    return String(decoding: characters, as: UTF8.self)
}

extension String {
    func padded(to width: Int, toTheRight: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - count))
        return toTheRight ? blanks + self : self + blanks
    }
}
