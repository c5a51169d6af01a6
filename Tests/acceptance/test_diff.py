"""What changed between CMS's releases, why, and what it does to payment: every number worked out again from CMS's files."""

import json
import re
import shutil
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest

from diff_support import (
    CSV_COLUMNS, OPEN, cell, cms, diff, edited, half_up, read_diff, releases, waiver, write_policy)  # noqa: F401
from support import (
    REPO, SAMPLE_OVERLAYS, SCHEMAS, assert_published, environment, files_below, ingest, run_arguments, run_samples, sha256)
from test_licence import OWNED, found_in, free_text, owned  # noqa: F401

PAIRS = [("RVU25A", "RVU25D"), ("RVU25D", "RVU26B")]
REPORTS = ["diff.html", "diff.json", "diff.md"]


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(request, releases, cms):
    """A difference, and CMS's rows of both sides."""
    base, head = request.param
    return releases.diff(f"{base}-r1", f"{head}-r1"), cms[base], cms[head]


@pytest.fixture(scope="module")
def read_26b(releases):
    return releases.diff("RVU25D-r1", "RVU26B-r1")


def test_the_README_shows_what_the_diff_prints(releases):
    readme = (REPO / "README.md").read_text()
    block = re.search(r"<!-- diff:begin -->\n```text\n\$ (.*?)\n(.*?)```\n<!-- diff:end -->", readme, re.DOTALL)
    assert block.group(1) == "ingest diff RVU25D RVU26B"
    printed = ingest("diff", "RVU25D", "RVU26B", "--store", releases.store).out.decode().splitlines()
    places = [printed.index(line) for line in block.group(2).splitlines()]
    assert places == sorted(places)


def test_every_changed_decimal_has_its_absolute_and_relative_size(releases):
    result = ingest("diff", "RVU25D", "RVU26B", "--store", releases.store, "--format", "json", "--policy", releases.policy)
    sized = [change for change in json.loads(result.out, parse_float=Decimal)["changes"] if "change" in change]
    assert len(sized) > 40_000
    assert {"work", "pe_facility", "mp", "gpci_pe"} <= {change["field"] for change in sized}
    for change in sized:
        assert change["change"] == change["to"] - change["from"]
        share = change["change"] * 100 / change["from"] if change["from"] else None
        assert change["percent"] == (share and share.quantize(Decimal("0.01"), ROUND_HALF_UP)), change


def common(old, new):
    return [(key, old[key], new[key]) for key in sorted(old.keys() & new.keys())]


def moved(old, new, column):
    """(key, from, to) of the rows of which a column changed."""
    return [(key, before[column], after[column]) for key, before, after in common(old, new) if before[column] != after[column]]


def of_category(read, category):
    return [change for change in read["changes"] if change["category"] == category]


def key_of(change):
    return change["code"], change["modifier"] or ""


# The numbers of data/README.md.


def test_rows_that_came_and_went_are_those_of_CMSs_files(pair):
    read, old, new = pair
    counts = read["counts"]
    assert counts["rows_common"] == len(old.keys() & new.keys())
    assert {key_of(change) for change in of_category(read, "rows_added")} == new.keys() - old.keys()
    assert {key_of(change) for change in of_category(read, "rows_removed")} == old.keys() - new.keys()
    assert counts["rows_added"] == len(new.keys() - old.keys()) and counts["rows_removed"] == len(old.keys() - new.keys())


def test_rows_changed_ignores_the_conversion_factor_and_what_only_one_side_has(pair):
    read, old, new = pair
    columns = [name for name in CSV_COLUMNS if name != "conversion_factor"]
    changed = [key for key, before, after in common(old, new) if any(before[name] != after[name] for name in columns)]
    assert read["counts"]["rows_changed"] == len(changed)


@pytest.mark.parametrize("column", [
    "status", "work", "pe_nonfacility", "pe_facility", "mp", "total_nonfacility", "total_facility", "pctc", "global_days",
    "pre_op", "intra_op", "post_op", "multiple_procedure", "bilateral", "assistant_surgeon", "co_surgeon", "team_surgeon",
    "endoscopic_base", "supervision", "calculation_flag", "imaging_family", "opps_pe_nonfacility", "opps_pe_facility",
    "opps_mp"])
def test_each_changed_value_is_CMSs_own(column, pair):
    read, old, new = pair
    expected = {(key, str(before), str(after)) for key, before, after in moved(old, new, column)}
    found = [(key_of(change), cell(change["from"]), cell(change["to"])) for change in of_category(read, f"{column}_changed")]
    assert len(found) == len(set(found)) == read["counts"][f"{column}_changed"]
    assert set(found) == expected


@pytest.mark.parametrize("column, mark", [("pe_nonfacility_na", "NA"), ("pe_facility_na", "NA"), ("not_used_flag", "+")])
def test_each_changed_flag_is_CMSs_own(column, mark, pair):
    read, old, new = pair
    names = {"pe_nonfacility_na": "na_nonfacility_changed", "pe_facility_na": "na_facility_changed"}
    category = names.get(column, f"{column}_changed")
    expected = {(key, before == mark, after == mark) for key, before, after in moved(old, new, column)}
    found = [(key_of(change), change["from"], change["to"]) for change in of_category(read, category)]
    assert len(found) == read["counts"][category] and set(found) == expected


def test_descriptors_that_changed_are_those_of_CMSs_files(pair):
    read, old, new = pair
    expected = {key for key, _, _ in moved(old, new, "descriptor")}
    assert {key_of(change) for change in of_category(read, "descriptor_changed")} == expected
    assert read["counts"]["descriptor_changed"] == len(expected)
    assert read["counts"]["descriptor_changed_codes"] == len({code for code, _ in expected})


def test_conversion_factors_that_changed_are_CMSs(pair):
    read, old, new = pair
    factors = [{row["conversion_factor"] for row in side.values()} for side in (old, new)]
    found = {
        (change["from"], change["to"]) for change in of_category(read, "conversion_factor_changed")
        if change["service"] == "physician" and change["track"] == "non_qp"}
    assert found == (set() if factors[0] == factors[1] else {(str(min(factors[0])), str(min(factors[1])))})


def test_January_to_October_2025_is_what_was_measured(releases):
    counts = releases.diff("RVU25A-r1", "RVU25D-r1")["counts"]
    assert (counts["rows_added"], counts["rows_removed"], counts["rows_common"]) == (226, 1, 18864)
    removed = of_category(releases.diff("RVU25A-r1", "RVU25D-r1"), "rows_removed")
    assert [change["code"] for change in removed] == ["M1389"]


def test_October_2025_to_April_2026_is_what_was_measured(read_26b):
    counts = read_26b["counts"]
    expected = {
        "rows_added": 417, "rows_removed": 230, "rows_changed": 9791, "rows_common": 18860, "work_changed": 7477,
        "status_changed": 306, "na_nonfacility_changed": 4, "na_facility_changed": 304, "descriptor_changed": 691,
        "descriptor_changed_codes": 649}
    assert {name: counts[name] for name in expected} == expected
    moves = Counter(f"{change['from']}{change['to']}" for change in of_category(read_26b, "status_changed"))
    assert moves == {"EA": 242, "CA": 36, "XI": 9, "XA": 7, "IA": 4, "XN": 3, "IN": 2, "AB": 1, "MI": 1, "NX": 1}
    na = {change["code"] for change in of_category(read_26b, "na_nonfacility_changed")}
    assert na == {"55705", "61626", "15851", "52648"}


# What is systemic.


def test_the_efficiency_adjustment_explains_what_equals_it_and_nothing_else(read_26b, cms):
    work = moved(cms["RVU25D"], cms["RVU26B"], "work")
    scaled = {key for key, before, after in work if before and half_up(before * Decimal("0.975")) == after}
    (rule,) = [rule for rule in read_26b["systemic"] if rule["id"] == "efficiency_adjustment_2026"]
    assert (rule["explains"], rule["of"], rule["category"]) == (len(scaled), len(work), "work_changed") == (7414, 7477, "work_changed")
    found = {key_of(change) for change in of_category(read_26b, "work_changed") if change["rule"] == rule["id"]}
    assert found == scaled


def test_what_is_left_of_work_is_55_others_and_8_from_zero(read_26b):
    rest = [change for change in of_category(read_26b, "work_changed") if change["rule"] is None]
    assert len([change for change in rest if Decimal(change["from"]) != 0]) == 55
    assert len([change for change in rest if Decimal(change["from"]) == 0]) == 8


def test_the_efficiency_adjustment_explains_nothing_within_a_year(releases):
    for base, head in [("RVU25A-r1", "RVU25D-r1"), ("RVU26A-r1", "RVU26B-r1")]:
        assert "efficiency_adjustment_2026" not in {rule["id"] for rule in releases.diff(base, head)["systemic"]}


def test_the_242_moves_from_E_to_A_are_one_systemic_rule(read_26b):
    moves = [change for change in of_category(read_26b, "status_changed") if (change["from"], change["to"]) == ("E", "A")]
    assert len(moves) == 242
    (rule,) = {change["rule"] for change in moves}
    (found,) = [entry for entry in read_26b["systemic"] if entry["id"] == rule]
    assert found["explains"] == 242 and found["category"] == "status_changed"


# NA is no revaluation.


@pytest.mark.parametrize("code, event", [
    ("61626", "applicable"), ("55705", "applicable"), ("52648", "not_applicable"), ("15851", "not_applicable")])
def test_a_setting_that_becomes_NA_or_applicable_is_an_event_and_no_mover(code, event, read_26b, releases):
    (row,) = [
        row for row in read_26b["payment"]["changes"]
        if (row["code"], row["modifier"], row["setting"]) == (code, None, "nonfacility")]
    assert row["event"] == event
    assert (row["from"] is None) == (event == "applicable") and (row["to"] is None) == (event == "not_applicable")
    assert not row.keys() & {"work", "pe", "unexplained", "change"}
    (change,) = [change for change in of_category(read_26b, "na_nonfacility_changed") if change["code"] == code]
    assert change["to"] == (event == "not_applicable")
    sections = re.split(r"^## ", (releases["RVU26B-r1"].folder / "diff.md").read_text(), flags=re.M)
    listed = [section.split("\n")[0] for section in sections if re.search(rf"^\| {code} \| non-facility \|", section, re.M)]
    assert listed == ["Prices that come or go"]


# Payment, by plain decimal.


def paid(row, setting):
    if row["status"] not in "ART" or (row["status"] == "R" and not row["total_nonfacility"] + row["total_facility"]):
        return "unpriced"
    return "not_applicable" if row[f"pe_{setting}_na"] == "NA" else "paid"


def exact(row, setting):
    return row["work"] + row[f"pe_{setting}"] + row["mp"]


def national(row, setting):
    return half_up(exact(row, setting) * row["conversion_factor"])


def test_each_payment_change_is_what_decimal_says_and_none_is_missing(pair):
    read, old, new = pair
    listed = {(row["code"], row["modifier"] or "", row["setting"]): row for row in read["payment"]["changes"]}
    assert len(listed) == len(read["payment"]["changes"])
    open_parts = {
        (key_of(change), change["field"]) for name in ("work", "pe_nonfacility", "pe_facility", "mp")
        for change in of_category(read, f"{name}_changed") if change["rule"] is None}
    for key, before, after in common(old, new):
        for setting in ("nonfacility", "facility"):
            was, now = paid(before, setting), paid(after, setting)
            row = listed.pop((*key, setting), None)
            if "paid" not in (was, now):
                assert row is None, row
                continue
            expected = {
                ("paid", "paid"): "revalued", ("not_applicable", "paid"): "applicable", ("paid", "not_applicable"): "not_applicable",
                ("unpriced", "paid"): "priced", ("paid", "unpriced"): "unpriced"}[was, now]
            parts = {name: (before[column], after[column]) for name, column in [
                ("work", "work"), ("pe", f"pe_{setting}"), ("mp", "mp")]}
            amounts = national(before, setting), national(after, setting)
            if row is None:
                assert expected == "revalued" and amounts[0] == amounts[1], (key, setting)
                assert all(one == other for one, other in parts.values()), (key, setting)
                continue
            assert row["event"] == expected, row
            assert row["from"] == (str(amounts[0]) if was == "paid" else None), row
            assert row["to"] == (str(amounts[1]) if now == "paid" else None), row
            if expected != "revalued":
                continue
            factor, later = before["conversion_factor"], after["conversion_factor"]
            for name, (one, other) in parts.items():
                assert Decimal(row[name]) == (other - one) * factor, (row, name)
            assert Decimal(row["conversion_factor"]) == exact(after, setting) * (later - factor), row
            total = sum(Decimal(row[name]) for name in ("work", "pe", "mp", "conversion_factor", "rounding"))
            assert total == Decimal(row["change"]) == amounts[1] - amounts[0], row
            assert abs(Decimal(row["rounding"])) <= Decimal("0.01"), row
            unexplained = sum(
                Decimal(row[name]) for name, column in [("work", "work"), ("pe", f"pe_{setting}"), ("mp", "mp")]
                if (key, column) in open_parts)
            assert Decimal(row["unexplained"]) == unexplained, row
    assert listed == {}


def test_payment_totals_are_the_sums_of_what_is_revalued(pair):
    read, _, _ = pair
    totals = {total["setting"]: total for total in read["payment"]["totals"]}
    sums = defaultdict(Counter)
    for row in read["payment"]["changes"]:
        if row["event"] == "revalued":
            sums[row["setting"]]["rows"] += 1
            for name in ("from", "to", "change", "work", "pe", "mp", "conversion_factor", "rounding", "unexplained"):
                sums[row["setting"]][name] += Decimal(row[name])
    assert totals.keys() == sums.keys()
    for setting, total in totals.items():
        assert {name: Decimal(value) for name, value in total.items() if name != "setting"} == sums[setting], setting


# Descriptors.


def test_a_code_is_not_suspected_of_re_use_because_one_side_has_no_HCPCS_file(releases):
    """No date of addition is no other date of addition: RVU25D was made without the HCPCS file."""
    read = releases.diff("RVU25A-r1", "RVU25D-r1")
    assert "hcpcs" in read["head"]["missing_inputs"]
    suspected = [
        entry for entry in read["descriptors"] if entry["kind"] == "reuse_suspected"
        and set(entry["from"].lower().split()) & set(entry["to"].lower().split())]
    assert suspected == []


def test_words_of_a_descriptor_give_both_texts_back(releases):
    for head in ("RVU26A-r1", "RVU26B-r1"):
        seen = 0
        for entry in releases.diff("RVU25D-r1", head)["descriptors"] + releases.diff("RVU25A-r1", "RVU25D-r1")["descriptors"]:
            runs = [next(iter(run.items())) for run in entry["words"]]
            if entry["from"] is None:
                assert runs == [] and entry["to"] is None and entry["similarity"] is None
                continue
            seen += 1
            for side, kind in (("from", "removed"), ("to", "added")):
                text = " ".join(words for name, words in runs if name in ("same", kind))
                assert text.split() == entry[side].split(), entry
            assert 0 <= entry["similarity"] <= 100 and entry["from"] != entry["to"]
        assert seen > 0


# The same bytes, anywhere.


def test_the_same_two_revisions_give_the_same_bytes_under_other_time_zone_locale_home_and_folder(releases, tmp_path):
    elsewhere = tmp_path / "another place"
    elsewhere.mkdir()
    texts = set()
    reports = []
    for number, (folder, changes) in enumerate([
            ("/", {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "HOME": "/nonexistent"}),
            (elsewhere, {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr", "HOME": "/tmp"})]):
        report = tmp_path / f"report{number}"
        result = ingest(
            "diff", "RVU25D", "RVU26B", "--store", releases.store, "--report", report, cwd=folder, env=environment(**changes))
        assert result.code == 0, result
        reports.append(files_below(report))
        texts.add(result.out)
    assert reports[0] == reports[1] and len(texts) == 1
    assert sorted(reports[0]) == REPORTS


def test_labels_revisions_and_folders_give_the_same_difference(releases, tmp_path):
    store, policy = releases.store, releases.policy
    folders = [store / "releases" / label / "r1" for label in ("RVU25A", "RVU25D")]
    found = set()
    for base, head, cwd in [
            ("RVU25A", "RVU25D", None), ("RVU25A-r1", "RVU25D-r1", None), (folders[0], folders[1], None),
            (folders[0], "RVU25D", None), ("releases/RVU25A/r1", "releases/RVU25D/r1/", store)]:
        result = ingest("diff", base, head, "--store", store, "--policy", policy, "--format", "json", cwd=cwd)
        assert result.code == 0, result
        found.add(result.out)
    result = ingest("diff", *folders, "--store", tmp_path / "no-store", "--policy", policy, "--format", "json")
    found.add(result.out)
    assert len(found) == 1


def test_where_the_store_and_the_policy_lie_is_in_no_report(releases, tmp_path):
    """The same inputs, policy included, give the same bytes wherever the files lie."""
    texts = set()
    for name in ("a-very-special-place", "another-special-place"):
        folder = tmp_path / name
        folder.mkdir()
        policy = write_policy(folder / "policy.yaml")
        result = ingest(
            "diff", "RVU25A", "RVU25D", "--store", releases.store, "--policy", policy, "--report", folder / "report")
        assert result.code == 0, result
        for report, data in files_below(folder / "report").items():
            assert b"special-place" not in data, f"{report} says where the policy lies"
            texts.add((report, data))
    assert len(texts) == len(REPORTS)


def test_a_dataset_does_not_differ_from_itself(releases):
    for name in ("RVU25A-r1", "RVU26A-r1"):
        read = diff(name, name, "--store", releases.store)
        assert (read["verdict"], read["gate"]["findings"]) == ("pass", [])
        assert read["changes"] == read["categories"] == read["systemic"] == read["descriptors"] == []
        assert read["payment"] == {"totals": [], "changes": []} and read["schema"]["columns"] == []
        assert {name: count for name, count in read["counts"].items() if count and name != "rows_common"} == {}


# What a run compares with.


def test_a_run_compares_with_the_newest_release_that_took_effect_before(releases):
    """RVU26A was published after RVU26B, which takes effect later."""
    for name, base in [("RVU25A-r1", None), ("RVU25D-r1", "RVU25A-r1"), ("RVU26B-r1", "RVU25D-r1"), ("RVU26A-r1", "RVU25D-r1")]:
        read = read_diff((releases[name].folder / "diff.json").read_bytes())
        assert (read["base"] and read["base"]["name"]) == base
        assert read["head"]["name"] == name


def test_the_first_release_has_no_base_and_says_so(releases):
    read = read_diff((releases["RVU25A-r1"].folder / "diff.json").read_bytes())
    assert read["base"] is None and read["changes"] == [] and read["verdict"] == "pass"
    assert "first release" in (releases["RVU25A-r1"].folder / "diff.md").read_text()
    assert "nothing to compare" in releases.results["RVU25A-r1"].err


def test_a_release_older_than_all_others_has_no_base(data, tmp_path):
    store = tmp_path / "store"
    assert_published(run_samples(store))
    assert_published(ingest(*run_arguments(store, "RVU25D", [data / "rvu25d"])))
    assert read_diff((store / "releases/RVU25D/r1/diff.json").read_bytes())["base"] is None


def test_a_revision_is_compared_with_the_one_that_it_replaces(tmp_path):
    store, overlays = tmp_path / "store", tmp_path / "overlays"
    shutil.copytree(SAMPLE_OVERLAYS, overlays)
    for number, word in enumerate(["", "Podiatry", "Geriatrics", "Surgery"]):
        path = overlays / "codes" / "J7308.yaml"
        path.write_text(path.read_text().replace("specialties:\n", f"specialties:\n  - {word}\n" if word else "specialties:\n"))
        assert_published(run_samples(store, overlays=overlays))
        read = read_diff((store / f"releases/RVU26A/r{number + 1}/diff.json").read_bytes())
        assert (read["base"] and read["base"]["name"]) == (f"RVU26A-r{number}" if number else None)
    # A label is its newest revision, also with two digits' worth of them.
    assert diff("RVU26A-r1", "RVU26A", "--store", store)["head"]["name"] == "RVU26A-r4"


# Reports.


@pytest.mark.parametrize("name", ["RVU25D-r1", "RVU26B-r1", "RVU26A-r1"])
def test_a_revisions_own_reports_equal_what_diff_writes(name, releases, tmp_path):
    folder = releases[name].folder
    base = read_diff((folder / "diff.json").read_bytes())["base"]["name"]
    result = ingest(
        "diff", base, name, "--store", releases.store, "--policy", releases.policy, "--report", tmp_path, "--format", "json")
    assert result.code == 0, result
    written = files_below(tmp_path)
    assert sorted(written) == REPORTS
    for report, data in written.items():
        assert (folder / report).read_bytes() == data, report
    assert result.out == written["diff.json"]


def test_run_writes_the_same_reports_where_it_is_told(releases):
    folder = releases["RVU25D-r1"].folder
    assert files_below(releases.report) == {name: (folder / name).read_bytes() for name in REPORTS}


def test_the_manifest_lists_the_reports_with_their_hashes(releases):
    for name in ("RVU25A-r1", "RVU26B-r1"):
        listed = {file["path"]: file for file in releases[name].manifest["files"]}
        for report in REPORTS:
            data = (releases[name].folder / report).read_bytes()
            assert (listed[report]["bytes"], listed[report]["sha256"].removeprefix("sha256:")) == (len(data), sha256(data)), report


def test_a_base_and_a_policy_change_no_content_hash(rvu25d, releases):
    assert releases["RVU25D-r1"].manifest["content_hash"] == rvu25d.manifest["content_hash"]


@pytest.mark.parametrize("report", REPORTS)
def test_validate_finds_a_changed_report(report, edited, tmp_path):
    folder = tmp_path / "r2"
    shutil.copytree(edited / "releases" / "RVU26A" / "r2", folder)
    assert ingest("validate", folder).code == 0
    data = (folder / report).read_bytes()
    (folder / report).write_bytes(data[:len(data) // 2] + b"#" + data[len(data) // 2 + 1:])
    result = ingest("validate", folder)
    assert result.code in (1, 2) and report in result.err, result


def test_validate_passes_real_releases_with_their_reports(releases):
    for name in ("RVU25A-r1", "RVU26B-r1"):
        result = ingest("validate", releases[name].folder)
        assert result.code == 0, result


def test_reports_keep_the_schema_that_they_ship_with(releases, edited):
    """Of each category, rule and event a few entries: thousands are alike."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "diff.schema.json").read_text()))
    paths = [releases[name].folder / "diff.json" for name in ("RVU25A-r1", "RVU25D-r1", "RVU26B-r1", "RVU26A-r1")]
    for path in [*paths, edited / "releases" / "RVU26A" / "r2" / "diff.json"]:
        read = json.loads(path.read_bytes())

        def few(entries, *names):
            kinds = defaultdict(list)
            for entry in entries:
                kinds[tuple(entry.get(name) for name in names)].append(entry)
            return [entry for kind in kinds.values() for entry in kind[:3]]

        read["changes"] = few(read["changes"], "category", "field")
        read["payment"]["changes"] = few(read["payment"]["changes"], "event", "setting")
        read["descriptors"] = few(read["descriptors"], "kind")
        errors = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(read)]
        assert errors == [], f"{path}: {errors[:3]}"


EVERY_PAYMENT = "limits:\n  payment_unexplained:\n    percent: 0\n    dollars: 0\n"


def assert_fits(releases, base, head, policy, report):
    """GitHub takes 64 KB of a comment."""
    result = ingest("diff", base, head, "--store", releases.store, "--policy", policy, "--report", report)
    assert result.code in (0, 1), result
    data = (report / "diff.md").read_bytes()
    assert 400 < len(data) < 64 * 1024, f"{len(data)} bytes under {policy.name}"
    first = data.decode("utf-8").split("\n")[0]
    assert f"{base}-r1 → {head}-r1" in first and ("passes" if result.code == 0 else "fails") in first


@pytest.mark.parametrize("base, head", [("RVU25A", "RVU25D"), ("RVU25D", "RVU26A"), ("RVU26B", "RVU25A")])
def test_the_report_for_a_pull_request_fits_whatever_changed(base, head, releases, tmp_path):
    """Also with thousands of findings."""
    for name, text in [("open", OPEN), ("every-payment", EVERY_PAYMENT)]:
        assert_fits(releases, base, head, write_policy(tmp_path / f"{name}.yaml", text), tmp_path / name)


@pytest.mark.parametrize("key", ["payment_unexplained/{}", "nothing/{}"])
def test_the_report_for_a_pull_request_fits_whatever_is_waived(key, releases, tmp_path):
    waivers = "waivers:\n" + "".join(
        waiver(key.format(code), reason="why " * 20) for code in sorted(releases["RVU26B-r1"].documents)[3000:5000])
    assert_fits(releases, "RVU25D", "RVU26B", write_policy(tmp_path / "many.yaml", EVERY_PAYMENT + waivers), tmp_path / "report")


def test_a_work_list_of_5000_overlays_fits_into_the_report(releases, data, tmp_path):
    codes = sorted(releases["RVU26B-r1"].documents)[:5000]
    overlays = tmp_path / ("a-long-name-of-a-folder-" * 5) / "overlays"
    overlays.mkdir(parents=True)
    (overlays / "all.yaml").write_text("---\n".join(
        f"code: \"{code}\"\ntitle: About {code}\nreview:\n  release: RVU25A\n  descriptor: sha256:{'0' * 64}\n" for code in codes))
    result = ingest(
        *run_arguments(tmp_path / "store", "RVU26B", [data / "rvu26b"], overlays), "--policy", releases.policy, "--report",
        tmp_path / "report")
    assert_published(result)
    text = (tmp_path / "report" / "diff.md").read_bytes()
    assert len(text) < 64 * 1024
    work = read_diff((tmp_path / "report" / "diff.json").read_bytes())["editorial_work"]
    assert len(work) == 5000
    assert b"Editorial work" in text and re.search(rb"and [\d,]+ more", text)
    assert [(task["file"], task["line"]) for task in work if task["code"] == codes[7]] == [("all.yaml", 6 * 7 + 1)]


# No descriptor of others.


def test_no_report_of_the_public_tier_has_a_descriptor_of_the_AMA_or_ADA(releases, owned, free_text, tmp_path):
    reports = tmp_path / "reports"
    for head in ("RVU25D-r1", "RVU26B-r1", "RVU26A-r1"):
        folder = reports / head
        folder.mkdir(parents=True)
        for report in REPORTS:
            shutil.copyfile(releases[head].folder / report, folder / report)
        (folder / "screen").write_text(releases.results[head].err)
    # Suggested titles of Level II codes are words of Level II alone, in forms that its texts lack.
    titles = "\n".join(
        row["suggested_title"] for head in ("RVU25A-r1", "RVU25D-r1", "RVU26B-r1", "RVU26A-r1")
        for row in releases[head].table("codes") if not OWNED.fullmatch(row["code"])).lower()
    leaked = {phrase for phrase in found_in(reports, owned, tmp_path) if phrase not in free_text + titles}
    assert leaked == set(), f"{len(leaked)} descriptors leaked"
    for base, head in [("RVU25A-r1", "RVU25D-r1"), ("RVU25D-r1", "RVU26B-r1"), ("RVU25D-r1", "RVU26A-r1")]:
        for entry in releases.diff(base, head)["descriptors"]:
            if OWNED.fullmatch(entry["code"]):
                assert (entry["from"], entry["to"], entry["words"]) == (None, None, []), entry["code"]


def test_the_search_for_leaks_finds_them_in_a_licensed_report(rvu25a_licensed, rvu25d_licensed, owned, tmp_path):
    result = ingest(
        "diff", rvu25a_licensed.folder, rvu25d_licensed.folder, "--policy", write_policy(tmp_path / "open.yaml"), "--report",
        tmp_path / "report")
    assert result.code == 0, result
    assert found_in(tmp_path / "report", owned, tmp_path) != set()


# Errors.


def assert_error(result, code, *words):
    assert result.code == code, result
    assert "error:" in result.err and result.out == b"", result
    for word in words:
        assert word in result.err, f"no {word}\n{result}"


@pytest.mark.parametrize("base, head", [("RVU24A", "RVU25D"), ("RVU25A", "RVU24A"), ("RVU25A", "RVU25D-r9"), ("RVU25A", "nonsense")])
def test_an_unknown_revision_is_unavailable_and_the_store_is_named(base, head, releases):
    assert_error(ingest("diff", base, head, "--store", releases.store), 69, "try:", "RVU25D")


def test_a_folder_without_a_manifest_is_unavailable(releases, tmp_path):
    assert_error(ingest("diff", tmp_path, "RVU25D", "--store", releases.store), 69, "manifest", "try:")
    assert_error(ingest("diff", "RVU25D", tmp_path / "no-such-folder", "--store", releases.store), 69, "manifest", "try:")
    assert_error(ingest("diff", "RVU25A", "RVU25D", "--store", tmp_path), 69, "try:")


@pytest.fixture
def damaged(samples, tmp_path):
    folder = tmp_path / "r1"
    shutil.copytree(samples.folder, folder)
    return folder


def flip(data):
    at = data.index(b",0.98,") + 1
    return data[:at] + b"9" + data[at + 1:]


DAMAGE = {
    "missing": None,
    "cut in a row": lambda data: data[:len(data) // 2],
    "cut behind a row": lambda data: b"".join(data.splitlines(keepends=True)[:40]),
    "empty": lambda data: b"",
    "no header": lambda data: b"".join(data.splitlines(keepends=True)[1:]),
    "a quote that stays open": lambda data: data[:-20] + b'"' + data[-20:],
    "a field too few": lambda data: data.replace(b",A,true,", b",A,", 1),
    "a field too many": lambda data: data.replace(b",A,true,", b",A,,true,", 1),
    "another digit": flip,
    "no text": lambda data: bytes(range(256)) * 20,
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("side", ["base", "head"])
def test_a_damaged_table_is_bad_data(damage, side, damaged, samples):
    path = damaged / "tables" / "relative_values.csv"
    if DAMAGE[damage] is None:
        path.unlink()
    else:
        data = path.read_bytes()
        path.write_bytes(DAMAGE[damage](data))
        assert path.read_bytes() != data
    sides = (damaged, samples.folder) if side == "base" else (samples.folder, damaged)
    assert_error(ingest("diff", *sides), 2, "relative_values.csv")


def test_a_damaged_manifest_is_bad_data(damaged, samples):
    path = damaged / "manifest.json"
    path.write_bytes(path.read_bytes()[:200])
    assert_error(ingest("diff", damaged, samples.folder), 2, "manifest.json")


def test_a_report_that_cannot_be_written_is_said(samples, tmp_path):
    (tmp_path / "file").write_text("in the way")
    result = ingest("diff", samples.folder, samples.folder, "--report", tmp_path / "file" / "report")
    assert result.code == 73 and "error:" in result.err, result
