"""`indicator_values`: a reader of the dataset needs no other table to say what a value means."""

import pytest

from support import SAMPLE_HCPCS, SAMPLE_RVU

# Columns whose values have a meaning, by table.
EXPLAINED = {
    "relative_values": [
        "status", "pctc", "global_days", "multiple_procedure", "bilateral", "assistant_surgeon", "co_surgeon",
        "team_surgeon", "supervision", "calculation_flag", "imaging_family", "pricing_indicator", "unpriced_reason"],
    "codes": [
        "coverage", "pricing", "multiple_pricing", "betos", "types_of_service", "lab_certifications", "opps_policy", "action",
        "relative_values_absence", "hcpcs_absence", "system"],
    "editorial": ["review_state"],
}


def meanings(published):
    return {(row["indicator"], row["value"]): row["meaning"] for row in published.table("indicator_values")}


@pytest.mark.parametrize("release", ["samples", "rvu26a", "rvu25a"])
def test_every_value_of_every_indicator_has_a_meaning(release, request):
    published = request.getfixturevalue(release)
    known = meanings(published)
    missing = set()
    for table, columns in EXPLAINED.items():
        for row in published.table(table):
            for column in columns:
                for value in row[column].split(";") if column in ("pricing", "types_of_service", "lab_certifications") else [row[column]]:
                    if value and (column, value) not in known:
                        missing.add((column, value))
    for row in published.table("relative_values"):
        if ("modifier", row["modifier"]) not in known:
            missing.add(("modifier", row["modifier"]))
        for column in ("pe_nonfacility_na", "pe_facility_na", "not_used_flag"):
            if row[column] == "true" and (column, "true") not in known:
                missing.add((column, "true"))
    assert missing == set()
    assert all(meaning.strip() for meaning in known.values())


def test_each_tier_says_whose_descriptors_it_shows_or_leaves_out(publish, samples):
    licensed = publish("meanings-licensed", "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], tier="licensed")
    for system in ("CPT", "CDT"):
        assert "does not hold" in meanings(samples)["system", system]
        assert "shown under licence" in meanings(licensed)["system", system]
    assert meanings(samples)["system", "HCPCS"] == meanings(licensed)["system", "HCPCS"]
