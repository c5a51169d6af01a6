"""The shipped questions (samples/queries): DuckDB and a Spark cluster of two workers give the same bytes, and they are what
Python's decimal gets from the CSV files. Rows and sums agree between CSV, SQLite, DuckDB and Spark."""

import csv
import functools
import io
import json
import signal
import sqlite3
import subprocess
import sys
import time
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from decimal_engine import cents
from engine_support import COMPONENTS, QUERIES, SCRIPTS, csv_sums, done, script, sums_sql
from support import REPO, environment, read_table

pytest.importorskip("duckdb")
pytest.importorskip("pyspark")

RELEASES = ["RVU25A", "RVU25D", "RVU26A", "RVU26B"]
TABLES = ["category_texts", "codes", "conversion_factors", "descriptor_digests", "drug_payment_limits", "drug_products",
          "editorial", "editorial_items", "indicator_values", "localities", "modifiers", "opps_caps", "provenance", "questions",
          "relative_values"]
WIDTH = max(map(len, COMPONENTS.values()))


def table_sums(table):
    sums = [f"CAST(SUM({column}) AS DECIMAL(38,6))" for column in COMPONENTS.get(table, ())]
    sums += ["CAST(NULL AS DECIMAL(38,6))"] * (WIDTH - len(sums))
    named = ", ".join(f"{text} AS sum_{number}" for number, text in enumerate(sums))
    return f"SELECT '{table}' AS name, release, COUNT(*) AS row_count, {named} FROM {table} GROUP BY release"


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The shipped questions, each as it is, and two about rows and sums."""
    folder = tmp_path_factory.mktemp("asked")
    # One statement for all tables: a cluster takes its time for each.
    (folder / "sums.sql").write_text(
        "-- Rows and sums of every table.\n" + "\nUNION ALL\n".join(map(table_sums, TABLES)) + "\nORDER BY name, release\n")
    (folder / "every-payment.sql").write_text(
        "-- Rows and sums of payments.\nSELECT release, COUNT(*) AS rows, COUNT(fee) AS fees, COUNT(cap) AS caps, SUM(fee) AS fee, "
        "SUM(cap) AS cap, SUM(payment) AS payment FROM payments GROUP BY release ORDER BY release\n")
    return [*QUERIES, *sorted(folder.glob("*.sql"))]


def answers(engine, asked, data, folder):
    result = script("query", *asked, "--data", data, "--engine", engine, "--out", folder, timeout=900)
    done(result)
    return {path.stem: path.read_bytes() for path in folder.glob("*.csv")}


@pytest.fixture(scope="module")
def duckdb_answers(asked, four_as_parquet, tmp_path_factory):
    return answers("duckdb", asked, four_as_parquet, tmp_path_factory.mktemp("duckdb"))


@pytest.fixture(scope="module")
def spark_answers(asked, four_as_parquet, tmp_path_factory):
    return answers("spark", asked, four_as_parquet, tmp_path_factory.mktemp("spark"))


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(answer.decode("utf-8"), newline="")))


def test_duckdb_and_spark_answer_every_question_with_the_same_bytes(asked, duckdb_answers, spark_answers):
    assert set(duckdb_answers) == set(spark_answers) == {path.stem for path in asked}
    for name, answer in duckdb_answers.items():
        assert len(answer.splitlines()) > 1, f"{name} has no row"
        # Their lengths and hashes rather than the bytes: a difference is to be short.
        differing = [number for number, (one, other) in enumerate(zip(answer.splitlines(), spark_answers[name].splitlines()))
                     if one != other]
        assert differing == [] and len(answer) == len(spark_answers[name]), name
    assert len(QUERIES) >= 6


def sums_of(answers):
    found = {}
    for row in rows_of(answers["sums"]):
        table, release, count, *sums = row.values()
        assert not any("e" in value.lower() for value in sums)
        found[release, table] = [Decimal(count), *(Decimal(value or 0) for value in sums[:len(COMPONENTS.get(table, ()))])]
    return found


def sqlite_sums(store):
    """SQLite's numbers are binary fractions: added up here as the decimals that its text shows."""
    found = {}
    for path in sorted((store / "releases").glob("*/r1/dataset.sqlite")):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            for table in TABLES:
                if database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is None:
                    continue
                sums = [Decimal(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])]
                for column in COMPONENTS.get(table, ()):
                    values = database.execute(f"SELECT CAST({column} AS TEXT) FROM {table} WHERE {column} IS NOT NULL")
                    sums.append(sum((Decimal(value) for (value,) in values), Decimal(0)))
                found[path.parts[-3], table] = sums
    return found


def postgres_sums(conninfo):
    import psycopg

    found = {}
    with psycopg.connect(conninfo) as connection:
        for table in TABLES:
            for release, *values in connection.execute(sums_sql(table, f"fee_schedule.{table}")).fetchall():
                assert all(value is None or isinstance(value, (int, Decimal)) for value in values)
                found[release, table] = [Decimal(value or 0) for value in values]
    return found


def test_rows_and_sums_of_every_component_agree_in_csv_sqlite_duckdb_spark_and_postgresql(
        four_releases, duckdb_answers, spark_answers, four_in_postgres):
    expected = csv_sums(four_releases)
    filled = {key: values for key, values in expected.items() if values[0]}
    assert {table for _, table in expected} == set(TABLES), "a table is not looked at"
    assert sums_of(duckdb_answers) == filled
    assert sums_of(spark_answers) == filled
    assert postgres_sums(four_in_postgres) == filled
    in_sqlite = sqlite_sums(four_releases)
    assert in_sqlite == {key: values for key, values in expected.items() if key in in_sqlite}
    assert {table for _, table in in_sqlite} >= set(COMPONENTS)


class Release:
    """A release's payments by the rules, from its CSV files."""

    def __init__(self, folder):
        self.rows = {(row["code"], row["modifier"]): row for row in read_table(folder / "tables" / "relative_values.csv")}
        self.places = {(row["mac"], row["locality"]): row for row in read_table(folder / "tables" / "localities.csv")}
        self.titles = {row["code"]: row["title"] for row in read_table(folder / "tables" / "codes.csv")}
        self.factors = {row["track"]: Decimal(row["conversion_factor"]) for row in read_table(
            folder / "tables" / "conversion_factors.csv") if row["service"] == "physician"}
        self.from_day = json.loads((folder / "manifest.json").read_text())["release"]["effective"]["from"]
        self.gpcis = {key: tuple(Decimal(row[name]) for name in ("gpci_work", "gpci_pe", "gpci_mp"))
                      for key, row in self.places.items()}
        self.gpcis["national"] = (Decimal(1),) * 3

    def reason(self, key, setting):
        row = self.rows.get(key)
        if row is None:
            return "not_on_fee_schedule"
        if row["priced"] == "false":
            return row["unpriced_reason"]
        return "not_applicable_in_setting" if row[f"pe_{setting}_na"] == "true" else None

    @functools.cache
    def values(self, key, setting):
        row = self.rows[key]
        fee = tuple(Decimal(row[name]) for name in ("work", f"pe_{setting}", "mp"))
        caps = [Decimal(row[name]) for name in ("opps_pe_nonfacility", "opps_pe_facility", "opps_mp")]
        cap = (fee[0], caps[setting == "facility"], caps[2]) if any(caps) else None
        return fee, cap

    def paid(self, key, setting, place, factor):
        """Fee, cap and payment."""
        fee, cap = (
            parts and cents(sum(a * b for a, b in zip(parts, self.gpcis[place])) * factor) for parts in self.values(key, setting))
        return fee, cap, fee if cap is None else min(fee, cap)


@pytest.fixture(scope="module")
def releases(four_releases):
    return {label: Release(four_releases / "releases" / label / "r1") for label in RELEASES}


def text(value):
    return "" if value is None else str(value)


def test_the_history_of_a_payment_is_what_decimal_says(releases, duckdb_answers):
    expected = []
    places = sorted({place for release in releases.values() for place in release.places})
    for mac, locality in places:
        before = None
        for label, release in releases.items():
            if (mac, locality) not in release.places:
                continue
            fee, cap, payment = release.paid(("99213", ""), "nonfacility", (mac, locality), release.factors["non_qp"])
            place = release.places[mac, locality]
            expected.append([mac, locality, place["state"], place["name"], label, release.from_day, text(fee), text(cap), text(payment),
                             text(None if before is None else payment - before)])
            before = payment
    assert [list(row.values()) for row in rows_of(duckdb_answers["payment-history"])] == expected
    assert len(expected) == 4 * 109
    (san_francisco,) = [row for row in expected if row[:2] == ["01112", "05"] and row[4] == "RVU26A"]
    assert san_francisco[8] == "117.58", "CMS's own payment file has 117.58"


def test_the_biggest_movers_are_what_decimal_says(releases, duckdb_answers):
    before, after = releases["RVU25D"], releases["RVU26A"]
    found = []
    for key in set(before.rows) & set(after.rows):
        for setting in ("nonfacility", "facility"):
            if before.reason(key, setting) or after.reason(key, setting):
                continue
            old, new = (one.paid(key, setting, "national", one.factors["non_qp"])[0] for one in (before, after))
            if old != new and old:
                share = ((new - old) * 1000 / old).quantize(Decimal(1), ROUND_HALF_UP)
                found.append((-abs(new - old), *key, setting, after.titles[key[0]], old, new, new - old, share))
    expected = [[text(value) for value in row[1:]] for row in sorted(found)[:50]]
    assert [list(row.values()) for row in rows_of(duckdb_answers["biggest-movers"])] == expected


def mix():
    return [(row["code"], row["modifier"], row["setting"], int(row["units"])) for row in read_table(REPO / "samples/queries/mix.csv")]


def test_the_effect_of_a_conversion_factor_is_what_decimal_says(releases, duckdb_answers):
    release, place = releases["RVU26A"], ("15202", "00")
    expected, sums = [], [Decimal(0), Decimal(0)]
    for code, modifier, setting, units in sorted(mix()):
        reason = release.reason((code, modifier), setting)
        amounts = [None if reason else release.paid((code, modifier), setting, place, factor)[2]
                   for factor in (release.factors["non_qp"], Decimal("32.3465"))]
        totals = [None if amount is None else amount * units for amount in amounts]
        sums = [sum_ + (total or 0) for sum_, total in zip(sums, totals)]
        change = None if reason else totals[1] - totals[0]
        expected.append([code, modifier, setting, units, *amounts, *totals, change, reason])
    expected.append(["all", "", "", sum(units for *_, units in mix()), None, None, *sums, sums[1] - sums[0], None])
    assert [list(row.values()) for row in rows_of(duckdb_answers["conversion-factor-effect"])] == [
        [text(value) for value in row] for row in expected]


def test_the_work_of_a_mix_is_what_decimal_says(releases, duckdb_answers):
    expected, before = [], None
    for label, release in releases.items():
        known = [(release.rows[code, modifier], units) for code, modifier, _, units in mix() if (code, modifier) in release.rows]
        work = sum(Decimal(row["work"]) * units for row, units in known)
        expected.append([label, release.from_day, str(sum(units for *_, units in mix())), str(len(mix()) - len(known)), str(work),
                         text(None if before is None else work - before)])
        before = work
    assert [list(row.values()) for row in rows_of(duckdb_answers["work-of-a-mix"])] == expected


def test_where_a_service_pays_most_is_what_decimal_says(releases, duckdb_answers):
    release = releases["RVU26A"]
    found = []
    for key in release.rows:
        if release.reason(key, "nonfacility"):
            continue
        paid = [(release.paid(key, "nonfacility", place, release.factors["non_qp"])[2], place) for place in release.places]
        (high, highest), (low, lowest) = min(paid, key=lambda one: (-one[0], one[1])), min(paid)
        found.append((low - high, *key, *highest, high, *lowest, low, high - low))
    expected = [[text(value) for value in row[1:]] for row in sorted(found)]
    assert [list(row.values()) for row in rows_of(duckdb_answers["where-it-pays-most"])] == expected
    assert len(expected) > 5000


def test_the_fee_schedule_of_a_place_is_what_decimal_says(releases, duckdb_answers):
    found = {(row["release"], row["mac"], row["locality"], row["setting"]): list(row.values())[4:]
             for row in rows_of(duckdb_answers["payment-by-place"])}
    assert len(found) == 4 * 109 * 2
    for label, release in releases.items():
        priced = [key for key, row in release.rows.items() if row["priced"] == "true"]
        for place in (("01112", "05"), ("02102", "01")):
            for setting in ("nonfacility", "facility"):
                paid = [release.paid(key, setting, place, release.factors["non_qp"]) for key in priced
                        if not release.reason(key, setting)]
                payments = [payment for *_, payment in paid]
                expected = [len(paid), len(priced) - len(paid), sum(payment < fee for fee, _, payment in paid), sum(payments),
                            min(payments), max(payments)]
                assert found[label, *place, setting] == [text(value) for value in expected], (label, place, setting)


def query(*arguments):
    return script("query", *arguments)


def test_parameters_change_the_answer(four_as_parquet, tmp_path):
    history, effect = (REPO / "samples" / "queries" / f"{name}.sql" for name in ("payment-history", "conversion-factor-effect"))
    rows = rows_of(done(query(history, "--data", four_as_parquet, "--set", "code=71046", "--set", "modifier=26")).encode())
    assert len(rows) == 4 * 109 and rows[0]["payment"] < "20"
    (tmp_path / "mine.csv").write_text("code,modifier,setting,units\n99214,,facility,3\nX9999,,facility,1\n99024,,facility,1\n")
    rows = rows_of(done(query(effect, "--data", four_as_parquet, "--set", f"mix={tmp_path / 'mine.csv'}", "--set", "factor=40")).encode())
    assert [(row["code"], row["reason"]) for row in rows] == [
        ("99024", "bundled"), ("99214", ""), ("X9999", "not_on_fee_schedule"), ("all", "")]
    assert rows[1]["total"] == rows[3]["total"] != ""


@pytest.mark.parametrize("arguments, code, said", [
    (["--set", "code=9' OR '1'='1"], 64, "is no text"), (["--set", "place=1"], 64, "no such parameter"), (["--set", "code"], 64, "NAME=VALUE"),
    (["--engine", "oracle"], 64, "invalid choice"), (["--data", "nowhere"], 69, "to-parquet"), (["--master", "spark://x:1"], 64, "--engine spark"),
    (["nowhere.sql"], 64, "--out"), (["nowhere.sql", "--out", "x"], 69, "nowhere.sql")])
def test_what_makes_no_sense_is_refused(arguments, code, said, four_as_parquet, tmp_path):
    command = [sys.executable, SCRIPTS / "query", REPO / "samples/queries/payment-history.sql", "--data", four_as_parquet, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == code and said in result.stderr and result.stdout == "", result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("sql, said", [
    ("SELECT 1 / CAST(3 AS DOUBLE) AS third", "cast it to DECIMAL"), ("SELECT :code", "no comment declares"),
    ("-- x\n-- :code string -- x\nSELECT :code", ":2: expected"), ("SELECT nothing FROM codes", "BinderException")])
def test_a_question_that_is_wrong_says_where(sql, said, four_as_parquet, tmp_path):
    (tmp_path / "wrong.sql").write_text(sql)
    result = query(tmp_path / "wrong.sql", "--data", four_as_parquet)
    assert result.returncode == 2 and "wrong.sql" in result.stderr and said in result.stderr, result.stderr
    assert result.stdout == ""


def of_cluster():
    """Command lines of Spark's processes that run now."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if b"org.apache.spark" in line:
            found[int(path.parent.name)] = line
    return found


def test_the_cluster_has_two_workers_and_goes_with_its_query_even_a_killed_one(four_as_parquet, tmp_path):
    before = set(of_cluster())
    (tmp_path / "long.sql").write_text("-- Long.\nSELECT COUNT(*) AS n FROM payments a JOIN payments b ON a.fee < b.fee\n")
    command = [sys.executable, SCRIPTS / "query", tmp_path / "long.sql", "--data", four_as_parquet, "--engine", "spark"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=environment(TMPDIR=str(tmp_path)))
    try:
        end = time.monotonic() + 240
        while time.monotonic() < end:
            lines = [line for number, line in of_cluster().items() if number not in before]
            if sum(b"CoarseGrainedExecutorBackend" in line for line in lines) >= 2:
                break
            assert process.poll() is None
            time.sleep(0.5)
        assert sum(b"deploy.master.Master" in line for line in lines) == 1
        assert sum(b"deploy.worker.Worker" in line for line in lines) == 2
        assert all(b"--host\x00127.0.0.1" in line for line in lines if b".deploy.master" in line or b".deploy.worker" in line)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    end = time.monotonic() + 60
    while set(of_cluster()) - before and time.monotonic() < end:
        time.sleep(0.5)
    assert set(of_cluster()) - before == set(), "Spark's processes are left behind"
