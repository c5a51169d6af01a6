// The files of Schemas/, embedded with C23's #embed: no generated copy that could go stale, and no resource
// bundle that the binary would lose when it is moved. A test compares this list with the folder.

#include "CSchemas.h"

static const unsigned char category_overlay_schema_json[] = {
#embed "../../Schemas/category-overlay.schema.json"
};
static const unsigned char code_schema_json[] = {
#embed "../../Schemas/code.schema.json"
};
static const unsigned char datapackage_schema_json[] = {
#embed "../../Schemas/datapackage.schema.json"
};
static const unsigned char dataset_descriptions_csv[] = {
#embed "../../Schemas/dataset/descriptions.csv"
};
static const unsigned char dataset_tables_csv[] = {
#embed "../../Schemas/dataset/tables.csv"
};
static const unsigned char delta_schema_json[] = {
#embed "../../Schemas/delta.schema.json"
};
static const unsigned char diff_schema_json[] = {
#embed "../../Schemas/diff.schema.json"
};
static const unsigned char latest_schema_json[] = {
#embed "../../Schemas/latest.schema.json"
};
static const unsigned char layouts_anes_csv[] = {
#embed "../../Schemas/layouts/anes.csv"
};
static const unsigned char layouts_asp_crosswalk_csv[] = {
#embed "../../Schemas/layouts/asp_crosswalk.csv"
};
static const unsigned char layouts_asp_payment_limits_csv[] = {
#embed "../../Schemas/layouts/asp_payment_limits.csv"
};
static const unsigned char layouts_documents_csv[] = {
#embed "../../Schemas/layouts/documents.csv"
};
static const unsigned char layouts_gpci_csv[] = {
#embed "../../Schemas/layouts/gpci.csv"
};
static const unsigned char layouts_hcpcs_csv[] = {
#embed "../../Schemas/layouts/hcpcs.csv"
};
static const unsigned char layouts_hcpcs_corrections_csv[] = {
#embed "../../Schemas/layouts/hcpcs_corrections.csv"
};
static const unsigned char layouts_locco_csv[] = {
#embed "../../Schemas/layouts/locco.csv"
};
static const unsigned char layouts_members_csv[] = {
#embed "../../Schemas/layouts/members.csv"
};
static const unsigned char layouts_oppscap_csv[] = {
#embed "../../Schemas/layouts/oppscap.csv"
};
static const unsigned char layouts_payment_csv[] = {
#embed "../../Schemas/layouts/payment.csv"
};
static const unsigned char layouts_pprrvu_csv[] = {
#embed "../../Schemas/layouts/pprrvu.csv"
};
static const unsigned char manifest_schema_json[] = {
#embed "../../Schemas/manifest.schema.json"
};
static const unsigned char overlay_rules_md[] = {
#embed "../../Schemas/overlay-rules.md"
};
static const unsigned char overlay_schema_json[] = {
#embed "../../Schemas/overlay.schema.json"
};
static const unsigned char policy_schema_json[] = {
#embed "../../Schemas/policy.schema.json"
};
static const unsigned char policy_yaml[] = {
#embed "../../Schemas/policy.yaml"
};
static const unsigned char releases_schema_json[] = {
#embed "../../Schemas/releases.schema.json"
};
static const unsigned char sources_lock_schema_json[] = {
#embed "../../Schemas/sources-lock.schema.json"
};
static const unsigned char values_abbreviations_csv[] = {
#embed "../../Schemas/values/abbreviations.csv"
};
static const unsigned char values_anesthesia_shares_csv[] = {
#embed "../../Schemas/values/anesthesia-shares.csv"
};
static const unsigned char values_change_categories_csv[] = {
#embed "../../Schemas/values/change-categories.csv"
};
static const unsigned char values_checks_csv[] = {
#embed "../../Schemas/values/checks.csv"
};
static const unsigned char values_code_ranges_csv[] = {
#embed "../../Schemas/values/code-ranges.csv"
};
static const unsigned char values_correction_actions_csv[] = {
#embed "../../Schemas/values/correction-actions.csv"
};
static const unsigned char values_fhir_designations_csv[] = {
#embed "../../Schemas/values/fhir-designations.csv"
};
static const unsigned char values_fhir_properties_csv[] = {
#embed "../../Schemas/values/fhir-properties.csv"
};
static const unsigned char values_fhir_systems_csv[] = {
#embed "../../Schemas/values/fhir-systems.csv"
};
static const unsigned char values_hcpcs_sections_csv[] = {
#embed "../../Schemas/values/hcpcs-sections.csv"
};
static const unsigned char values_hcpcs_values_csv[] = {
#embed "../../Schemas/values/hcpcs-values.csv"
};
static const unsigned char values_indicators_csv[] = {
#embed "../../Schemas/values/indicators.csv"
};
static const unsigned char values_known_defects_csv[] = {
#embed "../../Schemas/values/known-defects.csv"
};
static const unsigned char values_known_differences_csv[] = {
#embed "../../Schemas/values/known-differences.csv"
};
static const unsigned char values_letter_case_csv[] = {
#embed "../../Schemas/values/letter-case.csv"
};
static const unsigned char values_licenses_csv[] = {
#embed "../../Schemas/values/licenses.csv"
};
static const unsigned char values_lint_limits_csv[] = {
#embed "../../Schemas/values/lint-limits.csv"
};
static const unsigned char values_lint_words_csv[] = {
#embed "../../Schemas/values/lint-words.csv"
};
static const unsigned char values_locality_corrections_csv[] = {
#embed "../../Schemas/values/locality-corrections.csv"
};
static const unsigned char values_names_csv[] = {
#embed "../../Schemas/values/names.csv"
};
static const unsigned char values_product_names_csv[] = {
#embed "../../Schemas/values/product-names.csv"
};
static const unsigned char values_releases_csv[] = {
#embed "../../Schemas/values/releases.csv"
};
static const unsigned char values_route_words_csv[] = {
#embed "../../Schemas/values/route-words.csv"
};
static const unsigned char values_routes_csv[] = {
#embed "../../Schemas/values/routes.csv"
};
static const unsigned char values_sentences_csv[] = {
#embed "../../Schemas/values/sentences.csv"
};
static const unsigned char values_source_kinds_csv[] = {
#embed "../../Schemas/values/source-kinds.csv"
};
static const unsigned char values_source_rules_csv[] = {
#embed "../../Schemas/values/source-rules.csv"
};
static const unsigned char values_sources_csv[] = {
#embed "../../Schemas/values/sources.csv"
};
static const unsigned char values_states_csv[] = {
#embed "../../Schemas/values/states.csv"
};
static const unsigned char values_status_csv[] = {
#embed "../../Schemas/values/status.csv"
};
static const unsigned char values_systemic_rules_csv[] = {
#embed "../../Schemas/values/systemic-rules.csv"
};
static const unsigned char values_work_floor_csv[] = {
#embed "../../Schemas/values/work-floor.csv"
};
static const unsigned char verification_schema_json[] = {
#embed "../../Schemas/verification.schema.json"
};
static const unsigned char withdrawn_schema_json[] = {
#embed "../../Schemas/withdrawn.schema.json"
};
static const unsigned char worklist_schema_json[] = {
#embed "../../Schemas/worklist.schema.json"
};

#define FILE(path, array) {path, array, sizeof(array)}

static const SchemaFile files[] = {
    FILE("category-overlay.schema.json", category_overlay_schema_json),
    FILE("code.schema.json", code_schema_json),
    FILE("datapackage.schema.json", datapackage_schema_json),
    FILE("dataset/descriptions.csv", dataset_descriptions_csv),
    FILE("dataset/tables.csv", dataset_tables_csv),
    FILE("delta.schema.json", delta_schema_json),
    FILE("diff.schema.json", diff_schema_json),
    FILE("latest.schema.json", latest_schema_json),
    FILE("layouts/anes.csv", layouts_anes_csv),
    FILE("layouts/asp_crosswalk.csv", layouts_asp_crosswalk_csv),
    FILE("layouts/asp_payment_limits.csv", layouts_asp_payment_limits_csv),
    FILE("layouts/documents.csv", layouts_documents_csv),
    FILE("layouts/gpci.csv", layouts_gpci_csv),
    FILE("layouts/hcpcs.csv", layouts_hcpcs_csv),
    FILE("layouts/hcpcs_corrections.csv", layouts_hcpcs_corrections_csv),
    FILE("layouts/locco.csv", layouts_locco_csv),
    FILE("layouts/members.csv", layouts_members_csv),
    FILE("layouts/oppscap.csv", layouts_oppscap_csv),
    FILE("layouts/payment.csv", layouts_payment_csv),
    FILE("layouts/pprrvu.csv", layouts_pprrvu_csv),
    FILE("manifest.schema.json", manifest_schema_json),
    FILE("overlay-rules.md", overlay_rules_md),
    FILE("overlay.schema.json", overlay_schema_json),
    FILE("policy.schema.json", policy_schema_json),
    FILE("policy.yaml", policy_yaml),
    FILE("releases.schema.json", releases_schema_json),
    FILE("sources-lock.schema.json", sources_lock_schema_json),
    FILE("values/abbreviations.csv", values_abbreviations_csv),
    FILE("values/anesthesia-shares.csv", values_anesthesia_shares_csv),
    FILE("values/change-categories.csv", values_change_categories_csv),
    FILE("values/checks.csv", values_checks_csv),
    FILE("values/code-ranges.csv", values_code_ranges_csv),
    FILE("values/correction-actions.csv", values_correction_actions_csv),
    FILE("values/fhir-designations.csv", values_fhir_designations_csv),
    FILE("values/fhir-properties.csv", values_fhir_properties_csv),
    FILE("values/fhir-systems.csv", values_fhir_systems_csv),
    FILE("values/hcpcs-sections.csv", values_hcpcs_sections_csv),
    FILE("values/hcpcs-values.csv", values_hcpcs_values_csv),
    FILE("values/indicators.csv", values_indicators_csv),
    FILE("values/known-defects.csv", values_known_defects_csv),
    FILE("values/known-differences.csv", values_known_differences_csv),
    FILE("values/letter-case.csv", values_letter_case_csv),
    FILE("values/licenses.csv", values_licenses_csv),
    FILE("values/lint-limits.csv", values_lint_limits_csv),
    FILE("values/lint-words.csv", values_lint_words_csv),
    FILE("values/locality-corrections.csv", values_locality_corrections_csv),
    FILE("values/names.csv", values_names_csv),
    FILE("values/product-names.csv", values_product_names_csv),
    FILE("values/releases.csv", values_releases_csv),
    FILE("values/route-words.csv", values_route_words_csv),
    FILE("values/routes.csv", values_routes_csv),
    FILE("values/sentences.csv", values_sentences_csv),
    FILE("values/source-kinds.csv", values_source_kinds_csv),
    FILE("values/source-rules.csv", values_source_rules_csv),
    FILE("values/sources.csv", values_sources_csv),
    FILE("values/states.csv", values_states_csv),
    FILE("values/status.csv", values_status_csv),
    FILE("values/systemic-rules.csv", values_systemic_rules_csv),
    FILE("values/work-floor.csv", values_work_floor_csv),
    FILE("verification.schema.json", verification_schema_json),
    FILE("withdrawn.schema.json", withdrawn_schema_json),
    FILE("worklist.schema.json", worklist_schema_json),
    {0, 0, 0},
};

SchemaFile schema_file(size_t index) {
    const size_t last = sizeof(files) / sizeof(files[0]) - 1;
    return files[index < last ? index : last];
}
