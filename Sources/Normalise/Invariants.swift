import Model
import Schemas

/// Rules that hold between the columns of PPRRVU on (nearly) every row of every release. A few exceptions
/// are CMS's own and are reported; many at once mean that columns are shifted, and fail.
struct Invariants {
    /// The share of rows that may break a rule before the file is refused: one in a hundred. CMS's worst
    /// release broke one on 24 of 477 rows of one indicator; that rule is exempt (see `imaging_family`).
    static let tolerated = 100

    private struct Rule {
        let id: String
        let meaning: String
        var applies = 0
        var broken: [RelativeValue] = []
        var failsWhenFrequent = true

        mutating func test(_ row: RelativeValue, _ holds: Bool) {
            applies += 1
            if !holds { broken.append(row) }
        }
    }

    /// - Returns: a warning for each exception, or an error for a rule that is broken too often.
    static func diagnostics(rows: [RelativeValue], schemas: Schemas) -> Diagnostics {
        var endoscopy = Rule(id: "endoscopic_base", meaning: "an endoscopic base is given exactly where MULT PROC is 3")
        var baseExists = Rule(id: "endoscopic_base_exists", meaning: "the endoscopic base is itself in the file")
        var imaging = Rule(id: "imaging_family", meaning: "imaging family 88 goes with MULT PROC 4")
        imaging.failsWhenFrequent = false
        var notUsed = Rule(
            id: "not_used_flag", meaning: "+ stands exactly where there are RVUs and the status is not A, R or T")
        var nonfacilityNA = Rule(id: "nonfacility_na", meaning: "a non-facility PE marked NA equals the facility PE")
        var facilityNA = Rule(id: "facility_na", meaning: "a facility PE marked NA equals the non-facility PE")
        var package = Rule(
            id: "global_package", meaning: "the shares of a 010 or 090 package add up to 1.00, all others are 0")
        var discontinued = Rule(id: "modifier_53", meaning: "modifier 53 stands on 44388, 45378, G0105 and G0121 only")
        var unvalued = Rule(id: "status_without_rvus", meaning: "statuses C, E, J, M and P have no RVUs")
        var valued = Rule(id: "status_a_valued", meaning: "status A has RVUs")
        var anesthesia = Rule(id: "status_j", meaning: "status J is anesthesia (00100–01999), and anesthesia is J")
        var triple = Rule(id: "component_rows", meaning: "PC/TC indicator 1 has the rows blank, 26 and TC")
        var components = Rule(id: "component_sum", meaning: "status A: the global row is the sum of 26 and TC")
        var pricing = Rule(id: "pricing_indicator", meaning: "PRIC IND is the same on every row")

        let codes = Set(rows.map(\.key.code))
        let discontinuedCodes = Set(["44388", "45378", "G0105", "G0121"].compactMap { Code($0) })
        let none = RVU.zero
        for row in rows {
            let hasRVUs = row.isValued
            endoscopy.test(row, row.endoscopicBase.isBlank == (row.multipleProcedure != Indicator("3")))
            if !row.endoscopicBase.isBlank { baseExists.test(row, codes.contains(row.endoscopicBase)) }
            imaging.test(row, (row.imagingFamily == Indicator("88")) == (row.multipleProcedure == Indicator("4")))
            let pays = [UInt8(ascii: "A"), UInt8(ascii: "R"), UInt8(ascii: "T")].contains(row.status[0])
            notUsed.test(row, row.isNotUsedForPayment == (hasRVUs && !pays))
            if row.isNonfacilityNA { nonfacilityNA.test(row, row.peNonfacility == row.peFacility) }
            if row.isFacilityNA { facilityNA.test(row, row.peNonfacility == row.peFacility) }
            let shares = row.preOp.units + row.intraOp.units + row.postOp.units
            let isPackage = row.globalDays == Indicator("010") || row.globalDays == Indicator("090")
            package.test(row, shares == (isPackage ? 100 : 0))
            if row.key.modifier == Modifier("53") {
                discontinued.test(row, discontinuedCodes.contains(row.key.code))
            }
            if [UInt8(ascii: "C"), UInt8(ascii: "E"), UInt8(ascii: "J"), UInt8(ascii: "M"), UInt8(ascii: "P")]
                .contains(row.status[0])
            {
                unvalued.test(row, row.totalNonfacility == none && row.totalFacility == none)
            }
            if row.status == Indicator("A") { valued.test(row, hasRVUs) }
            let isAnesthesia =
                row.key.code.bits >= (Code("00100")?.bits ?? 0) && row.key.code.bits <= (Code("01999")?.bits ?? 0)
                && row.key.code.hasAssignedShape && (0x30...0x39).contains(row.key.code[4])
            anesthesia.test(row, (row.status == Indicator("J")) == isAnesthesia)
            pricing.test(row, row.pricing == rows[0].pricing)
        }
        // One code's rows stand together: rows are sorted by key.
        for group in rows.chunked(by: { $0.key.code == $1.key.code }) {
            guard let first = group.first else { continue }
            let modifiers = Set(group.map(\.key.modifier))
            let complete = Set([Modifier.blank] + ["26", "TC"].compactMap { Modifier($0) })
            if group.contains(where: { $0.pctc == Indicator("1") }) {
                triple.test(first, complete.isSubset(of: modifiers))
            }
            if complete.isSubset(of: modifiers), group.allSatisfy({ $0.status == Indicator("A") }),
                let whole = group.first(where: { $0.key.modifier.isBlank }),
                let professional = group.first(where: { $0.key.modifier == Modifier("26") }),
                let technical = group.first(where: { $0.key.modifier == Modifier("TC") })
            {
                components.test(
                    whole,
                    whole.work == professional.work + technical.work
                        && whole.peNonfacility == professional.peNonfacility + technical.peNonfacility
                        && whole.peFacility == professional.peFacility + technical.peFacility
                        && whole.mp == professional.mp + technical.mp)
            }
        }

        var diagnostics = Diagnostics()
        for rule in [
            endoscopy, baseExists, imaging, notUsed, nonfacilityNA, facilityNA, package, discontinued, unvalued,
            valued, anesthesia, triple, components, pricing,
        ] where !rule.broken.isEmpty {
            let isFrequent = rule.failsWhenFrequent && rule.broken.count * tolerated > max(rule.applies, 500)
            for row in rule.broken {
                diagnostics.add(
                    Diagnostic(
                        isFrequent ? .error : .warning, "invariant_\(rule.id)",
                        at: Place(row.source.file, line: row.source.line),
                        "\(row.key) breaks the rule that \(rule.meaning)"
                            + (isFrequent ? " (as do \(rule.broken.count) of \(rule.applies) rows)" : ""),
                        hint: isFrequent ? "Columns are probably shifted or swapped." : nil))
            }
        }
        return diagnostics
    }
}

extension RelativeValue {
    /// Whether a total is above zero.
    var isValued: Bool { totalNonfacility != .zero || totalFacility != .zero }
}

extension Array {
    /// Runs of neighbours that belong together.
    func chunked(by belong: (Element, Element) -> Bool) -> [ArraySlice<Element>] {
        var chunks: [ArraySlice<Element>] = []
        var start = startIndex
        for index in indices.dropFirst() where !belong(self[index - 1], self[index]) {
            chunks.append(self[start..<index])
            start = index
        }
        if start < endIndex { chunks.append(self[start...]) }
        return chunks
    }
}
