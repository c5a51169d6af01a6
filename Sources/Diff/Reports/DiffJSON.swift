import JSON
import Model
import Payment
public import Schemas

/// `diff.json`: the whole difference for machines. Shape: `Schemas/diff.schema.json`.
public func diffJSON(_ difference: Difference, _ verdict: Verdict, schemas: Schemas) -> [UInt8] {
    var json = JSONWriter(indented: true)
    json.object { json in
        json.key("base")
        if let base = difference.base { json.side(base) } else { json.value(.null) }
        json.key("head")
        json.side(difference.head)
        json.field("verdict", verdict.outcome.rawValue)
        json.field("exit_code", verdict.exitCode)
        json.object("gate") { $0.gate(verdict) }
        json.object("counts") { $0.counts(difference) }
        json.array("categories") { json in
            for (index, category) in difference.categories.enumerated()
            where !difference.changesOfCategory[index].isEmpty {
                json.line { json in
                    json.field("id", category.id)
                    json.field("group", category.group)
                    json.field("table", category.table)
                    json.field("event", category.event.rawValue)
                    json.field("total", difference.changesOfCategory[index].count)
                    json.field("explained", difference.explained[index])
                    json.field("residual", difference.changesOfCategory[index].count - difference.explained[index])
                    json.field("meaning", category.meaning)
                }
            }
        }
        json.array("systemic") { json in
            for rule in difference.rules { json.line { $0.rule(rule, in: difference) } }
        }
        json.object("schema") { $0.schema(difference) }
        json.object("payment") { $0.payment(difference) }
        json.array("descriptors") { json in
            for descriptor in difference.descriptors { json.line { $0.descriptor(descriptor) } }
        }
        json.field("reinstated", texts: difference.reinstated)
        json.array("editorial_work") { json in
            for task in difference.editorialWork {
                json.line { json in
                    json.field("code", task.code)
                    json.field("state", task.state)
                    json.field("reviewed_against", task.reviewed.nonEmpty)
                    json.field("file", task.file.nonEmpty)
                    json.field("line", task.line)
                }
            }
        }
        json.array("changes") { json in
            let cells = CellTypes(schemas)
            for change in difference.changes where !difference.isFill(change) {
                json.line { $0.change(change, in: difference, cells) }
            }
        }
    }
    return json.bytes + [0x0A]
}

/// How a column's text is written in JSON.
private struct CellTypes {
    private var types: [String: [String: TableSchema.ColumnType]] = [:]
    private var places: [String: [String: Int]] = [:]

    init(_ schemas: Schemas) {
        for table in schemas.tables {
            types[table.name] = Dictionary(
                table.columns.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
            places[table.name] = Dictionary(
                table.columns.compactMap { column in column.places.map { (column.name, $0) } },
                uniquingKeysWith: { first, _ in first })
        }
    }

    /// Of a decimal column: how many digits stand behind the point.
    func places(_ table: String, _ column: String) -> Int? {
        types[table]?[column] == .decimal ? places[table]?[column] : nil
    }

    /// The digits of a decimal are kept: they are the number that CMS published.
    func isBare(_ table: String, _ column: String) -> Bool {
        switch types[table]?[column] {
        case .decimal, .integer, .boolean: true
        default: false
        }
    }
}

extension JSONWriter {
    fileprivate mutating func side(_ side: Snapshot) {
        object { json in
            json.field("name", side.name)
            json.field("release", side.label)
            json.field("revision", side.manifest["release"]?["revision"]?.integer)
            json.object("effective") { json in
                json.field("from", side.manifest["release"]?["effective"]?["from"]?.text)
                json.field("to", side.manifest["release"]?["effective"]?["to"]?.text)
            }
            json.field("released", side.manifest["release"]?["released"]?.text.nonEmpty)
            json.field("schema_version", side.schemaVersion)
            json.field("tier", side.tier)
            json.field("content_hash", side.manifest["content_hash"]?.text)
            json.object("conversion_factors") { json in
                for track in ["non_qp", "qp"] {
                    json.field(track, bare: side.manifest["conversion_factors"]?[track]?.text ?? "")
                }
            }
            json.field("missing_inputs", texts: side.missingInputs.sorted())
            json.array("verification") { json in
                for check in side.manifest["verification"]?["checks"]?.elements ?? [] {
                    json.line { json in
                        json.field("id", check["id"]?.text)
                        for score in ["checked", "matched", "explained", "failed"] {
                            json.field(score, check[score]?.integer)
                        }
                        json.field("allowed", check["allowed"]?.text.nonEmpty)
                    }
                }
            }
        }
    }

    fileprivate mutating func gate(_ verdict: Verdict) {
        field("policy", verdict.policy)
        array("findings") { json in
            for finding in verdict.findings {
                json.object { json in
                    json.field("key", finding.key)
                    json.field("state", finding.state.rawValue)
                    json.field("message", finding.message)
                    json.field("reason", finding.reason)
                    json.field("owner", finding.owner)
                    json.field("expires", finding.expires?.description)
                }
            }
        }
        field("unused_waivers", texts: verdict.unused)
    }

    fileprivate mutating func counts(_ difference: Difference) {
        field("rows_common", difference.commonRows)
        field("rows_changed", difference.changedRows)
        field("descriptor_changed_codes", difference.rewordedCodes)
        field("codes_reinstated", difference.reinstated.count)
        for category in difference.categories { field(category.id, difference.count(category.id)) }
    }

    fileprivate mutating func rule(_ rule: SystemicRule, in difference: Difference) {
        field("id", rule.id)
        field("category", difference.categories[rule.category].id)
        field("origin", rule.origin.rawValue)
        field("title", rule.title)
        field("source", rule.source.nonEmpty)
        field("explains", rule.explains)
        field("of", difference.changesOfCategory[rule.category].count)
        array("families") { json in
            for family in rule.families {
                json.line { json in
                    json.field("family", family.name)
                    json.field("rows", family.rows)
                }
            }
        }
        field("also", texts: rule.also)
        field("accompanies_status", rule.accompanies)
    }

    fileprivate mutating func schema(_ difference: Difference) {
        field("base", difference.base?.schemaVersion)
        field("head", difference.head.schemaVersion)
        array("columns") { json in
            for column in difference.oneSided {
                json.line { json in
                    json.field("table", column.table)
                    json.field("column", column.column)
                    json.field("only_in", column.isInHead ? "head" : "base")
                    json.field("empty_elsewhere", column.isEmptyElsewhere)
                    json.field("fill", column.fill)
                }
            }
        }
    }

    fileprivate mutating func payment(_ difference: Difference) {
        array("totals") { json in
            for total in difference.paymentTotals where total.rows > 0 {
                json.line { json in
                    json.field("setting", total.setting.rawValue)
                    json.field("rows", total.rows)
                    json.field("from", .decimal(total.from, places: 2))
                    json.field("to", .decimal(total.to, places: 2))
                    json.field("change", .decimal(total.to - total.from, places: 2))
                    json.parts(total.parts)
                }
            }
        }
        array("changes") { json in
            for payment in difference.payments {
                json.line { json in
                    let row = difference.rowName(payment)
                    json.field("code", row.code)
                    json.field("modifier", row.modifier.nonEmpty)
                    json.field("setting", payment.setting.rawValue)
                    json.field("event", payment.event.rawValue)
                    json.field("from", .decimal(payment.from))
                    json.field("to", .decimal(payment.to))
                    if let parts = payment.parts {
                        json.field("change", .decimal(payment.change, places: 2))
                        json.parts(parts)
                    }
                }
            }
        }
    }

    private mutating func parts(_ parts: PaymentChange.Parts) {
        field("work", .decimal(parts.work, places: 6))
        field("pe", .decimal(parts.pe, places: 6))
        field("mp", .decimal(parts.mp, places: 6))
        field("conversion_factor", .decimal(parts.conversionFactor, places: 6))
        field("rounding", .decimal(parts.rounding, places: 6))
        field("unexplained", .decimal(parts.unexplained, places: 6))
    }

    fileprivate mutating func descriptor(_ descriptor: DescriptorChange) {
        field("code", descriptor.code)
        field("kind", descriptor.kind.rawValue)
        field("rows", descriptor.rows)
        field("similarity", descriptor.words?.similarity)
        field("from", descriptor.from)
        field("to", descriptor.to)
        array("words") { json in
            for run in descriptor.words?.runs ?? [] {
                json.line { json in json.field(run.kind.rawValue, run.text) }
            }
        }
    }

    fileprivate mutating func change(_ change: Change, in difference: Difference, _ cells: CellTypes) {
        let table = difference.table(of: change)
        field("category", difference.category(of: change).id)
        for (name, value) in difference.key(of: change) { cell(name, value, cells.isBare(table.name, name)) }
        if change.column >= 0 {
            let column = difference.column(of: change)
            field("field", column)
            cell("from", difference.from(change), cells.isBare(table.name, column))
            cell("to", difference.to(change), cells.isBare(table.name, column))
            if let size = difference.size(of: change, places: cells.places(table.name, column)) {
                field("change", size.change)
                field("percent", size.percent)
            }
        } else if change.head >= 0 {
            object("row") { json in
                for (index, name) in table.head.columns.enumerated() where !table.head.keyColumns.contains(index) {
                    json.cell(name, table.head.text(Int(change.head), index), cells.isBare(table.name, name))
                }
            }
        }
        field("rule", difference.rule(of: change)?.id)
    }

    private mutating func cell(_ name: String, _ text: String, _ isBare: Bool) {
        if isBare { field(name, bare: text) } else { field(name, text.nonEmpty) }
    }
}

extension Difference {
    /// How much a decimal changed, and in percent of the old value, rounded half away from zero to hundredths;
    /// nothing where there is no number on either side.
    fileprivate func size(of change: Change, places: Int?) -> (change: Cell, percent: Cell)? {
        guard let places, let old = digits(from(change)), let new = digits(to(change)) else { return nil }
        let magnitude = (new - old).magnitude
        let hundredths = old == 0 ? nil : Int64((magnitude * 10_000 + UInt64(old) / 2) / UInt64(old))
        return (
            .decimal(new - old, places: places),
            hundredths.map { .decimal(new < old ? -$0 : $0, places: 2) } ?? .null
        )
    }

    /// Whether a change only gives a row what its column's `fill` says already.
    fileprivate func isFill(_ change: Change) -> Bool {
        guard change.column >= 0, let rule = rule(of: change), rule.origin == .absent else { return false }
        let table = table(of: change).name
        let column = column(of: change)
        return oneSided.contains { $0.table == table && $0.column == column && $0.fill == to(change) }
    }
}

extension String {
    var nonEmpty: String? { isEmpty ? nil : self }
}
