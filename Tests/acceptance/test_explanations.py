"""Every number is explained: the arithmetic holds, and each source is the line it says."""

import json
import re
import zipfile
from decimal import Decimal

import pytest

from support import ingest


def explain(published, *arguments, code=0):
    result = ingest("explain", *arguments, "--store", published.store)
    assert result.code == code, result
    return result


def line_of(source, inputs):
    """The line of CMS's file that a source names."""
    path, line = re.match(r"(.+?):(\d+)", source).groups()
    archive, _, member = path.partition("/")
    (found,) = [folder for folder in inputs if folder.name == archive]
    with zipfile.ZipFile(found) as file:
        return file.read(member).decode("cp1252").splitlines()[int(line) - 1]


@pytest.mark.parametrize("code, modifier, locality, setting", [
    ("99213", "", "01112-05", "nonfacility"), ("99213", "", "Ohio", "facility"), ("71046", "TC", "Chicago", "nonfacility"),
    ("78815", "", "Dallas", "nonfacility"), ("97110", "", "02102-01", "nonfacility")])
def test_the_arithmetic_of_a_derivation_holds(code, modifier, locality, setting, rvu26a):
    arguments = [code, "--locality", locality, "--setting", setting, "--format", "json"]
    derivation = json.loads(explain(rvu26a, *arguments, *(["--modifier", modifier] if modifier else [])).out)
    sums, total = [], Decimal(0)
    for step in derivation["steps"]:
        product = re.fullmatch(r"([\d.]+) × GPCI ([\d.]+)", step["expression"])
        amount = re.fullmatch(r"([\d.]+) × ([\d.]+), rounded half up", step["expression"])
        if product:
            assert Decimal(product[1]) * Decimal(product[2]) == Decimal(step["result"])
            total += Decimal(step["result"])
        elif step["name"].endswith("sum"):
            assert Decimal(step["result"]) == total
            sums.append(total)
            total = Decimal(0)
        elif amount:
            exact, rounded = map(Decimal, step["result"].split(" → "))
            assert Decimal(amount[1]) * Decimal(amount[2]) == exact and abs(exact - rounded) <= Decimal("0.005")
    assert sums


@pytest.mark.parametrize("track", ["non_qp", "qp"])
def test_every_source_is_the_line_of_CMSs_file(track, rvu26a, rvu26a_inputs):
    derivation = json.loads(explain(rvu26a, "74170", "--locality", "15202-00", "--track", track, "--format", "json").out)
    lines = {source: line_of(source, rvu26a_inputs) for step in derivation["steps"] for source in step["sources"] if ":" in source}
    assert any(line.startswith("74170,,") for line in lines.values())
    assert any(line.startswith("15202,OH,00,OHIO") for line in lines.values())
    if track == "non_qp":
        assert any(re.match("74170,,A,15202,00,", line) for line in lines.values())
    assert all(re.match("74170|15202", line) for line in lines.values())


@pytest.mark.parametrize("field, value", [
    ("pe_nonfacility", "1.46"), ("status", "A"), ("global_days", "XXX"), ("title", "Level 3 visit, returning patient")])
def test_any_field_is_looked_up(field, value, rvu26a):
    found = json.loads(explain(rvu26a, "99213", "--field", field, "--format", "json").out)
    assert found["value"] == value and found["meaning"] and found["places"]


def test_editorial_and_HCPCS_fields_name_their_lines(rvu26a, rvu26a_inputs):
    synonyms = json.loads(explain(rvu26a, "J7308", "--field", "synonyms", "--format", "json").out)
    assert "Levulan Kerastick" in synonyms["value"] and synonyms["places"] == ["codes/J7308.yaml:2"]
    betos = json.loads(explain(rvu26a, "J7308", "--field", "betos", "--format", "json").out)
    assert betos["value"] == "O1E" and line_of(betos["places"][0], rvu26a_inputs).startswith("J7308001003")
    explain(rvu26a, "J7308", "--field", "no_such_field", code=64)


def test_unpriced_rows_and_NA_settings_have_a_reason(rvu26a):
    assert b"excluded from fee schedule" in explain(rvu26a, "J7308", "--locality", "Ohio").out
    na = explain(rvu26a, "97110", "--locality", "Ohio", "--setting", "facility").out
    assert b"not applicable in setting" in na and b"0.00" not in na.split(b"Medicare pays")[1]


@pytest.mark.parametrize("name, key", [
    ("15202-00", "15202-00"), ("Ohio", "15202-00"), ("oh", "15202-00"), ("manhattan", "13202-01"), ("Dallas", "04412-11"),
    ("Marin", "01112-52"), ("Cook", "06102-16")])
def test_a_locality_is_named_by_key_state_county_or_name(name, key, rvu26a):
    found = json.loads(explain(rvu26a, "99213", "--locality", name, "--format", "json").out)
    assert found["locality"] == key


def test_an_ambiguous_locality_lists_the_choices(rvu26a):
    err = explain(rvu26a, "99213", "--locality", "Texas", code=64).err
    assert "any of 8 localities" in err and "04412-11 DALLAS" in err and "04412-99" in err
    assert "is no locality" in explain(rvu26a, "99213", "--locality", "Atlantis", code=64).err


def test_the_day_of_service_decides_on_the_work_floor(rvu26a):
    def work(*more):
        steps = json.loads(explain(rvu26a, "99213", "--locality", "10112-00", "--format", "json", *more).out)["steps"]
        return next(step["expression"] for step in steps if step["name"] == "work")

    assert work() == work("--date", "2026-12-31") == "1.30 × GPCI 1.000"
    assert work("--date", "2027-01-01") == "1.30 × GPCI 0.988"


def test_a_release_of_one_factor_has_one_track(rvu25d):
    explain(rvu25d, "99213", "--locality", "Ohio", "--track", "qp", code=64)


def test_anesthesia_is_paid_by_units(rvu26a):
    out = explain(rvu26a, "00100", "--locality", "Ohio", "--base-units", "5", "--minutes", "80", "--format", "json").out
    found = json.loads(out, parse_float=Decimal)
    assert found["time_units"] == Decimal("5.3")
    assert found["payment"] == (Decimal("10.3") * found["conversion_factor"]).quantize(Decimal("0.01"))
