"""What the tests of the diff share: one store of real releases, differences read and applied, and CMS's rows.

Nothing here knows the program's code. CMS's rows are read from CMS's own files; a difference is applied with the plain
steps that the documentation of diff.json gives.
"""

import csv
import functools
import json
import shutil
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest

from support import (
    SAMPLE_OVERLAYS, SCHEMAS, Published, assert_published, header_index, ingest, read_table, rows_of, run_arguments, run_samples)

OPEN = "limits: {}\n"
NOT_COMPARED = {"payments", "provenance"}


# Policies.


def write_policy(path, text=OPEN):
    path.write_text(text, encoding="utf-8")
    return path


def waiver(key, reason="looked at", owner="data@example.org", expires="2099-12-31"):
    return f"  - key: {key}\n    reason: {reason}\n    owner: {owner}\n    expires: {expires}\n"


# Differences.


def read_diff(data):
    """diff.json with its decimals as the text that stands there."""
    return json.loads(data, parse_float=str)


def diff(base, head, *extra, codes=(0,), **options):
    """`ingest diff --format json`, read."""
    result = ingest("diff", base, head, "--format", "json", *extra, **options)
    assert result.code in codes, result
    read = read_diff(result.out)
    assert read["exit_code"] == result.code, result
    return read


def judged(base, head, *extra, code=0, **options):
    """`ingest diff --format json`, read up to the verdict and the counts: the changes may be many."""
    result = ingest("diff", base, head, "--format", "json", *extra, **options)
    assert result.code == code, result
    start, mark, _ = result.out.partition(b',\n  "categories": [')
    read = read_diff(start + b"\n}" if mark else result.out)
    assert read["exit_code"] == code and read["verdict"] in (["fail"] if code else ["pass", "waived"]), result
    return read


@functools.cache
def table_keys():
    """The key columns of every table."""
    keys = defaultdict(list)
    for row in read_table(SCHEMAS / "dataset" / "tables.csv"):
        if row["key"] == "yes":
            keys[row["table"]].append(row["column"])
        else:
            keys[row["table"]]
    return dict(keys)


@functools.cache
def category_columns():
    return {row["category"]: row["columns"].split() for row in read_table(SCHEMAS / "values" / "change-categories.csv")}


def cell(value):
    """A JSON value as the CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@functools.lru_cache(maxsize=None)
def keyed(published, table):
    """A table's rows by key, and its columns."""
    path = published.folder / "tables" / f"{table}.csv"
    if not path.exists():
        return {}, []
    rows = published.table(table)
    keys = table_keys()[table]
    found = {tuple(row[key] for key in keys): row for row in rows}
    assert len(found) == len(rows), f"{table}: a key stands twice"
    with open(path, encoding="utf-8", newline="") as file:
        return found, next(csv.reader(file))


def compared_tables(*sides):
    names = set().union(*(side.table_names for side in sides))
    assert names <= table_keys().keys(), f"tables that Schemas/dataset/tables.csv does not list: {names - table_keys().keys()}"
    return sorted(names - NOT_COMPARED)


def apply_difference(read, base, head):
    """BASE's tables with the difference applied: table by name, rows by key. Checks every `from` on its way."""
    tables, columns = {}, {}
    for name in compared_tables(base, head):
        rows, columns[name] = keyed(base, name)
        tables[name] = {key: dict(row) for key, row in rows.items()}
    categories = {category["id"]: category for category in read["categories"]}
    fills = defaultdict(dict)
    for column in read["schema"]["columns"]:
        fills[column["table"]][column["column"]] = column["fill"]
    removed, added, changed = defaultdict(set), defaultdict(dict), defaultdict(list)
    for change in read["changes"]:
        category = categories[change["category"]]
        name = category["table"]
        key = tuple(cell(change[column]) for column in table_keys()[name])
        if category["event"] == "removed":
            assert key in tables[name] and key not in removed[name], change
            removed[name].add(key)
        elif category["event"] == "added":
            assert key not in tables[name] and key not in added[name], change
            row = {column: cell(value) for column, value in change["row"].items()}
            assert not row.keys() & set(table_keys()[name]), change
            added[name][key] = {**dict(zip(table_keys()[name], key)), **row}
        else:
            assert category["event"] == "changed"
            assert change["field"] in category_columns()[category["id"]], change
            assert cell(tables[name][key].get(change["field"])) == cell(change["from"]), change
            assert cell(change["from"]) != cell(change["to"]), change
            changed[name].append((key, change["field"], cell(change["to"])))
    for name, rows in tables.items():
        for key in removed[name]:
            del rows[key]
        for row in rows.values():
            row.update(fills[name])
        rows.update(added[name])
        seen = set()
        for key, field, value in changed[name]:
            assert key not in removed[name] and key not in added[name], (name, key, field)
            assert (key, field) not in seen, f"{name} {key} {field} is listed twice"
            seen.add((key, field))
            rows[key][field] = value
    return tables


def assert_complete(read, base, head):
    """Applied to BASE, the difference gives HEAD: every table, row and cell but payments and provenance."""
    tables = apply_difference(read, base, head)
    for name in compared_tables(base, head):
        rows, columns = keyed(head, name)
        ours = tables[name]
        assert ours.keys() == rows.keys(), (
            f"{name}: {len(ours.keys() - rows.keys())} rows too many, {len(rows.keys() - ours.keys())} missing, such as "
            f"{sorted(ours.keys() ^ rows.keys())[:3]}")
        wrong = [
            (key, column, row[column], ours[key].get(column)) for key, row in rows.items() for column in columns
            if row[column] != ours[key].get(column, "")]
        assert wrong == [], f"{name}: {len(wrong)} cells differ, such as {wrong[:3]}"


def filled_changes(read, base, head):
    """(category, column): how many cells changed to their column's `fill` and are therefore not listed."""
    found = {}
    tables = {category["id"]: category for category in read["categories"]}
    for column in read["schema"]["columns"]:
        name, label = column["table"], column["column"]
        (category,) = [
            id for id, columns in category_columns().items()
            if label in columns and (id not in tables or tables[id]["table"] == name) and owner(id) == name]
        before, after = keyed(base, name)[0], keyed(head, name)[0]
        found[category, label] = sum(
            after[key].get(label, "") == column["fill"] != before[key].get(label, "") for key in before.keys() & after.keys())
    return found


@functools.cache
def owners():
    return {row["category"]: row["table"] for row in read_table(SCHEMAS / "values" / "change-categories.csv")}


def owner(category):
    return owners()[category]


def assert_adds_up(read, base, head):
    """Explained + residual = total; what is listed is what is counted; each rule explains what carries its id."""
    listed, ruled = defaultdict(int), defaultdict(int)
    for change in read["changes"]:
        listed[change["category"]] += 1
        if change["rule"] is not None:
            ruled[change["category"], change["rule"]] += 1
    rules = {(rule["category"], rule["id"]): rule for rule in read["systemic"]}
    assert len(rules) == len(read["systemic"]), "a rule stands twice"
    for (category, column), count in filled_changes(read, base, head).items():
        if count:
            listed[category] += count
            ids = [f"column_absent:{category}:{column}", f"input_missing:{category}"]
            (rule,) = [id for id in ids if (category, id) in rules][:1] or [None]
            ruled[category, rule] += count
    counted = {category["id"] for category in read["categories"]}
    for category in read["categories"]:
        id = category["id"]
        assert category["total"] > 0, category
        assert category["explained"] + category["residual"] == category["total"], category
        assert read["counts"][id] == category["total"] == listed[id], (category, listed[id])
        assert category["explained"] == sum(rule["explains"] for rule in read["systemic"] if rule["category"] == id), category
    assert listed.keys() <= counted
    assert all(count == 0 for id, count in read["counts"].items() if id in owners() and id not in counted)
    assert rules.keys() == ruled.keys()
    for key, rule in rules.items():
        assert rule["explains"] == ruled[key] > 0, (rule, ruled[key])
        assert rule["of"] == read["counts"][rule["category"]], rule
        if rule["families"]:
            assert sum(family["rows"] for family in rule["families"]) == rule["explains"], rule


# CMS's rows.

CSV_COLUMNS = [
    "code", "modifier", "descriptor", "status", "not_used_flag", "work", "pe_nonfacility", "pe_nonfacility_na", "pe_facility",
    "pe_facility_na", "mp", "total_nonfacility", "total_facility", "pctc", "global_days", "pre_op", "intra_op", "post_op",
    "multiple_procedure", "bilateral", "assistant_surgeon", "co_surgeon", "team_surgeon", "endoscopic_base",
    "conversion_factor", "supervision", "calculation_flag", "imaging_family", "opps_pe_nonfacility", "opps_pe_facility",
    "opps_mp"]
# First and last byte of each column in CMS's record layout, from 1.
TXT_COLUMNS = dict(zip(CSV_COLUMNS, [
    (1, 5), (6, 7), (8, 57), (58, 58), (59, 59), (60, 65), (67, 72), (73, 74), (76, 81), (82, 83), (85, 89), (91, 96),
    (97, 102), (103, 103), (104, 106), (107, 109), (110, 112), (113, 115), (116, 116), (117, 117), (118, 118), (119, 119),
    (120, 120), (128, 132), (133, 140), (142, 143), (144, 144), (146, 147), (152, 157), (159, 164), (166, 171)]))
DECIMALS = {
    "work", "pe_nonfacility", "pe_facility", "mp", "total_nonfacility", "total_facility", "pre_op", "intra_op", "post_op",
    "conversion_factor", "opps_pe_nonfacility", "opps_pe_facility", "opps_mp"}


def cms_rows(data):
    """PPRRVU's rows by (code, modifier), from CMS's CSV or TXT; decimals as Decimal, the rest as text."""
    data = data.split(b"\x1a")[0]
    if data.startswith(b"HDR"):
        records = [
            [line[first - 1:last] for first, last in TXT_COLUMNS.values()]
            for line in data.decode("cp1252").splitlines() if line.strip() and not line.startswith("HDR")]
    else:
        rows = rows_of(data)
        records = [
            row[:23] + row[-8:] for row in rows[header_index(rows, "HCPCS") + 1:] if any(field.strip() for field in row)]
    found = {}
    for record in records:
        assert len(record) == len(CSV_COLUMNS)
        row = {name: " ".join(field.replace("\xa0", " ").split()) for name, field in zip(CSV_COLUMNS, record)}
        row.update({name: Decimal(row[name]) for name in DECIMALS})
        found[row["code"], row["modifier"]] = row
    assert len(found) == len(records)
    return found


def half_up(value):
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


# Stores, each made once for all tests.


class Releases:
    """One store: RVU25A, RVU25D, RVU26B and, published last, RVU26A, whose values are stand-ins."""

    def __init__(self, store, policy):
        self.store, self.policy, self.results, self.differences = store, policy, {}, {}

    def publish(self, label, inputs, *extra, overlays=None):
        result = ingest(*run_arguments(self.store, label, inputs, overlays), "--policy", self.policy, *extra)
        assert_published(result)
        side = Published(self.store, result, result.out.decode().strip().removeprefix(f"{self.store}/"))
        self.results[f"{label}-r{side.manifest['release']['revision']}"] = result
        return side

    def diff(self, base, head):
        """The difference of two revisions, worked out once."""
        if (base, head) not in self.differences:
            self.differences[base, head] = diff(base, head, "--store", self.store, "--policy", self.policy)
        return self.differences[base, head]

    @functools.lru_cache(maxsize=None)
    def __getitem__(self, name):
        return Published(self.store, self.results.get(name), f"releases/{name.replace('-', '/')}")


_stores = {}


@pytest.fixture(scope="session")
def releases(data, rvu25a_inputs, rvu26a_inputs, tmp_path_factory):
    if "releases" not in _stores:
        folder = tmp_path_factory.mktemp("releases")
        made = Releases(folder / "store", write_policy(folder / "open.yaml"))
        made.publish("RVU25A", rvu25a_inputs)
        made.publish("RVU25D", [data / "rvu25d"], "--report", folder / "report")
        made.publish("RVU26B", [data / "rvu26b"])
        made.publish("RVU26A", rvu26a_inputs)
        made.report = folder / "report"
        _stores["releases"] = made
    return _stores["releases"]


@pytest.fixture(scope="session")
def cms(data, rvu25a_members):
    """CMS's rows of three releases."""
    if "cms" not in _stores:
        _stores["cms"] = {
            "RVU25A": cms_rows(rvu25a_members["PPRRVU25_JAN.csv"]),
            "RVU25D": cms_rows((data / "rvu25d" / "PPRRVU2025_Oct.csv").read_bytes()),
            "RVU26B": cms_rows((data / "rvu26b" / "PPRRVU2026_Apr_nonQPP.txt").read_bytes()),
        }
    return _stores["cms"]


@pytest.fixture(scope="session")
def edited(tmp_path_factory):
    """A store of the samples with a second revision, after an overlay was edited: one question, one specialty."""
    if "edited" not in _stores:
        folder = tmp_path_factory.mktemp("edited")
        overlays = folder / "overlays"
        shutil.copytree(SAMPLE_OVERLAYS, overlays)
        assert_published(run_samples(folder / "store", overlays=overlays))
        path = overlays / "codes" / "J7308.yaml"
        path.write_text(path.read_text().replace("  - Family medicine\n", "").replace("One unit for", "A unit for"))
        assert_published(run_samples(folder / "store", overlays=overlays))
        _stores["edited"] = folder / "store"
    return _stores["edited"]
