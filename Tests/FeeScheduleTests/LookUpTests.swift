import CSV
import FeeSchedule
import Foundation
import Model
import Payment
import Schemas
import TestSupport
import Testing

@Suite("What an app looks up")
struct LookUpTests {
    private let published: PublishedFolder
    private let dataset: FeeSchedule.Dataset

    init() throws {
        published = try PublishedFolder()
        dataset = try FeeSchedule.Dataset(folder: published.folder.url)
    }

    /// The rows of a table as the CSV has them.
    private func csv(_ table: String) throws -> [[String]] {
        let rows = try tokeniseCSV([UInt8](try Data(contentsOf: published.folder["tables/\(table).csv"])))
        return (1..<rows.count).map { rows.strings(of: $0) }
    }

    @Test("Every value is the CSV's, to the digit")
    func values() throws {
        func texts(_ rows: [some TableRow]) -> [[String]] { rows.map { $0.cells.map(\.text) } }
        #expect(try texts(dataset.relativeValues()) == csv("relative_values"))
        #expect(try texts(dataset.localities()) == csv("localities"))
        #expect(try texts(dataset.modifiers().map(ModifierRow.init)) == csv("modifiers"))
        let caps = try dataset.relativeValues().flatMap {
            try dataset.oppsCaps(of: "\($0.key.code)", modifier: "\($0.key.modifier)")
        }
        #expect(try texts(caps) == csv("opps_caps"))
        let drugs = try dataset.drugCodes().compactMap { try dataset.drug("\($0)") }
        #expect(try texts(drugs.compactMap(\.paymentLimit)) == csv("drug_payment_limits"))
        #expect(try texts(drugs.flatMap(\.products)) == csv("drug_products"))
        #expect(!caps.isEmpty && !drugs.isEmpty)
    }

    @Test("A 26 or TC row never stands for the global row")
    func modifiers() throws {
        #expect(try dataset.relativeValues(of: "71046").map(\.key.modifier.description) == ["", "26", "TC"])
        #expect(try dataset.relativeValue(of: "71046", modifier: "26")?.peNonfacility.description == "0.07")
        #expect(try dataset.relativeValue(of: "71046")?.peNonfacility.description == "0.70")
        #expect(try dataset.relativeValue(of: "99213", modifier: "26") == nil)
        #expect(try dataset.relativeValues(of: "G000").isEmpty)
        #expect(try dataset.relativeValue(of: "g0001")?.work.description == "0.45")
    }

    @Test("Each row knows the line of the file it came from")
    func sources() throws {
        let row = try #require(try dataset.relativeValue(of: "99213"))
        let lines = try dataset.sources(of: "99213")
        #expect(lines.contains { $0.table == "relative_values" && $0.source == row.source })
        #expect(row.source.file == "pprrvu.csv" && row.source.line > 5)
        #expect(try dataset.code("J0001")?.hcpcs?.source.file == "hcpcs.txt")
        #expect(try dataset.drug("J0001")?.products.allSatisfy { $0.source.line > 0 } == true)
        #expect(try dataset.localities().allSatisfy { $0.sources.count == 3 })
    }

    @Test("What Medicare pays is worked out to the cent, with the OPPS cap")
    func payments() throws {
        let alabama = try dataset.locality(named: "Alabama")
        #expect(alabama.key.description == "10112-00")
        // (1.30 · 1.000 + 1.35 · 0.875 + 0.10 · 0.566) · 36.0391 = 91.4618…
        let visit = try #require(try dataset.payment(of: "99213", in: alabama, setting: .nonfacility))
        #expect(visit.payment.money?.description == "91.46" && visit.cap == nil)
        #expect(visit.nonparticipating?.description == "86.89" && visit.limitingCharge?.description == "99.92")
        // (0.18 + 0.70 · 0.875 + 0.03 · 0.566) · 36.0391 = 29.1729…; the cap with 0.90 and 0.02 is 35.2757…
        let film = try #require(try dataset.payment(of: "71046", in: alabama, setting: .nonfacility))
        #expect(film.payment.money?.description == "29.17" && film.cap?.description == "35.28")
        #expect(try dataset.payment(of: "G0003", modifier: "26", in: alabama, setting: .facility) == nil)
        #expect(
            try dataset.payment(of: "9991T", in: alabama, setting: .facility)?.payment.reason == "carrier_priced")
        // 3.75 · 36.0391 less what no GPCI changes: (1.30 + 1.35 + 0.10) · 36.0391 = 99.1075…
        #expect(try dataset.nationalPayment(of: "99213", setting: .nonfacility)?.money?.description == "99.11")
        #expect(
            refusal { try dataset.payment(of: "99213", in: alabama, setting: .facility, track: .qp) }?.ids
                == ["track_unknown"])
        #expect(try dataset.payments(of: "71046", in: alabama).count == 6)
    }

    @Test("Anesthesia is paid by base units, time and the locality's factor")
    func anesthesia() throws {
        let payment = try dataset.anesthesiaPayment(baseUnits: 5, minutes: 60, in: dataset.locality(named: "AL"))
        #expect(payment.factor.description == "19.53" && payment.timeTenths == 40)
        #expect(payment.payment.description == "175.77")
        let none = Locality(key: LocalityKey(contractor: .blank, number: .blank))
        #expect(
            refusal { try dataset.anesthesiaPayment(baseUnits: 1, minutes: 1, in: none) }?.ids
                == ["anesthesia_factor_missing"])
    }

    @Test("Whether the work floor applies is told by the day of service")
    func workFloor() throws {
        let later = try PublishedFolder("RVU27A")
        let dataset = try FeeSchedule.Dataset(folder: later.folder.url)
        let alabama = try dataset.locality(named: "ALABAMA")
        let within = try #require(CalendarDate(iso: "2026-12-31"))
        #expect(try dataset.gpcis(of: alabama).work.description == "0.988")
        #expect(try dataset.gpcis(of: alabama, on: within).work.description == "1.000")
    }

    @Test("States and the work floor's days are those of the pipeline's tables")
    func tables() throws {
        #expect(State.all.map(\.code) == schemas.states.map(\.code))
        #expect(State.all.map(\.name) == schemas.states.map(\.name))
        for window in WorkFloor.windows {
            for text in [window.from, window.to] {
                let day = try #require(CalendarDate(iso: text))
                #expect(WorkFloor.applies(on: day))
            }
        }
        for year in 2015...2035 {
            for (month, last) in [(1, 31), (4, 30), (10, 31), (12, 31)] {
                for day in [1, last] {
                    let day = try #require(CalendarDate(year: year, month: month, day: day))
                    #expect(WorkFloor.applies(on: day) == schemas.payment.workFloorApplies(on: day), "\(day)")
                }
            }
        }
    }

    @Test("A locality that may be several is not guessed")
    func localities() throws {
        #expect(refusal { try dataset.locality(named: "A") }?.ids == ["locality_ambiguous"])
        #expect(refusal { try dataset.locality(named: "Atlantis") }?.ids == ["locality_unknown"])
        #expect(try dataset.locality(named: "two").key.description == "01182-18")
        #expect(try dataset.locality(LocalityKey(contractor: .blank, number: .blank)) == nil)
    }

    @Test("Names, meanings and drug facts are there, and a code that is not is nothing")
    func facts() throws {
        let drug = try #require(try dataset.code("J0001"))
        #expect(drug.system == .hcpcs && drug.section?.id == "J" && drug.titleOrigin == .suggested)
        #expect(drug.hcpcs?.pricing == ["51"] && drug.hcpcs?.added == CalendarDate(iso: "2002-01-01"))
        #expect(drug.route == "injection" && drug.hcpcsAbsence == nil)
        let visit = try #require(try dataset.code("99213"))
        #expect(visit.system == .cpt && visit.title == nil && visit.descriptor == nil && visit.hcpcs == nil)
        #expect(visit.hcpcsAbsence == "cpt" && visit.relativeValuesAbsence == nil)
        #expect(try dataset.code("00000") == nil && dataset.drug("99213") == nil)
        #expect(try dataset.editorial("99213") == nil)
        #expect(try dataset.meaning(of: "status", "C")?.isEmpty == false)
        #expect(try dataset.meaning(of: "status", "?") == nil)
        #expect(try dataset.meanings(of: "modifier").contains { $0.value == "26" })
        #expect(try dataset.drug("J0001")?.paymentLimit?.limit?.description == "0.144")
        #expect(try dataset.drug("P0001")?.quarter?.description == "2019Q1")
    }

    @Test("A code is followed through releases")
    func history() throws {
        let later = try PublishedFolder("RVU27A") { release in
            var pprrvu = PPRRVU(year: 2027)
            for index in pprrvu.rows.indices where pprrvu.rows[index].key == "99213" {
                pprrvu.rows[index]["descriptor"] = "other words"
            }
            pprrvu.rows.removeAll { $0["code"] == "10060" }
            release.add(.pprrvu, .csv, pprrvu)
        }
        let datasets = [dataset, try FeeSchedule.Dataset(folder: later.folder.url)]
        let visit = try FeeSchedule.Dataset.history(of: "99213", in: "AL", through: datasets)
        #expect(visit.map(\.revision.description) == ["RVU19A-r1", "RVU27A-r1"])
        #expect(visit.map(\.isReworded) == [nil, true])
        #expect(visit[0].payment[.nonfacility]?.money?.description == "91.46")
        let gone = try FeeSchedule.Dataset.history(of: "10060", through: datasets)
        #expect(gone.map { $0.row == nil } == [false, true] && gone[1].absence == "not_in_release")
        #expect(try FeeSchedule.Dataset.history(of: "00000", through: datasets).isEmpty)
    }

    @Test("Sums of RVUs and money keep every hundredth")
    func sums() {
        let tenth = RVU(units: 10)
        #expect((0..<10).reduce(RVU.zero) { sum, _ in sum + tenth }.description == "1.00")
        #expect((Money(units: 9146) * 3).description == "274.38")
        #expect((Money(units: 5) - Money(units: 7)).description == "-0.02")
    }

    @Test("Any number of tasks may read at once")
    func tasks() async throws {
        let dataset = dataset
        let works = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 {
                group.addTask { try dataset.relativeValue(of: "99213")?.work.description ?? "" }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(works == ["1.30"])
    }
}
