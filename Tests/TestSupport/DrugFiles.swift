import Model

/// The two ASP files in CMS's layout: title, quarter, notices, labels, rows, and empty columns behind them.
public struct DrugFiles: Sendable {
    public var quarter = "Effective January 1, 2019 through March 31, 2019"
    /// Empty columns behind the last one with a label.
    public var limitPadding = 1
    public var productPadding = 126
    public var limitLabels = [
        "HCPCS Code", "Short Description", "HCPCS Code Dosage", "Payment Limit", "Co-insurance Percentage",
        "Vaccine AWP%", "Vaccine Limit", "Blood AWP%", "Blood limit", "Clotting Factor", "Notes",
    ]
    public var productLabels = [
        "_2019_CODE", "Short Description", "LABELER NAME", "NDC2", "Drug Name", "HCPCS dosage", "PKG SIZE", "PKG QTY",
        "BILLUNITS", "BILLUNITSPKG",
    ]
    public var limits: [[String]] = [
        ["90001", "Withheld text", "0.5 ML", "98.160", "0.000", "95", "98.160", "", "", "", "See a page"],
        ["A9001", "Made up dose", "1 microCurie", "N/A", "20.000", "", "", "", "", "", "AWP = $1\nWAC = $2"],
        ["J0001", "Made up drug, 1 mg", "1 MG", "0.144", "19.275", "", "", "", "", "", "Lowered"],
        ["J0002", "Made up gel", "1 G", "1931.812", "20.000", "", "", "", "", "1", ""],
        ["P0001", "Made up blood", "UNIT", "10.615", "20.000", "", "", "95", "10.615", "", ""],
    ]
    public var products: [[String]] = [
        ["J0001", "Made up drug, 1 mg", "Maker, Inc.", "00001-0002-03", "Inventol ", "1 MG", "1", "10", "0.25", "2.5"],
        ["J0001", "Made up drug, 1 mg", "MAKER, INC.", "00001-0002-04", "INVENTOL", "1 mg", "0.5", "1", "0.5", "1"],
        ["J0001", "Made up drug, 1 mg", "Other maker", "GG100", "Fancyol", "1  MG", ".5", "3", "1.50", "4.5"],
        ["J0002", "Made up gel", "Maker, Inc.", "00001-0005-06", "Gelol\n", "1 G", "1", "1", "1", "1"],
    ]

    public init() {}

    public var limitsCSV: String {
        csv(
            [["Payment Allowance Limits for Medicare Part B Drugs"], [], [quarter], []]
                + [["Note 1: amounts are based on 3Q18 ASP data."], ["Note 2: a comma, in 2018."], [], []]
                + [limitLabels] + limits, padding: limitPadding)
    }

    public var productsCSV: String {
        csv(
            [["January 2019 ASP NDC - HCPCS Crosswalk for Medicare Part B Drugs"], ["     \(quarter)"], []]
                + [["A notice."], [], [], [], []] + [productLabels] + products, padding: productPadding)
    }

    private func csv(_ rows: [[String]], padding: Int) -> String {
        let width = (rows.map(\.count).max() ?? 0) + padding
        return rows.map { row in
            (row.map(field) + Array(repeating: "", count: width - row.count)).joined(separator: ",") + "\r\n"
        }.joined()
    }

    private func field(_ text: String) -> String {
        text.utf8.contains { $0 == 0x2C || $0 == 0x0A || $0 == 0x22 }
            ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
}

extension ReleaseFiles {
    /// Adds both ASP files.
    public mutating func add(_ drugs: DrugFiles) {
        add(.aspPaymentLimits, .csv, drugs.limitsCSV)
        add(.aspCrosswalk, .csv, drugs.productsCSV)
    }
}
