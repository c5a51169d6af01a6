import Model
import Schemas
import TestSupport
import Testing

@Suite("The data dictionary")
struct DataDictionaryTests {
    private let dictionary = schemas.dictionary(.public)

    @Test("Every table says what a row is, how rows are sorted, when there are none and what the tiers differ in")
    func descriptions() {
        for table in dictionary.tables {
            let description = table.description
            for text in [description.row, description.order, description.empty, description.tier] {
                #expect(!text.isEmpty && !text.hasSuffix("."), "\(table.name): \(text)")
            }
        }
    }

    @Test("A column is no older than its table, and the table has columns of its own version")
    func sinceTable() {
        for table in dictionary.tables {
            #expect(table.columns.map(\.schema.since).min() == table.description.since, "\(table.name)")
        }
    }

    @Test(
        "A version of the shape that was given out gains no column afterwards",
        arguments: [("1.0.0", 154), ("1.1.0", 4), ("1.2.0", 28), ("1.3.0", 0)])
    func closedVersions(version: String, count: Int) {
        let columns = dictionary.tables.flatMap(\.columns).filter { $0.schema.since == ShapeVersion(version) }
        #expect(columns.count == count, "a new column has the version that schemaVersion will have")
    }

    @Test("The dictionary of an older shape leaves out what came later")
    func older() {
        let first = schemas.dictionary(.public, upTo: ShapeVersion("1.0.0"))
        #expect(first.tables.map(\.name).contains("provenance"))
        #expect(!first.tables.map(\.name).contains("indicator_values"))
        #expect(first.tables.last?.columns.map(\.schema.name).contains("ndc") == false)
    }

    @Test("Versions are compared as numbers, and what is no version is none")
    func versions() throws {
        #expect(try #require(ShapeVersion("1.9.0")) < #require(ShapeVersion("1.10.0")))
        for text in ["", "1", "1.2", "1.2.3.4", "1.2.x", "01.2.3", "1..3", "v1.2.3"] {
            #expect(ShapeVersion(text) == nil, "\(text)")
        }
    }

    @Test("Every list that a column names has values, each once and each with a meaning")
    func lists() {
        #expect(dictionary.lists.count > 30)
        for list in dictionary.lists {
            #expect(!list.values.isEmpty && Set(list.values.map(\.value)).count == list.values.count, "\(list.name)")
            #expect(list.values.allSatisfy { !$0.meaning.isEmpty }, "\(list.name)")
        }
    }

    @Test("Every list of our own names is used, and it holds the values that the program has")
    func names() {
        func values(_ name: String) -> Set<String> {
            Set(dictionary.lists.first { $0.name == name }?.values.map(\.value) ?? [])
        }
        #expect(values("route") == schemas.classification.routeNames)
        #expect(values("section") == schemas.classification.sectionIDs)
        #expect(values("editorial_item") == Set(EditorialItemRow.Kind.allCases.map(\.rawValue)))
        #expect(values("suggested_title_origin") == Set(SuggestedTitle.Origin.allCases.map(\.rawValue)))
        #expect(values("title_origin") == Set(TitleOrigin.allCases.map(\.rawValue)))
        #expect(values("review_state") == Set(Editorial.ReviewState.allCases.map(\.rawValue)))
        #expect(values("table") == Set(dictionary.tables.map(\.name)))
        #expect(values("unpriced_reason").isSuperset(of: schemas.statuses.reasons))
        #expect(values("status") == Set(schemas.statuses.all.map(\.description)))
    }

    @Test("A list that the dataset holds is marked, and one that CMS may add to is open")
    func marks() throws {
        let lists = Dictionary(uniqueKeysWithValues: dictionary.lists.map { ($0.name, $0) })
        let status = try #require(lists["status"])
        let betos = try #require(lists["betos"])
        let typesOfService = try #require(lists["types_of_service"])
        let setting = try #require(lists["setting"])
        #expect(status.isInDataset && status.isClosed && betos.isInDataset && !betos.isClosed)
        #expect(!typesOfService.isClosed && !setting.isInDataset && setting.isClosed)
    }

    @Test("A comment spells out a short list and names a long one with the query that gives it")
    func comments() throws {
        let codes = try #require(dictionary.tables.first { $0.name == "codes" })
        func comment(_ name: String) throws -> [String] {
            try #require(codes.columns.first { $0.schema.name == name }).comment
        }
        let coverage = try comment("coverage")
        #expect(coverage.first == "Medicare coverage code. Source: HCPCS COV. Since 1.0.0.")
        #expect(coverage.count == 6 && coverage[1] == "C = The Medicare contractor judges coverage")
        let betos = try comment("betos")
        #expect(betos.count == 2 && betos[1].hasSuffix("FROM indicator_values WHERE indicator = 'betos'"))
    }
}
