import Model
import Payment
import Schemas

// What reports call things: the words of the fee schedule.

extension Difference {
    /// A sentence in which BASE and HEAD go by their names.
    func named(_ text: String) -> String {
        var text = text.replacing("HEAD", with: head.name)
        if let base { text = text.replacing("BASE", with: base.name) }
        return text
    }

    /// What a change is a change of.
    func label(_ change: Change) -> String {
        let column = column(of: change)
        if let label = columnLabels[column] { return label }
        let category = category(of: change)
        return category.columns.count > 1 || column.isEmpty ? words(column) : category.meaning
    }

    /// A column of the relative values.
    func columnLabel(_ column: String) -> String {
        columnLabels[column]
            ?? categories.first { $0.table == "relative_values" && $0.columns == [column] }?.meaning ?? words(column)
    }

    /// `pctc 9 → 3` as `Professional/technical component 9 → 3`.
    func moveText(_ move: String) -> String {
        let parts = move.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return move }
        let values = parts[1].split(separator: " → ").map { valueText(String($0), column: parts[0]) }
        return "\(columnLabel(parts[0])) \(values.joined(separator: " → "))"
    }
}

private let columnLabels = [
    "work": "Work",
    "pe_nonfacility": "Practice expense, non-facility",
    "pe_facility": "Practice expense, facility",
    "mp": "Malpractice",
    "total_nonfacility": "Total, non-facility",
    "total_facility": "Total, facility",
    "opps_pe_nonfacility": "OPPS cap: practice expense, non-facility",
    "opps_pe_facility": "OPPS cap: practice expense, facility",
    "opps_mp": "OPPS cap: malpractice",
    "pe_nonfacility_na": "NA, non-facility",
    "pe_facility_na": "NA, facility",
    "priced": "Paid by Medicare",
    "gpci_work": "GPCI, work",
    "gpci_work_unfloored": "GPCI, work without the floor",
    "gpci_pe": "GPCI, practice expense",
    "gpci_mp": "GPCI, malpractice",
    "anesthesia_cf": "Anesthesia conversion factor",
    "anesthesia_cf_qp": "Anesthesia conversion factor, QP",
    "nonfacility": "OPPS cap, non-facility",
    "facility": "OPPS cap, facility",
    "betos": "BETOS class",
    "opps_policy": "OPPS policy",
    "opps_group": "OPPS group",
    "asc_group": "ASC group",
    "asc_date": "ASC date",
    "opps_date": "OPPS date",
]

/// A check of the certificate.
func checkName(_ id: String) -> String { checkNames[id] ?? words(id) }

private let checkNames = [
    "row_totals": "Work + practice expense + malpractice = total",
    "csv_equals_txt": "CSV agrees with TXT",
    "csv_equals_xlsx": "CSV agrees with the workbook",
    "qpp_subset": "QPP rows agree with nonQPP rows",
    "locality_keys": "GPCI, ANES and LOCCO list the same localities",
    "code_order": "Codes of PPRRVU in one form are in order",
    "oppscap": "OPPS caps recomputed",
    "anesthesia": "Anesthesia conversion factors recomputed",
    "payment_file": "CMS's payment file recomputed",
    "hcpcs_actions": "Codes flagged as changed have changed",
    "component_sum": "26 + TC = global row",
    "component_rows": "PC/TC indicator 1 has all three rows",
    "endoscopic_base": "Endoscopic base where multiple procedure is 3",
    "endoscopic_base_exists": "Endoscopic bases are in the file",
    "imaging_family": "Imaging family 88 with multiple procedure 4",
    "not_used_flag": "The + stands with unpaid values only",
    "nonfacility_na": "Non-facility NA has the facility value",
    "facility_na": "Facility NA has the non-facility value",
    "global_package": "Shares of a global package add up to 1.00",
    "package_order": "The intraoperative share is the largest",
    "technical_work": "TC rows have no work",
    "technical_na": "TC rows are not NA outside facilities",
    "modifier_53": "Modifier 53 on the four colonoscopy codes only",
    "status_without_rvus": "Statuses C, E, J, M and P have no RVUs",
    "status_a_valued": "Status A has RVUs",
    "status_j": "Status J is anesthesia",
    "pricing_indicator": "One pricing indicator on every row",
    "leading_zeros": "Leading zeros are there",
    "asp_units": "Package quantity × billing units = billing units of the package",
    "asp_dosage": "The crosswalk's dosage is the payment limit's",
    "asp_special_limit": "A vaccine's or blood product's limit is the payment limit",
    "asp_coinsurance": "Coinsurance of drugs is at most 20 %",
    "asp_products_priced": "Codes with products have a payment limit",
    "asp_limits_sold": "Codes with a payment limit have products",
    "ndc_shape": "National Drug Codes have 5, 4 and 2 digits",
    "code_shape": "Codes have a shape that CMS assigns",
]

/// A value of a yes-or-no column in words.
func valueText(_ value: String, column: String) -> String {
    switch (column, value) {
    case ("pe_nonfacility_na", "true"), ("pe_facility_na", "true"): "NA"
    case ("pe_nonfacility_na", "false"), ("pe_facility_na", "false"): "applies"
    case (_, "true"): "yes"
    case (_, "false"): "no"
    case (_, ""): "none"
    case ("unpriced_reason", _): words(value)
    default: value
    }
}

extension Setting {
    var pageName: String { capitalised(name) }
}

extension PaymentChange.Event {
    var pageName: String { capitalised(name) }
}

private func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

extension DescriptorChange.Kind {
    var pageName: String {
        switch self {
        case .cosmetic: "Cosmetic"
        case .reworded: "Reworded"
        case .reuseSuspected: "Re-use suspected"
        }
    }
}
