import Model
import Schemas

/// What a template can take from the code that it is shown with. The names are the editors' and stay.
public enum TemplateVariable: String, CaseIterable, Sendable {
    case code, title, descriptor, section, category, route
    case status
    case statusMeaning = "status_meaning"
    case unpricedReason = "unpriced_reason"
    case globalDays = "global_days"
    case release
    case effectiveFrom = "effective_from"
    case dosage
    case paymentLimit = "payment_limit"
    case quarter
    case brandNames = "brand_names"

    /// For editors: what stands in its place, and which codes have none.
    public var meaning: String {
        switch self {
        case .code: "The code: five characters."
        case .title: "The name that is shown: the editors', else the suggested one; none for CPT and CDT codes without."
        case .descriptor: "CMS's long descriptor, else the short one; none for CPT and CDT codes in the public tier."
        case .section: "The section's name."
        case .category: "The category's name."
        case .route: "How the drug is given, as its descriptor states it; none where it states nothing."
        case .status: "The status indicator, one letter; none for codes outside PPRRVU."
        case .statusMeaning: "What the status indicator means, as a sentence."
        case .unpricedReason: "Why there is no payable RVU, in words such as carrier priced; none for a priced code."
        case .globalDays: "The global package as CMS writes it: 000, 010, 090, XXX, YYY, ZZZ or MMM."
        case .release: "The release, such as RVU26A."
        case .effectiveFrom: "The first day for which the release holds, such as 2026-01-01."
        case .dosage: "The amount that one billing unit is, as the drug files write it; none without drug facts."
        case .paymentLimit: "Medicare's payment limit for one billing unit in dollars, such as 137.828; none without."
        case .quarter: "The quarter of the drug facts, such as 2026Q1."
        case .brandNames: "The names of the drug's products, with commas between them; none without products."
        }
    }

    /// The names as editors write them, for messages.
    static var list: String { allCases.map { "{{\($0.rawValue)}}" }.joined(separator: " ") }
}

/// What templates are filled from beside the code itself.
struct TemplateSetting {
    let tier: Tier
    let release: Release
    let statuses: StatusTable

    /// The text of `variable` for `entry`; `nil` where the code has none.
    func value(of variable: TemplateVariable, for entry: CodeEntry) -> String? {
        switch variable {
        case .code: entry.code.description
        case .title: entry.title(in: tier)
        case .descriptor: tier.shows(entry.system) ? entry.descriptor : nil
        case .section: entry.section?.name
        case .category: entry.category?.name
        case .route: entry.route
        case .status: entry.relativeValues.first?.status.description
        case .statusMeaning: entry.relativeValues.first.flatMap { statuses[$0.status]?.meaning }
        case .unpricedReason: entry.unpricedReason?.replacing("_", with: " ")
        case .globalDays: entry.relativeValues.first?.globalDays.description
        case .release: release.label
        case .effectiveFrom: release.effectiveFrom.description
        case .dosage: entry.drug?.dosage
        case .paymentLimit: entry.drug?.paymentLimit?.limit?.description
        case .quarter: entry.drug?.quarter?.description
        case .brandNames: entry.drug.flatMap { $0.brandNames.isEmpty ? nil : $0.brandNames.joined(separator: ", ") }
        }
    }
}
