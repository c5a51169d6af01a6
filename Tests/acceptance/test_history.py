"""`ingest history` shows a code through all published releases, as CMS's files have it."""

import json
from decimal import ROUND_HALF_UP, Decimal

import pytest

from diff_support import cms, releases  # noqa: F401
from support import ingest, run_arguments

FACTORS = {"RVU25A": "32.3465", "RVU25D": "32.3465", "RVU26A": "33.4009", "RVU26B": "33.4009"}


def history(releases, code, *arguments):
    return ingest("history", code, "--store", releases.store, *arguments)


def entries(releases, code, *arguments):
    result = history(releases, code, *arguments, "--format", "json")
    assert result.code == 0, result
    return json.loads(result.out, parse_float=Decimal)["releases"]


def test_releases_stand_in_the_order_in_which_they_take_effect(releases):
    found = entries(releases, "99213")
    assert [entry["revision"] for entry in found] == ["RVU25A-r1", "RVU25D-r1", "RVU26A-r1", "RVU26B-r1"]
    assert [entry["effective_from"] for entry in found] == ["2025-01-01", "2025-10-01", "2026-01-01", "2026-04-01"]


@pytest.mark.parametrize("code, modifier", [
    ("99213", ""), ("45378", "53"), ("71046", "26"), ("71046", "TC"), ("61626", ""), ("J7308", ""), ("Q4132", "")])
def test_values_and_payment_are_those_of_CMSs_files(releases, cms, code, modifier):
    arguments = ["--modifier", modifier] if modifier else []
    found = {entry["revision"][:6]: entry for entry in entries(releases, code, *arguments)}
    for label, rows in cms.items():
        row, entry = rows[code, modifier], found[label]
        assert entry["row"]["status"] == row["status"]
        for column in ("work", "pe_nonfacility", "pe_facility", "mp"):
            assert entry["row"][column] == Decimal(row[column]), (label, column)
        for setting in ("nonfacility", "facility"):
            is_paid = entry["row"]["priced"] and not entry["row"][f"pe_{setting}_na"]
            total = sum(Decimal(row[column]) for column in ("work", f"pe_{setting}", "mp"))
            amount = (total * Decimal(FACTORS[label])).quantize(Decimal("0.01"), ROUND_HALF_UP)
            assert entry["payment"][setting] == (amount if is_paid else None), (label, setting)


def test_a_release_without_the_code_says_why(releases):
    found = {entry["revision"][:6]: entry for entry in entries(releases, "M1389")}
    assert found["RVU25A"]["row"]["status"] == "M" and found["RVU25A"]["absence"] is None
    assert found["RVU25D"]["row"] is None and found["RVU25D"]["absence"] == "not_in_release"


def test_where_CMS_reworded_a_code_is_said_also_when_its_text_is_not_shown(releases):
    changed = {entry["revision"][:6]: entry["descriptor_changed"] for entry in entries(releases, "61626")}
    assert changed == {"RVU25A": None, "RVU25D": False, "RVU26A": True, "RVU26B": False}
    assert all(entry["descriptor"] is None for entry in entries(releases, "61626"))
    assert "RVU26A-r1  reworded (this tier does not show the text)" in history(releases, "61626").out.decode()


def test_the_terminal_shows_a_table_and_a_picture(releases):
    lines = history(releases, "99213").out.decode().splitlines()
    assert lines[0] == "99213, national payment"
    assert lines[3].split() == ["RVU25A-r1", "2025-01-01", "A", "1.30", "1.35", "0.57", "0.10", "88.95", "63.72"]
    assert "  non-facility  ▁▁██  88.95 → 95.19 (+7.0 %)" in lines
    assert "  facility      ██▁▁  63.72 → 57.45 (−9.8 %)" in lines
    assert "  work RVU      ▄▄▄▄  1.30 throughout" in lines
    assert all(line == line.rstrip() for line in lines)


def test_payment_in_a_locality_is_what_show_says(releases):
    found = entries(releases, "99213", "--locality", "01112-05")
    assert [str(entry["payment"]["nonfacility"]) for entry in found[2:]] == ["117.58", "117.58"]


def test_a_setting_that_is_NA_has_no_payment(releases):
    found = {entry["revision"][:6]: entry for entry in entries(releases, "61626")}
    assert found["RVU25D"]["row"]["pe_nonfacility_na"] and found["RVU25D"]["payment"]["nonfacility"] is None
    assert found["RVU26B"]["payment"]["nonfacility"] == Decimal("9735.03")


@pytest.mark.parametrize("code", ["XXXXX", "99999999", ""])
def test_a_code_that_no_release_has_is_an_error_that_helps(releases, code):
    result = history(releases, code)
    assert result.code == 2 and result.out == b""
    assert "[code_unknown]" in result.err and "ingest search" in result.err


def test_a_code_that_comes_back_is_reinstated_not_new(data, rvu25a_inputs, tmp_path):
    """October 2025 with another code in the place of 99213, between January 2025 and April 2026 as they are."""
    october = tmp_path / "rvu25d"
    october.mkdir()
    for name in ("PPRRVU2025_Oct.csv", "PPRRVU2025_Oct.txt", "GPCI2025.csv"):
        content = (data / "rvu25d" / name).read_bytes()
        (october / name).write_bytes(content.replace(b"\n99213", b"\n99219"))
    policy = tmp_path / "policy.yaml"
    policy.write_text("limits:\n")
    for label, inputs in (("RVU25A", rvu25a_inputs), ("RVU25D", [october]), ("RVU26B", [data / "rvu26b"])):
        result = ingest(*run_arguments(tmp_path / "store", label, inputs), "--policy", policy)
        assert result.code == 0, result
    found = json.loads((tmp_path / "store" / "releases" / "RVU26B" / "r1" / "diff.json").read_text())
    assert found["reinstated"] == ["99213"] and found["counts"]["codes_reinstated"] == 1
    assert found["counts"]["codes_added"] > 300
