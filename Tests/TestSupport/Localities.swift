/// GPCI, ANES, LOCCO and OPPSCAP files in CMS's own layouts.
public struct Localities: Sendable {
    public struct Row: Sendable {
        public var mac, number, state, stateName, name: String
        public var unfloored, work, pe, mp: String
        public var factor, factorQP: String
        public var area = "STATEWIDE"
        public var counties = "ALL COUNTIES"
    }

    /// The two forms of GPCI's header since 2026, and the one before states were listed.
    public enum GPCIColumns: Sendable { case six, seven, eight }

    public var year: Int
    public var rows: [Row]
    public var gpciColumns: GPCIColumns
    public var lineEnd = "\r\n"

    public init(year: Int, rows: [Row] = Self.sample) {
        self.year = year
        self.rows = rows
        gpciColumns = year >= 2026 ? .eight : .seven
    }

    public static let sample = [
        Row(
            mac: "10112", number: "00", state: "AL", stateName: "ALABAMA", name: "ALABAMA", unfloored: "0.988",
            work: "1.000", pe: "0.875", mp: "0.566", factor: "19.53", factorQP: "19.63"),
        Row(
            mac: "02102", number: "01", state: "AK", stateName: "ALASKA", name: "ALASKA*", unfloored: "1.500",
            work: "1.500", pe: "1.065", mp: "0.551", factor: "28.15", factorQP: "28.29"),
        Row(
            mac: "03602", number: "21", state: "WY", stateName: "WYOMING", name: "WYOMING**", unfloored: "0.999",
            work: "1.000", pe: "1.000", mp: "0.860", factor: "20.15", factorQP: "20.25"),
        Row(
            mac: "01182", number: "18", state: "CA", stateName: "CALIFORNIA", name: "MADE-UP BAY, PORT",
            unfloored: "1.041",
            work: "1.041", pe: "1.183", mp: "0.664", factor: "21.26", factorQP: "21.36", counties: "ONE/TWO"),
    ]

    public var gpciCSV: String {
        let mac = "Medicare Administrative Contractor (MAC)"
        let others = ["\(year) PE GPCI", "\(year) MP GPCI"]
        let width = gpciColumns == .six ? 6 : gpciColumns == .seven ? 7 : 8
        let header: [String] =
            switch gpciColumns {
            case .six: [mac, "Locality Number", "Locality Name", "\(year) PW GPCI (with 1.0 Floor)"] + others
            case .seven:
                [mac, "State", "Locality Number", "Locality Name", "\(year) PW GPCI (with 1.0 Floor)***"] + others
            case .eight:
                [
                    mac, "State", "Locality Number", "Locality Name", "\(year) PW GPCI (without 1.0 Floor)",
                    "\(year) PW GPCI (with 1.0 Floor)",
                ]
                    + others
            }
        let records = rows.map { row in
            switch gpciColumns {
            case .six: [row.mac, row.number, row.name, row.work, row.pe, row.mp]
            case .seven: [row.mac, row.state, row.number, row.name, row.work, row.pe, row.mp]
            case .eight: [row.mac, row.state, row.number, row.name, row.unfloored, row.work, row.pe, row.mp]
            }
        }
        let title = "ADDENDUM E. FINAL CY \(year) GEOGRAPHIC PRACTICE COST INDICES (GPCIs) BY STATE"
        let note = "Note: the floor of 1.0, with a comma."
        return csv([[title], [], header] + records + [[], [note]], width: width)
    }

    public var gpciText: String {
        let records = rows.map { row in
            record(
                length: 150,
                [
                    (1...5, row.mac), (17...18, row.state), (25...26, row.number), (30...121, row.name),
                    (122...126, row.work), (134...138, row.pe), (146...150, row.mp),
                ])
        }
        return lines(
            ["ADDENDUM E. FINAL CY \(year) INDICES", "", "Medicare Admi State  Locality"] + records + [""], lineEnd)
    }

    public var anesCSV: String {
        let hasQP = year >= 2026
        let header =
            ["Contractor", "Locality", "Locality Name"]
            + (hasQP
                ? [
                    "Qualifying APM National Anes CF (with 2.5% statutory increase) of 20.599835",
                    "Non-Qualifying APM National Anes CF (with 2.5% Statutory increase)  of 20.49754",
                ] : ["National Anes CF of 22.2730"])
        let records = rows.map { row in
            [row.mac + " ", row.number + " ", row.name] + (hasQP ? [row.factorQP, row.factor] : [row.factor + " "])
        }
        return csv([header] + records + [[], []], width: header.count)
    }

    public var anesText: String {
        lines(
            rows.map { row in
                record(
                    length: 77,
                    [
                        (1...5, row.mac), (13...14, row.number), (19...58, row.name.filter { $0 != "*" }),
                        (74...77, row.factor.filter { $0 != "." }),
                    ])
            }, lineEnd) + "\u{1A}\n"
    }

    public var loccoCSV: String {
        let title = "COUNTIES INCLUDED IN \(year) LOCALITIES. (ALPHABETICALLY BY STATE)"
        let header = [
            "Medicare Adminstrative Contractor", "Locality Number", "State ", "Fee Schedule Area ", "Counties", "",
        ]
        let records = rows.map { [$0.mac, $0.number, $0.stateName + " ", $0.area, $0.counties, ""] }
        return csv(
            [[title], [], header, []] + records + [[], ["*  Payment locality is serviced by two carriers."]], width: 6)
    }

    public var loccoText: String {
        let records = rows.map { row in
            record(
                length: 202,
                [
                    (5...9, row.mac), (17...18, row.number), (23...45, row.stateName), (46...143, row.area),
                    (144...202, row.counties),
                ])
        }
        return lines(
            ["COUNTIES INCLUDED IN \(year) LOCALITIES. (ALPHABETICALLY)", "", "Medicare AdmiLocality", ""] + records
                + ["", "*  Payment locality is serviced by two carriers."], lineEnd)
    }

    private func csv(_ rows: [[String]], width: Int) -> String {
        lines(
            rows.map { row in
                (row.map(csvField) + Array(repeating: "", count: width - row.count)).joined(separator: ",")
            }, lineEnd)
    }
}

/// An OPPSCAP file.
public struct OPPSCaps: Sendable {
    public struct Row: Sendable {
        public var code, modifier, status, mac, number, price: String

        public init(code: String, modifier: String, status: String, mac: String, number: String, price: String) {
            self.code = code
            self.modifier = modifier
            self.status = status
            self.mac = mac
            self.number = number
            self.price = price
        }
    }

    public var rows: [Row]
    public var lineEnd = "\r\n"

    public init(_ rows: [Row]) { self.rows = rows }

    /// A price in every locality for each row of `pprrvu` that has values for the cap, as CMS prices it:
    /// every product exact, one rounding at the end.
    public init(of pprrvu: PPRRVU, in localities: [Localities.Row]) {
        func units(_ text: String) -> Int { Int(text.filter { $0 != "." }) ?? 0 }
        let capped = pprrvu.rows.filter { units($0["opps_pe_nonfacility"]) > 0 }
        rows = capped.flatMap { row in
            localities.map { locality in
                let index =
                    units(row["work"]) * units(locality.work) + units(row["opps_pe_nonfacility"]) * units(locality.pe)
                    + units(row["opps_mp"]) * units(locality.mp)
                let cents = (index * units(pprrvu.conversionFactor) + 5_000_000) / 10_000_000
                return Row(
                    code: row["code"], modifier: row["modifier"], status: row["status"], mac: locality.mac,
                    number: locality.number, price: hundredths(cents))
            }
        }
    }

    public var csv: String {
        lines(
            ["HCPCS,MOD,PROCSTAT,CARRIER,LOCALITY,FACILITY PRICE,NON-FACILTY PRICE"]
                + rows.map {
                    [$0.code, $0.modifier, $0.status, $0.mac, $0.number, $0.price, $0.price].joined(separator: ",")
                }
                + [",,,,,,"], lineEnd)
    }

    public var text: String {
        lines(
            rows.map { row in
                record(
                    length: 38,
                    [
                        (1...5, row.code), (6...7, row.modifier), (9...9, row.status), (11...15, row.mac),
                        (18...19, row.number), (20...28, row.price.padded(to: 9, toTheRight: true)),
                        (29...38, row.price.padded(to: 10, toTheRight: true)),
                    ])
            }, lineEnd)
    }
}
