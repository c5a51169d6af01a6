import Schemas
import Testing

@Suite("Change categories")
struct CategoriesTests {
    @Test("Every column of every table that is compared belongs to exactly one category")
    func columns() throws {
        let schemas = try Schemas()
        for table in schemas.tables where !["payments", "provenance"].contains(table.name) {
            let categories = schemas.changeCategories.filter { $0.table == table.name }
            for column in table.columns where !column.isKey {
                #expect(
                    categories.count { $0.columns.contains(column.name) } == 1, "\(table.name).\(column.name)")
            }
            #expect(categories.count { $0.event == .added } == 1, "\(table.name)")
            #expect(categories.count { $0.event == .removed } == 1, "\(table.name)")
            let known = Set(table.columns.map(\.name))
            for category in categories { #expect(known.isSuperset(of: category.columns), "\(category.id)") }
        }
        #expect(Set(schemas.changeCategories.map(\.id)).count == schemas.changeCategories.count)
    }

    @Test("Every systemic rule is about categories and checks that there are")
    func rules() throws {
        let schemas = try Schemas()
        let categories = Set(schemas.changeCategories.map(\.id))
        let checks = Set(schemas.checks.map(\.check))
        for rule in schemas.systemicRules {
            #expect(categories.contains(rule.category), "\(rule.id)")
            switch rule.kind {
            case .companion: #expect(categories.isSuperset(of: rule.with), "\(rule.id)")
            case .certificate: #expect(checks.isSuperset(of: rule.with), "\(rule.id)")
            case .factor, .total, .uniform: break
            }
        }
    }
}
