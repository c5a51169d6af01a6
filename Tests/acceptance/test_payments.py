"""Payment amounts equal those of a plain `decimal` program that shares nothing with the program."""

import csv
import json
from decimal import Decimal

import pytest

from decimal_engine import Engine, cents
from support import Published, assert_published, ingest, run_arguments, zip_members

LOCALITIES = [("02102", "01"), ("01112", "05"), ("15202", "00"), ("03202", "01"), ("04412", "11")]
TRACKS = {"RVU25D": {"non_qp": "32.3465"}, "RVU26A": {"non_qp": "33.4009", "qp": "33.5675"}}


@pytest.fixture(scope="module", params=["RVU25D", "RVU26A"])
def paid(request, data, rvu26a_inputs, tmp_path_factory):
    if request.param == "RVU25D":
        inputs = [data / "rvu25d"]
        files = {path.name: path.read_bytes() for path in (data / "rvu25d").glob("*.csv")}
        pprrvu, gpci = files["PPRRVU2025_Oct.csv"], files["GPCI2025.csv"]
    else:
        inputs = rvu26a_inputs
        members = zip_members(inputs[0])
        pprrvu, gpci = members["PPRRVU2026_Jan_nonQPP.csv"], members["GPCI2026.csv"]
    store = tmp_path_factory.mktemp("paid") / "store"
    result = ingest(*run_arguments(store, request.param, inputs), "--payments")
    assert_published(result)
    return request.param, Published(store, result), Engine(pprrvu, gpci)


def test_every_payable_row_in_five_localities_pays_what_decimal_says(paid):
    label, published, engine = paid
    expected = {}
    for key in engine.payable():
        for locality in LOCALITIES:
            for setting in ("nonfacility", "facility"):
                for track, factor in TRACKS[label].items():
                    expected[key + locality + (setting, track)] = Decimal(factor)
    localities = set(LOCALITIES)
    seen = 0
    with open(published.folder / "tables" / "payments.csv", newline="") as file:
        for row in csv.DictReader(file):
            locality = (row["mac"], row["locality"])
            if locality not in localities:
                continue
            key, setting = (row["code"], row["modifier"]), row["setting"]
            factor = expected.pop(key + locality + (setting, row["track"]))
            seen += 1
            cap = engine.cap(key, setting, locality, factor)
            assert row["cap"] == ("" if cap is None else str(cap)), row
            if engine.rows[key]["na"][setting]:
                assert (row["fee"], row["payment"]) == ("", "") and row["reason"] == "not_applicable_in_setting", row
            else:
                assert row["fee"] == str(engine.fee(key, setting, locality, factor)), row
                assert row["payment"] == str(engine.payment(key, setting, locality, factor)), row
                assert row["reason"] == ""
    assert not expected and seen == len(engine.payable()) * len(LOCALITIES) * 2 * len(TRACKS[label])


def test_all_payable_rows_are_paid_everywhere(paid):
    label, published, engine = paid
    (file,) = (file for file in published.manifest["files"] if file["path"] == "tables/payments.csv")
    assert file["rows"] == len(engine.payable()) * 109 * 2 * len(TRACKS[label])


def test_shown_amounts_are_those_of_the_rules(paid):
    label, published, engine = paid
    factors = {track: Decimal(factor) for track, factor in TRACKS[label].items()}
    for code in ("99213", "71046", "97110", "43239", "J7308", "00100", "78815", "58300"):
        shown = ingest(
            "show", code, "--locality", "15202-00", "--store", published.store, "--release", label, "--format", "json")
        assert shown.code == 0, shown
        for amount in json.loads(shown.out, parse_float=Decimal)["payments"]:
            key, setting = (code, amount["modifier"] or ""), amount["setting"]
            row, factor = engine.rows[key], factors[amount["track"]]
            if row["status"] not in "ART" or not row["total"]:
                assert amount["payment"] is None and amount["reason"], amount
            elif row["na"][setting]:
                assert amount["payment"] is None and amount["reason"] == "not_applicable_in_setting"
            else:
                payment = engine.payment(key, setting, ("15202", "00"), factor)
                assert amount["payment"] == payment and amount["reason"] is None
                assert amount["nonparticipating"] == cents(payment * Decimal("0.95"))
                assert amount["limiting_charge"] == cents(payment * Decimal("1.0925"))
                therapy = engine.therapy(key, setting, ("15202", "00"), factor) if row["mult"] == "5" else None
                assert amount["therapy_reduced"] == therapy


def test_published_spot_amounts_come_out(paid):
    """99213 in San Francisco, January 2026: CMS's own payment file has 117.58 and 64.37."""
    label, published, _ = paid
    if label != "RVU26A":
        pytest.skip("the amounts are of 2026")
    shown = ingest("show", "99213", "--locality", "01112-05", "--store", published.store, "--format", "json")
    amounts = {
        (amount["setting"], amount["track"]): amount["payment"]
        for amount in json.loads(shown.out, parse_float=str)["payments"]}
    assert amounts["nonfacility", "non_qp"] == "117.58" and amounts["facility", "non_qp"] == "64.37"


def test_national_payments_in_the_documents_are_what_decimal_says(paid):
    """Every GPCI 1.000, no cap; a row without a price has none, and a setting marked NA has no amount."""
    label, published, engine = paid
    factors = {track: Decimal(TRACKS[label][track]) if track in TRACKS[label] else None for track in ("non_qp", "qp")}
    engine.gpcis["national"] = (Decimal("1.000"),) * 3
    payable = set(engine.payable())
    seen = 0
    for document in published.documents.values():
        for row in document["relative_values"]:
            key = (document["code"], row["modifier"] or "")
            payment = row["national_payment"]
            assert (payment is None) == (key not in payable) == (row["unpriced_reason"] is not None), key
            if payment is None:
                continue
            assert payment == {
                track: None if factor is None else {
                    setting: None if engine.rows[key]["na"][setting] else str(engine.fee(key, setting, "national", factor))
                    for setting in ("nonfacility", "facility")}
                for track, factor in factors.items()}, key
            seen += 1
    assert seen == len(payable) > 9000
