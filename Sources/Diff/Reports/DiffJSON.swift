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
            // Changes stand by table.
            var changes = difference.changes[...]
            for index in difference.tables.indices {
                let table = ChangedTable(difference.tables[index], difference, schemas)
                while let change = changes.first, difference.tableIndex(of: change) == index {
                    changes.removeFirst()
                    guard !table.isFill(change, in: difference) else { continue }
                    json.line { $0.change(change, of: table, in: difference) }
                }
            }
        }
    }
    json.endLine()
    return json.bytes
}

/// How the texts of a table are written in JSON, looked up once: a difference has a hundred thousand of them.
private struct ChangedTable {
    struct Column {
        let name: String
        /// Numbers and truth values stand as they are: their digits are the number that CMS published.
        let isBare: Bool
        /// Of a decimal: how many digits stand behind the point.
        var places: Int?
        /// What most rows of HEAD have, where only one side has the column.
        var fill: String?
    }

    let table: ComparedTable
    let keys: [Column]
    /// In the order of ``ComparedTable/columns``.
    let columns: [Column]

    init(_ table: ComparedTable, _ difference: Difference, _ schemas: Schemas) {
        self.table = table
        let schema = schemas.tables.first { $0.name == table.name }
        func column(_ name: String) -> Column {
            let definition = schema?.columns.first { $0.name == name }
            return Column(
                name: name, isBare: definition.map { [.decimal, .integer, .boolean].contains($0.type) } ?? false,
                places: definition?.type == .decimal ? definition?.places : nil,
                fill: difference.oneSided.first { $0.table == table.name && $0.column == name }?.fill)
        }
        keys = (schema?.columns.filter(\.isKey) ?? []).map { column($0.name) }
        columns = table.columns.map { column($0.name) }
    }

    /// Whether a change only gives a row what its column's `fill` says already.
    func isFill(_ change: Change, in difference: Difference) -> Bool {
        guard change.column >= 0, let fill = columns[Int(change.column)].fill else { return false }
        return difference.isAbsence(change) && difference.to(change) == fill
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
                    json.field(named: track, bare: side.manifest["conversion_factors"]?[track]?.text ?? "")
                }
            }
            json.field("missing_inputs", texts: side.missingInputs.sorted())
            json.array("verification") { json in
                for check in side.manifest["verification"]?["checks"]?.elements ?? [] {
                    json.line { json in
                        json.field("id", check["id"]?.text)
                        for score in ["checked", "matched", "explained", "failed"] {
                            json.field(named: score, check[score]?.integer.map { .integer($0) } ?? .null)
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
        field("rows_common", difference.rows.common)
        field("rows_changed", difference.rows.changed)
        field("descriptor_changed_codes", difference.rows.rewordedCodes)
        field("codes_reinstated", difference.reinstated.count)
        for (category, changes) in zip(difference.categories, difference.changesOfCategory) {
            field(named: category.id, .integer(changes.count))
        }
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
                json.line { json in json.field(named: run.kind.rawValue, .text(run.text)) }
            }
        }
    }

    fileprivate mutating func change(_ change: Change, of changed: ChangedTable, in difference: Difference) {
        field("category", difference.categories[Int(change.category)].id)
        let side = change.head >= 0 ? changed.table.head : changed.table.base
        let row = Int(change.head >= 0 ? change.head : change.base)
        for (key, column) in zip(changed.keys, side.keyColumns) { cell(key.name, side.text(row, column), key.isBare) }
        if change.column >= 0 {
            let column = changed.columns[Int(change.column)]
            let from = difference.from(change)
            let to = difference.to(change)
            field("field", column.name)
            cell("from", from, column.isBare)
            cell("to", to, column.isBare)
            if let places = column.places, let old = digits(from.utf8), let new = digits(to.utf8) {
                field("change", .decimal(new - old, places: places))
                field("percent", percent(from: old, to: new))
            }
        } else if change.head >= 0 {
            object("row") { json in
                for column in changed.columns {
                    guard let index = side.column(column.name) else { continue }
                    json.cell(column.name, side.text(row, index), column.isBare)
                }
            }
        }
        field("rule", change.isExplained ? difference.rules[Int(change.rule)].id : nil)
    }

    private mutating func cell(_ name: String, _ text: String, _ isBare: Bool) {
        if isBare {
            field(named: name, bare: text)
        } else {
            key(named: name)
            value(text.nonEmpty)
        }
    }
}

/// In percent of the old value, rounded half away from zero to hundredths; nothing of zero.
private func percent(from old: Int64, to new: Int64) -> Cell {
    guard old != 0 else { return .null }
    let hundredths = Int64(((new - old).magnitude * 10_000 + UInt64(old) / 2) / UInt64(old))
    return .decimal(new < old ? -hundredths : hundredths, places: 2)
}

extension String {
    var nonEmpty: String? { isEmpty ? nil : self }
}
