"""Scripts/benchmark: its table in the README, and that answers which differ are refused. No timing is asserted."""

import hashlib
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from support import INGEST, REPO, SAMPLE_HCPCS, SAMPLE_RVU, environment, write_zip, zip_members

SCRIPT = REPO / "Scripts" / "benchmark"


@pytest.fixture(scope="module")
def contests():
    """The contests' own modules, by name."""
    sys.path.insert(0, str(REPO / "Benchmarks"))
    yield lambda name: importlib.import_module(f"contests.{name}")
    sys.path.remove(str(REPO / "Benchmarks"))


def benchmark(*arguments, program=INGEST, **changes):
    # No folder of CMS's files: the samples are enough to see that answers are compared.
    env = environment(INGEST=str(program), INGEST_DATA="/nonexistent", **changes)
    return subprocess.run([sys.executable, SCRIPT, *arguments], env=env, capture_output=True, text=True, timeout=300)


def changed(tmp_path, command, edit):
    """A program that answers as `ingest` does, but for one command, whose output passes through sed."""
    program = tmp_path / "ingest"
    program.write_text(
        f"#!/bin/sh\n[ \"$1\" = {command} ] || exec '{INGEST}' \"$@\"\n'{INGEST}' \"$@\" | sed '{edit}'\n")
    program.chmod(0o755)
    return program


def test_the_readme_has_the_table_that_the_command_writes(contests):
    report = contests("report")
    block = report.block_of((REPO / "README.md").read_text(encoding="utf-8"))
    assert block, "README.md has no table between the markers"
    begin, _, blank, *table, end = block.split("\n")
    assert (begin, blank, end) == (report.BEGIN, "", report.END)
    assert all(line.startswith(start) for line, start in zip(table, report.HEADER))
    for line in table[2:]:
        assert report.ROW.fullmatch(line), line
    preface, rows, earlier = report.parsed(block)
    assert "medians of" in preface and "cores" in preface and "load before" in preface
    assert report.table([report.Section("", rows=rows)], preface, earlier) == block
    goals = {"≤ 3×", "≥ 8×", "≥ 3×", "≥ 20×", "≤ 1.5×", "≥ 20 M/s", "≥ 3 M/s", "< 150 MB", "< 30 ms"}
    assert {row.goal for row in rows} >= goals


def block_on(report, date, ratio, old=None, **more):
    """A block as a day's measuring leaves it: a ratio, and a row without one."""
    rows = [report.Row("parse", "140 ms", "polars 351 ms", ratio, "≥ 3×", False),
            report.Row("`ingest show`", more.get("shown", "34 ms"), "`--version` 1,013 ms")]
    rows += [report.Row(job, "1.00 s", rival, "2.0×") for job, rival in more.get("rows", [])]
    preface = f"{date} · 2 cores · medians of 5 runs · load before 1.0, after 1.0"
    earlier = report.earlier(old, preface) if old else None
    return report.table([report.Section("", rows=rows)], preface, earlier)


def last_column(report, block):
    lines = [line for line in block.split("\n") if line.startswith("| ")]
    assert all(report.ROW.fullmatch(line) for line in lines[1:])
    return [line.strip("| ").split(" | ")[6] for line in lines]


def test_the_ratios_of_another_day_stay_in_the_last_column(contests):
    report = contests("report")
    first = block_on(report, "20 November 2026", "2.5×")
    assert report.parsed(first)[2] is None
    second = block_on(report, "21 November 2026", "2.7×", first, shown="31 ms")
    assert last_column(report, second) == ["20 November 2026", "2.5×", "34 ms"]
    assert "21 November 2026 · " in second and "last column: the ratio on 20 November 2026" in second

    again = block_on(report, "21 November 2026", "2.6×", second, shown="30 ms")
    assert last_column(report, again) == ["20 November 2026", "2.5×", "34 ms"]
    assert again.count("last column") == 1
    third = block_on(report, "2 December 2026", "2.9×", again)
    assert last_column(report, third) == ["21 November 2026", "2.6×", "30 ms"]


def test_measuring_twice_on_the_first_day_makes_no_last_column(contests):
    report = contests("report")
    first = block_on(report, "20 November 2026", "2.5×")
    assert block_on(report, "20 November 2026", "2.5×", first) == first


def test_a_row_that_was_not_there_on_the_other_day_has_a_dash(contests):
    report = contests("report")
    first = block_on(report, "20 November 2026", "2.5×", rows=[("run", "pandas 1.82 s"), ("gone", "pandas 2 s")])
    rows = [("run", "pandas, CSV and TXT alone 1.80 s"), ("run", "pandas 1.79 s"), ("new", "csv-diff 910 ms")]
    for _ in range(2):
        first = block_on(report, "21 November 2026", "2.7×", first, rows=rows)
        assert last_column(report, first) == ["20 November 2026", "2.5×", "34 ms", "–", "2.0×", "–"]


def test_the_rows_of_the_readme_are_told_apart_without_their_figures(contests):
    report = contests("report")
    _, rows, _ = report.parsed(report.block_of((REPO / "README.md").read_text(encoding="utf-8")))
    keys = [row.key for row in rows]
    assert len(set(keys)) == len(keys)
    assert {"polars", "libcsv's tokenising", "PyYAML, reading only", "NumPy", "`--version`"} <= {key[1] for key in keys}
    assert not [name for _, name in keys if re.search(r"\d (ms|s|MB|M/s)$", name)]


def test_equal_answers_pass_and_a_row_says_what_was_compared(contests):
    done = benchmark("--only", "search", "--quick")
    assert done.returncode == 0, done.stderr
    assert "Answers agree" in done.stdout
    rows = [line for line in done.stdout.splitlines() if contests("report").ROW.fullmatch(line)]
    assert any("search the published database" in row and "sqlite3" in row for row in rows), done.stdout


@pytest.mark.parametrize("command, edit", [("search", "s/^J7308/J7309/"), ("search", "d"), ("show", "1d")])
def test_an_answer_that_differs_from_the_rivals_ends_with_exit_code_1(command, edit, tmp_path):
    done = benchmark("--only", "search", "--quick", program=changed(tmp_path, command, edit))
    assert done.returncode == 1, done.stdout
    assert "the answers differ" in done.stderr
    assert "benchmark:begin" not in done.stdout, "there is a table of figures although the answers differ"


@pytest.mark.parametrize("arguments", [("--only", "nothing"), ("--runs", "0"), ("--update-readme", "--quick"),
                                       ("--update-readme", "--only", "run"), ("--update-readme",),
                                       ("--update-readme", "--only", "engines"),
                                       ("--update-readme", "--only", "engines", "--only", "run")])
def test_what_makes_no_sense_is_refused_before_anything_runs(arguments):
    """CMS's files are not there, without which nothing is written."""
    before = (REPO / "README.md").read_bytes()
    done = benchmark(*arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert (REPO / "README.md").read_bytes() == before


def test_one_sum_that_differs_is_named(contests, tmp_path):
    numbers = {"pprrvu_rows": 3, "work": 510}
    for name, found in (("ingest", numbers), ("polars", numbers), ("duckdb", numbers | {"work": 511})):
        (tmp_path / f"{name}.json").write_text(json.dumps({"numbers": found}))
    parse = contests("parse")
    assert parse.compare(tmp_path, ["ingest", "polars"]) == {"rows": 3, "columns": 1}
    with pytest.raises(contests("process").AnswersDiffer) as error:
        parse.compare(tmp_path, ["ingest", "polars", "duckdb"])
    assert error.value.problems == ["work is 510 in ours and 511 in duckdb's"]


@pytest.mark.parametrize("engine", ["openpyxl", "calamine"])
def test_pandas_stops_at_a_workbook_that_differs(engine, contests, rvu25a_members, rvu25a_inputs, tmp_path):
    members = {name: rvu25a_members[name] for name in ("PPRRVU25_JAN.csv", "GPCI2025.csv", "GPCI2025.xlsx")}
    sheet = zip_members(io.BytesIO(members["GPCI2025.xlsx"]))
    name = next(name for name in sheet if "worksheets/sheet" in name and name.endswith(".xml"))
    sheet[name], count = re.subn(rb"<v>0\.\d+</v>", b"<v>0.5</v>", sheet[name], count=1)
    assert count == 1
    members["GPCI2025.xlsx"] = write_zip(tmp_path / "GPCI2025.xlsx", sheet).read_bytes()
    archive = write_zip(tmp_path / "rvu25a.zip", members)
    script = [contests("setting").prepared_python(), REPO / "Benchmarks" / "rivals" / "run_pandas.py"]
    done = subprocess.run([*script, "--workbooks", engine, archive, rvu25a_inputs[1], tmp_path / "out"],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith("check failed: GPCI: CSV and XLSX differ in 1 rows\n"), done.stderr


def test_files_that_were_not_read_alike_or_not_hashed_are_named(contests, tmp_path):
    ours, theirs = tmp_path / "ingest", tmp_path / "pandas"
    for folder, inputs in ((ours, {"a.zip": "1", "a.zip/GPCI.xlsx": "2"}), (theirs, {"a.zip": "1"})):
        folder.mkdir()
        (folder / "codes.ndjson").write_text("{}\n")
        digest = hashlib.sha256(b"{}\n").hexdigest()
        (folder / "manifest.json").write_text(json.dumps({
            "inputs": [{"path": path, "sha256": sha256} for path, sha256 in inputs.items()],
            "files": [{"path": "codes.ndjson", "sha256": digest}]}))
    compare_manifests = contests("run").compare_manifests
    assert compare_manifests(ours, theirs) == ["a.zip/GPCI.xlsx: not read alike, or by one only"]
    assert compare_manifests(ours, ours) == []
    (ours / "codes.ndjson").write_text("{ }\n")
    assert compare_manifests(ours, ours) == ["codes.ndjson: pandas's manifest has another hash"]


def test_the_floor_writes_the_same_bytes_and_one_that_differs_is_refused(contests, publish, tmp_path):
    compiler = shutil.which("cc") or shutil.which("clang")
    source = REPO / "Benchmarks" / "floor.c"
    command = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "floor", source, "-lcsv", "-lz", "-lcrypto"]
    built = subprocess.run(command, capture_output=True, text=True) if compiler else None
    if built is None or "openssl/evp.h" in built.stderr:
        pytest.skip("floor.c needs a C compiler and libssl-dev")
    assert built.returncode == 0, built.stderr
    published = publish("floor", "RVU26A", (SAMPLE_RVU, SAMPLE_HCPCS))
    store = tmp_path / "store"
    command = [tmp_path / "floor", "run", published.folder, store, SAMPLE_RVU, SAMPLE_HCPCS]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0, done.stderr
    (tmp_path / "said.txt").write_bytes(done.stdout)

    compare_floor = contests("run").compare_floor
    copy = store / "releases" / "r1"
    assert compare_floor(published.folder, copy, tmp_path / "said.txt")["files"] > 10
    table = copy / "tables" / "codes.csv"
    os.chmod(table, 0o644)
    table.write_bytes(table.read_bytes().replace(b"J7308", b"J7309", 1))
    with pytest.raises(contests("process").AnswersDiffer, match="codes.csv"):
        compare_floor(published.folder, copy, tmp_path / "said.txt")


def test_the_page_about_engines_has_the_lines_that_the_command_writes(contests):
    report = contests("report")
    page = contests("engines").PAGE.read_text(encoding="utf-8")
    begin, preface, blank, *lines, end = report.block_of(page).split("\n")
    assert (begin, blank, end) == (report.BEGIN, "", report.END)
    assert "medians of" in preface and "load before" in preface
    assert [int(line.split("|")[1]) for line in lines if line.startswith("| ") and line[2].isdigit()] == [1, 5, 25]
    for question in contests("engines").QUESTIONS:
        assert any(line.startswith(f"| `{question.name}` |") for line in lines), question
    assert any("DuckDB, 25" in line and "Spark, 25" in line for line in lines)
    assert any("Answers agree, byte for byte" in line for line in lines)
    section = report.Section("", lines)
    assert report.page_with(page, section, preface) == page


def test_an_engine_that_answers_differently_is_refused(contests, tmp_path):
    engines = contests("engines")
    for engine in ("duckdb", "spark"):
        (tmp_path / f"{engine}-5").mkdir()
        for question in engines.QUESTIONS:
            (tmp_path / f"{engine}-5" / f"{question.stem}.csv").write_text("paid,not_applicable\n3,1\n")
    assert engines.compare(tmp_path, 5, True) == 4
    (tmp_path / "spark-5" / "payment-history.csv").write_text("paid,not_applicable\n3,2\n")
    with pytest.raises(contests("process").AnswersDiffer) as error:
        engines.compare(tmp_path, 5, True)
    assert error.value.problems == ["payment-history, 5 releases: DuckDB and Spark answer differently"]
    assert engines.compare(tmp_path, 5, False) == 4
