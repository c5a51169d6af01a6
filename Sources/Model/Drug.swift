/// An exact decimal with as many places as its value needs: CMS writes `0.25`, `1.25` and `400` in one column.
/// Trailing zeros are not kept.
public struct WrittenDecimal: Hashable, Sendable, CustomStringConvertible {
    /// Units of 10^-`places`.
    public let units: Int64
    /// Digits behind the point, at most 6.
    public let places: Int

    /// The most digits that may stand behind the point.
    public static let mostPlaces = 6

    public init(units: Int64, places: Int) {
        var units = units
        var places = places
        while places > 0, units % 10 == 0 {
            units /= 10
            places -= 1
        }
        self.units = units
        self.places = places
    }

    /// Reads digits, optionally a point and at most six digits, at most twelve in all: `400`, `.5`, `0.25`, `1.50`.
    /// Anything else, a sign included, is `nil`.
    public init?(_ text: some Collection<UInt8>) {
        var units: Int64 = 0
        var digits = 0
        var places: Int?
        for byte in text {
            if byte == UInt8(ascii: ".") {
                guard places == nil else { return nil }
                places = 0
                continue
            }
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            if let behind = places { places = behind + 1 }
            digits += 1
            guard digits <= 12 else { return nil }
            units = units * 10 + Int64(digit)
        }
        guard digits > 0, places != 0, places ?? 0 <= Self.mostPlaces else { return nil }
        self.init(units: units, places: places ?? 0)
    }

    public init?(_ text: String) { self.init(text.utf8) }

    /// `0.25`, `400`.
    public var description: String {
        var bytes: [UInt8] = []
        appendDecimal(units, places: places, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The exact product; `nil` when it has more digits than there is room for.
    public static func * (left: Self, right: Self) -> Self? {
        let (product, overflows) = left.units.multipliedReportingOverflow(by: right.units)
        return overflows ? nil : Self(units: product, places: left.places + right.places)
    }

    /// The smallest whole number that is not smaller.
    public var roundedUp: Self {
        var divisor: Int64 = 1
        for _ in 0..<places { divisor *= 10 }
        return Self(units: units / divisor + (units % divisor > 0 ? 1 : 0), places: 0)
    }
}

/// US dollars per dosage unit as ASP files print them, in thousandths.
public struct PaymentLimit: ExactDecimal {
    public static let places = 3
    public let units: Int64
    public init(units: Int64) { self.units = units }
}

/// A share in thousandths of a percent: `20.000`.
public struct Percentage: ExactDecimal {
    public static let places = 3
    public let units: Int64
    public init(units: Int64) { self.units = units }
}

/// The days for which an ASP file's amounts hold: a quarter, as a line before its header says.
public struct DrugQuarter: Hashable, Sendable, CustomStringConvertible {
    public let from: CalendarDate
    public let to: CalendarDate

    /// - Returns: `nil` for days that are not the first and the last of one quarter.
    public init?(from: CalendarDate, to: CalendarDate) {
        guard from.year == to.year, from.day == 1, from.month % 3 == 1, to.month == from.month + 2,
            CalendarDate(year: to.year, month: to.month, day: to.day + 1) == nil
        else { return nil }
        self.from = from
        self.to = to
    }

    /// Reads CMS's sentence, in any letter case: `Effective January 1, 2026 through March 31, 2026`.
    public init?(sentence: String) {
        let words = sentence.uppercased().split { !$0.isLetter && !$0.isNumber }
        guard words.count == 8, words[0] == "EFFECTIVE", words[4] == "THROUGH",
            let from = CalendarDate(words: words[1...3]), let to = CalendarDate(words: words[5...7])
        else { return nil }
        self.init(from: from, to: to)
    }

    /// Whether `day` is one of them.
    public func contains(_ day: CalendarDate) -> Bool { from <= day && day <= to }

    /// `2026Q1`.
    public var description: String { "\(from.year)Q\((from.month + 2) / 3)" }
}

/// What Medicare Part B pays for a drug or biological in a quarter: a row of CMS's ASP pricing file.
public struct DrugPaymentLimit: Sendable, Equatable {
    /// HCPCS Code.
    public var code: Code
    public var quarter: DrugQuarter
    /// HCPCS Code Dosage: the amount that one billing unit is.
    public var dosage: String?
    /// Payment Limit, per billing unit; `nil` where CMS prints N/A or nothing.
    public var limit: PaymentLimit?
    /// Co-insurance Percentage: below 20 where prices rose faster than inflation.
    public var coinsurance: Percentage?
    /// Vaccine AWP%: the share of the average wholesale price that the limit is.
    public var vaccineAWPPercent: WrittenDecimal?
    /// Vaccine Limit.
    public var vaccineLimit: PaymentLimit?
    /// Blood AWP%.
    public var bloodAWPPercent: WrittenDecimal?
    /// Blood limit.
    public var bloodLimit: PaymentLimit?
    /// Clotting Factor: the furnishing fee is paid in addition.
    public var isClottingFactor: Bool
    /// Notes.
    public var notes: String?
    public var source: Source

    public init(code: Code, quarter: DrugQuarter, dosage: String?, source: Source) {
        self.code = code
        self.quarter = quarter
        self.dosage = dosage
        self.source = source
        isClottingFactor = false
    }
}

/// A product that is billed under a code: a row of CMS's ASP NDC–HCPCS crosswalk.
public struct DrugProduct: Sendable, Equatable {
    public var code: Code
    public var quarter: DrugQuarter
    /// NDC2: a National Drug Code as 5-4-2 with hyphens, or what the labeler has instead, as printed.
    public var ndc: String
    /// LABELER NAME.
    public var labeler: String
    /// Drug Name: brand name, or the generic one of a product without.
    public var drugName: String
    /// HCPCS dosage: the amount that one billing unit is.
    public var dosage: String
    /// PKG SIZE: amount in each item of the package.
    public var packageSize: WrittenDecimal
    /// PKG QTY: items in the package.
    public var packageQuantity: WrittenDecimal
    /// BILLUNITS: billing units in each item.
    public var billingUnits: WrittenDecimal
    /// BILLUNITSPKG: billing units in the package.
    public var billingUnitsPerPackage: WrittenDecimal
    public var source: Source

    public init(
        code: Code, quarter: DrugQuarter, ndc: String, labeler: String, drugName: String, dosage: String,
        packageSize: WrittenDecimal, packageQuantity: WrittenDecimal, billingUnits: WrittenDecimal,
        billingUnitsPerPackage: WrittenDecimal, source: Source
    ) {
        self.code = code
        self.quarter = quarter
        self.ndc = ndc
        self.labeler = labeler
        self.drugName = drugName
        self.dosage = dosage
        self.packageSize = packageSize
        self.packageQuantity = packageQuantity
        self.billingUnits = billingUnits
        self.billingUnitsPerPackage = billingUnitsPerPackage
        self.source = source
    }
}

/// What the ASP files of a quarter say of a code: at least one of payment limit and products.
public struct DrugFacts: Sendable, Equatable {
    public var paymentLimit: DrugPaymentLimit?
    /// Sorted by NDC.
    public var products: [DrugProduct]

    /// - Returns: `nil` when there is neither limit nor product.
    public init?(paymentLimit: DrugPaymentLimit?, products: [DrugProduct]) {
        guard paymentLimit != nil || !products.isEmpty else { return nil }
        self.paymentLimit = paymentLimit
        self.products = products
    }

    /// The quarter of the payment limit, else that of the products.
    public var quarter: DrugQuarter? { paymentLimit?.quarter ?? products.first?.quarter }

    /// The amount that one billing unit is: the payment limits' wording, else the crosswalk's.
    public var dosage: String? { paymentLimit?.dosage ?? products.first?.dosage }

    /// The products' names, each once whatever its letter case, in alphabetical order.
    public var brandNames: [String] { Self.distinct(products.lazy.map(\.drugName)) }

    /// The products' labelers, each once whatever its letter case, in alphabetical order.
    public var labelers: [String] { Self.distinct(products.lazy.map(\.labeler)) }

    /// Names of which none differs from another by the case of letters alone, in the order of the alphabet.
    public static func distinct(_ names: some Sequence<String>) -> [String] {
        var seen: Set<String> = []
        var kept: [(folded: String, name: String)] = []
        for name in names {
            let folded = name.lowercased()
            if seen.insert(folded).inserted { kept.append((folded, name)) }
        }
        return kept.sorted { $0.folded < $1.folded }.map(\.name)
    }
}

extension DrugPaymentLimit: TableRow {
    public static let table = "drug_payment_limits"

    public static let columns = [
        "code", "quarter", "payment_limit", "dosage", "coinsurance", "vaccine_awp_percent", "vaccine_limit",
        "blood_awp_percent", "blood_limit", "clotting_factor", "notes",
    ]

    public var cells: [Cell] {
        [
            .text(code), .text(quarter.description), .decimal(limit), .text(dosage), .decimal(coinsurance),
            .decimal(vaccineAWPPercent), .decimal(vaccineLimit),
            .decimal(bloodAWPPercent), .decimal(bloodLimit), .flag(isClottingFactor), .text(notes),
        ]
    }
}

extension DrugProduct: TableRow {
    public static let table = "drug_products"

    public static let columns = [
        "code", "ndc", "quarter", "labeler", "drug_name", "dosage", "package_size", "package_quantity",
        "billing_units", "billing_units_per_package",
    ]

    public var cells: [Cell] {
        [
            .text(code), .text(ndc), .text(quarter.description), .text(labeler), .text(drugName), .text(dosage),
            .decimal(packageSize), .decimal(packageQuantity), .decimal(billingUnits),
            .decimal(billingUnitsPerPackage),
        ]
    }
}

extension CalendarDate {
    /// Month, day and year as words: `JANUARY`, `1`, `2026`; months may be cut to three letters or more.
    fileprivate init?(words: ArraySlice<Substring>) {
        let months = [
            "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER",
            "NOVEMBER",
            "DECEMBER",
        ]
        guard words.count == 3, let name = words.first, name.count >= 3,
            let month = months.firstIndex(where: { $0.hasPrefix(name) }), let day = Int(words[words.startIndex + 1]),
            let year = words.last.flatMap({ Int($0) })
        else { return nil }
        self.init(year: year, month: month + 1, day: day)
    }
}

extension Cell {
    public static func decimal(_ value: WrittenDecimal) -> Cell { .decimal(value.units, places: value.places) }

    public static func decimal(_ value: WrittenDecimal?) -> Cell { value.map { .decimal($0) } ?? .null }
}
