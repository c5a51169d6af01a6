"""ingest overlay worklist: what to do, most important first, for people and programs."""

import json
import re
import shlex

import pytest

from support import ingest
from test_schemas import problems
from test_staleness import Desk, desk  # noqa: F401


def worklist(desk, data, *extra):  # noqa: F811
    result = ingest(
        "overlay", "worklist", "--release", "RVU26B", "--input", data / "rvu26b", "--input", desk["folder"] / "hcpcs",
        "--overlays", desk["overlays"], "--store", desk["store"], *extra)
    assert result.code == 0, result
    return result


@pytest.fixture(scope="module")
def listed(desk, data):  # noqa: F811
    return json.loads(worklist(desk, data, "--format", "json", "--limit", "0").out)


def of(listed, task):
    return [entry for entry in listed["entries"] if entry["task"] == task]


def test_it_keeps_to_its_schema(listed):
    assert problems("worklist.schema.json", listed) == []


def test_its_states_are_those_of_the_dataset(listed, desk):  # noqa: F811
    states = desk["published"].manifest["editorial"]["states"]
    lost = desk["published"].manifest["editorial"]["lost"]
    assert listed["counts"]["stale"] == states["stale"] == len(of(listed, "stale"))
    assert listed["counts"]["reused_suspect"] == states["reused_suspect"]
    assert listed["counts"]["orphaned"] == states["orphaned"] + len(lost)
    assert listed["counts"]["current"] == states["current"]


def test_the_most_pressing_comes_first(listed):
    tasks = [entry["task"] for entry in listed["entries"]]
    order = ["reused_suspect", "orphaned", "stale", "unreviewed", "no_text"]
    assert tasks == sorted(tasks, key=order.index)
    stale = of(listed, "stale")
    priced = [entry["payment"] is not None for entry in stale]
    assert priced == sorted(priced, reverse=True) or any(
        "capitals" in entry["why"] for entry in stale)


def test_a_stale_entry_names_words_place_and_the_next_command(listed, desk):  # noqa: F811
    entry = next(entry for entry in of(listed, "stale") if entry["code"] == desk["planted"]["reworded"][0])
    assert [run["text"] for run in entry["changed_words"] if run["kind"] == "added"] == ["revised"]
    from pathlib import Path
    line = Path(entry["file"]).read_text().splitlines()[entry["line"] - 1]
    assert "descriptor: sha256:" in line
    command = shlex.split(entry["next"])
    assert command[:4] == ["ingest", "overlay", "accept", entry["code"]]


def test_the_AMAs_words_are_not_shown_and_it_says_so(listed):
    for entry in of(listed, "stale"):
        if entry["code"][0].isdigit():
            assert entry["changed_words"] is None and entry["changed_words_absence"] == "not_public"


def test_an_ended_code_names_what_to_use_instead_with_its_title(listed, desk):  # noqa: F811
    entries = {entry["code"]: entry for entry in of(listed, "orphaned")}
    for code in desk["planted"]["ended"]:
        other, = entries[code]["use_instead"]
        assert other["code"] == desk["alternative"] and other["title"]
        assert entries[code]["next"] is None


def test_codes_without_a_text_are_new_ones_first_and_none_that_ended_or_is_not_valid(listed, desk):  # noqa: F811
    entries = of(listed, "no_text")
    new = {code for code in desk["now"].keys() - desk["then"].keys()}
    assert listed["compared_with"] == "RVU25D-r1"
    documents = desk["published"].documents
    for entry in entries:
        assert entry["code"] in new, "every code of RVU25D has an overlay here"
        assert documents[entry["code"]]["unpriced_reason"] != "not_valid_for_medicare"
        assert shlex.split(entry["next"])[:4] == ["ingest", "overlay", "new", entry["code"]]
    payments = [entry["payment"] for entry in entries if entry["payment"] is not None]
    assert payments == sorted(payments, reverse=True) and len(payments) > 20
    assert sum(row["count"] for row in listed["no_text_by_section"]) == len(entries)


def test_the_next_command_runs_and_takes_the_entry_off_the_list(listed, desk, data):  # noqa: F811
    from support import INGEST
    entry = next(entry for entry in of(listed, "stale") if entry["changed_words"])
    from pathlib import Path
    path = Path(entry["file"])
    before = path.read_bytes()
    try:
        result = ingest(*shlex.split(entry["next"])[1:])
        assert result.code == 0, result
        assert "{+" in result.out.decode()
        again = json.loads(worklist(desk, data, "--format", "json", "--limit", "0").out)
        assert entry["code"] not in {other["code"] for other in again["entries"]}
        assert again["counts"]["stale"] == listed["counts"]["stale"] - 1
    finally:
        path.write_bytes(before)


def test_people_get_counts_and_the_first_of_each_section(desk, data, listed):  # noqa: F811
    text = worklist(desk, data, "--limit", "3").out.decode()
    assert text.startswith(f"RVU26B: {listed['counts']['reused_suspect']} reused suspect, ")
    assert re.search(r"… and [\d,]+ more; --limit 0 for all", text)
    assert len(text.splitlines()) < 120
    assert "{+" in text


def test_markdown_has_a_table_for_each_section(desk, data, listed):  # noqa: F811
    text = worklist(desk, data, "--format", "markdown", "--limit", "5").out.decode()
    assert text.startswith("# Editors' work for RVU26B")
    sections = re.findall(r"(?m)^## ", text)
    assert len(sections) == sum(1 for task in ("reused_suspect", "orphaned", "stale", "unreviewed", "no_text")
                                if listed["counts"][task])
    for line in text.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) == 6, line


def test_without_a_store_and_overlays_every_code_is_listed_by_what_it_pays(data, tmp_path):
    result = ingest(
        "overlay", "worklist", "--release", "RVU26B", "--input", data / "rvu26b", "--overlays", tmp_path / "none",
        "--store", tmp_path / "store", "--format", "json")
    assert result.code == 0, result
    listed = json.loads(result.out)
    assert problems("worklist.schema.json", listed) == []
    assert listed["compared_with"] is None and listed["counts"]["no_text"] > 8000 and len(listed["entries"]) == 20
    payments = [entry["payment"] for entry in listed["entries"]]
    assert payments == sorted(payments, reverse=True) and payments[0] > 1000
