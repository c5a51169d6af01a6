"""Whole releases of CMS's are published with every row and a score for every check."""

import csv
import io
import re

DRUG_FILES = ["ASP payment limits", "ASP NDC-HCPCS crosswalk"]


def counts(published):
    return {name: len(published.table(name)) for name in ("relative_values", "localities", "opps_caps", "modifiers")}


def level_ii(published):
    """Codes with a record in the HCPCS file."""
    return [row for row in published.table("codes") if row["hcpcs_absence"] == ""]


def assert_check(published, name, checked, matched=None, explained=0):
    matched = checked if matched is None else matched
    check = published.checks[name]
    found = (check["checked"], check["matched"], check["explained"], check["failed"])
    assert found == (checked, matched, explained, 0), check


def test_RVU25A_with_HCPCS_2020_has_18865_rows_109_localities_and_16100_caps(rvu25a):
    assert counts(rvu25a) == {"relative_values": 18865, "localities": 109, "opps_caps": 16100, "modifiers": 369}
    assert rvu25a.manifest["counts"]["relative_values"] == 18865
    assert rvu25a.manifest["conversion_factors"] == {"non_qp": 32.3465, "qp": None}
    assert rvu25a.manifest["missing_inputs"] == []


def test_RVU25D_from_a_folder_has_19090_rows_109_localities_and_16100_caps(rvu25d):
    assert counts(rvu25d) == {"relative_values": 19090, "localities": 109, "opps_caps": 16100, "modifiers": 0}


def test_RVU26A_has_19277_rows_8463_level_II_codes_and_383_modifiers(rvu26a):
    found = counts(rvu26a)
    assert (found["relative_values"], found["localities"], found["modifiers"]) == (19277, 109, 383)
    assert len(level_ii(rvu26a)) == 8463
    assert rvu26a.manifest["conversion_factors"] == {"non_qp": 33.4009, "qp": 33.5675}
    assert rvu26a.manifest["missing_inputs"] == []


def test_RVU26B_from_its_TXT_and_GPCI_alone_has_19277_rows_and_109_localities(rvu26b):
    assert counts(rvu26b) == {"relative_values": 19277, "localities": 109, "opps_caps": 0, "modifiers": 0}


def test_CSV_equals_TXT_is_reported_for_all_five_tables_of_RVU25A(rvu25a):
    assert_check(rvu25a, "csv_equals_txt", 18865 + 109 + 109 + 110 + 16100, 18865 + 109 + 109 + 99 + 16100, 11)
    for table in ("PPRRVU", "GPCI", "ANES", "LOCCO", "OPPSCAP"):
        assert re.search(rf"csv_equals_txt .*{table} CSV = TXT", rvu25a.result.err), table


def test_CSV_equals_TXT_on_every_row_of_RVU25D(rvu25d):
    assert_check(rvu25d, "csv_equals_txt", 19090 + 109 + 109 + 110 + 16100, 19090 + 109 + 109 + 99 + 16100, 11)


def test_workbooks_agree_with_the_CSV_on_every_field(rvu25a, rvu25d):
    assert_check(rvu25a, "csv_equals_xlsx", 18865 + 109 + 109 + 110 + 16100)
    assert_check(rvu25d, "csv_equals_xlsx", 109 + 109 + 110)


def test_row_totals_are_proven_on_every_row_of_every_form(rvu25a, rvu25d, rvu26b):
    assert_check(rvu25a, "row_totals", 3 * 18865)
    assert_check(rvu25d, "row_totals", 2 * 19090)
    assert_check(rvu26b, "row_totals", 19277)


def test_every_checks_score_adds_up_and_no_proof_failed(rvu25a, rvu25d, rvu26b, rvu26a, samples):
    proofs = {"row_totals", "csv_equals_txt", "qpp_subset", "locality_keys", "oppscap", "anesthesia"}
    for published in (rvu25a, rvu25d, rvu26b, rvu26a, samples):
        assert published.checks
        for check in published.checks.values():
            assert check["checked"] == check["matched"] + check["explained"] + check["failed"], check
            assert check["failed"] == 0 or check["id"] not in proofs, check


def test_the_QPP_file_is_a_subset_with_equal_values(rvu26a, rvu26a_inputs):
    from support import zip_members

    text = next(data for name, data in zip_members(rvu26a_inputs[0]).items() if name.endswith("_QPP.csv")).decode("cp1252")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    start = next(i for i, row in enumerate(rows) if row[0] == "HCPCS") + 1
    keys = {(row[0].strip(), row[1].strip()) for row in rows[start:] if row and row[0].strip()}
    assert_check(rvu26a, "qpp_subset", len(keys))
    marked = {(row["code"], row["modifier"]) for row in rvu26a.table("relative_values") if row["in_qpp_file"] == "true"}
    assert marked == keys
    assert {row["in_qpp_file"] for row in rvu26a.table("relative_values")} == {"true", "false"}


def test_locality_keys_are_equal_across_GPCI_ANES_and_LOCCO(rvu25a, rvu25d, rvu26a):
    for published in (rvu25a, rvu25d, rvu26a):
        assert_check(published, "locality_keys", 109)


def test_the_11_known_differences_of_LOCCO_are_listed_one_by_one(rvu25a, rvu25d):
    for published in (rvu25a, rvu25d):
        lines = [line for line in published.result.err.splitlines() if "known_difference" in line]
        rows = {re.match(r".*?25LOCCO\.csv:(\d+)", line).group(1) for line in lines}
        assert len(rows) == 11, "\n".join(lines)


def test_the_840_caps_under_the_wrong_contractor_are_reported_and_corrected_beside_the_original(rvu25a, rvu25d):
    for published in (rvu25a, rvu25d):
        assert "840 prices stand under a contractor" in published.result.err
        wrong = [row for row in published.table("opps_caps") if row["mac"] != row["gpci_mac"]]
        assert len(wrong) == 840
        assert {(row["mac"], row["gpci_mac"]) for row in wrong} == {("01112", "01182")}


def test_what_RVU26B_lacks_is_said(rvu26b):
    said = re.search(r"^missing: (.*?);", rvu26b.result.err, re.M).group(1)
    assert said.split(", ") == ["PPRRVU (QPP)", "ANES", "LOCCO", "OPPSCAP", "HCPCS", *DRUG_FILES]
    missing = rvu26b.manifest["missing_inputs"]
    assert len(missing) == 7 and {"anes", "locco", "oppscap", "hcpcs"} <= set(missing), missing


def test_what_RVU26B_lacks_is_null_and_not_invented(rvu26b):
    assert rvu26b.manifest["conversion_factors"] == {"non_qp": 33.4009, "qp": None}
    assert rvu26b.manifest["anesthesia_conversion_factors"] == {"non_qp": None, "qp": None}
    for row in rvu26b.table("localities"):
        absent = ("anesthesia_cf", "anesthesia_cf_qp", "fee_schedule_area", "counties")
        assert [row[name] for name in absent] == [""] * 4, row
        assert row["gpci_work"] and row["gpci_work_unfloored"] and row["gpci_pe"] and row["gpci_mp"], row
    assert {row["in_qpp_file"] for row in rvu26b.table("relative_values")} == {""}
    for document in rvu26b.documents.values():
        assert document["hcpcs"] is None and document["long_descriptor"] is None
        assert document["hcpcs_absence"] in ("cpt", "cdt", "placeholder", "no_hcpcs_file"), document["code"]


def test_RVU25D_says_that_there_is_no_HCPCS_file(rvu25d):
    assert rvu25d.manifest["missing_inputs"] == ["hcpcs", "asp_payment_limits", "asp_crosswalk"]
    assert re.search(rf"^missing: HCPCS, {', '.join(DRUG_FILES)};", rvu25d.result.err, re.M)


def test_the_placeholder_GXXX1_is_published_and_reported(rvu26b, rvu26a):
    for published in (rvu26b, rvu26a):
        assert "GXXX1" in published.result.err
        document = published.documents["GXXX1"]
        assert document["hcpcs_absence"] == "placeholder"
        assert [row["status"] for row in document["relative_values"]] == ["X"]


def test_both_sides_of_the_join_are_kept_with_a_reason_where_one_is_absent(rvu26a):
    for document in rvu26a.documents.values():
        assert document["relative_values"] or document["hcpcs"], document["code"]
        assert bool(document["relative_values"]) == (document["relative_values_absence"] is None), document["code"]
        assert (document["hcpcs"] is not None) == (document["hcpcs_absence"] is None), document["code"]


def test_every_code_has_a_section_and_every_CPT_numbered_code_a_category(rvu25a, rvu26a):
    for published in (rvu25a, rvu26a):
        for document in published.documents.values():
            if document["code"] == "GXXX1":
                continue
            assert document["section"], document["code"]
            assert document["category"] or document["system"] != "CPT", document["code"]


def test_every_file_that_was_used_or_ignored_is_said(rvu25a, rvu25a_members):
    used = rvu25a.result.err.split("used\n")[1].split("ignored\n")
    for name in rvu25a_members:
        assert name in (used[1] if name.endswith(".pdf") else used[0]), name
    manifest = {item["path"].split("/")[-1] for key in ("inputs", "ignored") for item in rvu25a.manifest[key]}
    assert set(rvu25a_members) <= manifest
