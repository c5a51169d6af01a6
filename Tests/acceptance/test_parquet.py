"""Scripts/to-parquet: the same values with exact types, a partition for each release, whole or not at all."""

import json
import shutil
import subprocess
import sys

import pytest

import engine_support as engines
from engine_support import SCRIPTS, change, csv_rows, dictionary, done, inodes, script, set_hash, sql_type
from support import SAMPLE_INPUTS, SAMPLE_OVERLAYS, assert_published, environment, ingest, read_table, run, run_arguments

duckdb = pytest.importorskip("duckdb")


def to_parquet(store, out, *more, **changes):
    return script("to-parquet", "--store", store, "--out", out, *more, **changes)


def ask(sql):
    with duckdb.connect() as database:
        return database.execute(sql).fetchall()


def part(out, table, release="RVU26A"):
    return out / table / f"release={release}" / "part.parquet"


def as_text(value):
    """A Parquet value as the CSV has it; NULL is None."""
    return None if value is None else ("false", "true")[value] if isinstance(value, bool) else str(value)


@pytest.fixture
def store(samples, tmp_path):
    """A copy of the samples' store, to be changed."""
    shutil.copytree(samples.store, tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def next_revision(store):
    """Publishes a second revision of the sample release into the store: an overlay less."""
    def publish():
        overlays = store.parent / "overlays"
        shutil.copytree(SAMPLE_OVERLAYS, overlays)
        (overlays / "codes" / "J7308.yaml").unlink()
        assert_published(run(store, "RVU26A", SAMPLE_INPUTS, overlays))
        assert (store / "releases" / "RVU26A" / "r2").is_dir()
    return publish


def test_every_column_has_the_type_that_the_dictionary_says(samples, tmp_path):
    done(to_parquet(samples.store, tmp_path / "out", "--payments"))
    tables = dictionary()
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()} == set(samples.table_names) | {"payments", "releases"}
    for table in sorted(set(samples.table_names) | {"payments"}):
        found = [(row[0], row[1]) for row in ask(f"DESCRIBE SELECT * FROM '{part(tmp_path / 'out', table)}'")]
        assert found == [("revision", "INTEGER"), *((name, sql_type(row)) for name, row in tables[table].items()),
                         ("release", "VARCHAR")], table


def assert_same_values(revision, out, release):
    tables = dictionary()
    for table in engines.table_names(revision):
        header, rows = csv_rows(revision, table)
        quoted = ", ".join(f'"{name}"' for name in header)
        found = ask(f"SELECT {quoted} FROM '{part(out, table, release)}'")
        assert len(found) == len(rows), table
        wide = {name for name, row in tables[table].items() if row["type"] == "decimal" and not row["places"]}
        keys = {name for name, row in tables[table].items() if row["key"] == "yes"}
        for line, values in zip(rows, found):
            for name, text, value in zip(header, line, map(as_text, values), strict=True):
                if name in wide and value is not None:
                    # Six places, and those that the CSV has not are noughts.
                    assert value[:len(text)] == text and set(value[len(text):]) <= set(".0"), (table, name, text, value)
                elif text == "":
                    assert value == ("" if name in keys else None), (table, line, name)
                else:
                    assert value == text, (table, line, name)


def test_every_value_and_every_row_is_that_of_the_csv(samples, tmp_path):
    done(to_parquet(samples.store, tmp_path / "out"))
    assert_same_values(samples.folder, tmp_path / "out", "RVU26A")


@pytest.mark.parametrize("release", ["RVU25A", "RVU26A"])
def test_every_value_of_a_whole_release_is_that_of_the_csv(release, four_releases, four_as_parquet):
    assert_same_values(four_releases / "releases" / release / "r1", four_as_parquet, release)


def test_the_same_store_gives_the_same_bytes(samples, tmp_path):
    for name in ("one", "two"):
        done(to_parquet(samples.store, tmp_path / name, "--payments"))
    one, two = ({path: data for path, (_, data) in inodes(tmp_path / name).items()} for name in ("one", "two"))
    assert one == two and len(one) > 10


def test_a_release_adds_its_partitions_and_the_others_stay_as_they_are(four_releases, tmp_path):
    out = tmp_path / "out"
    assert done(to_parquet(four_releases, out, "--release", "RVU25A")) == "RVU25A-r1 written\n"
    before = inodes(out)
    assert done(to_parquet(four_releases, out, "--release", "RVU26B-r1")) == "RVU26B-r1 written\n"
    after = inodes(out)
    assert {path: after[path] for path in before} == before
    assert {path.replace("RVU26B", "RVU25A") for path in set(after) - set(before)} == set(before)
    assert done(to_parquet(four_releases, out, "--release", "RVU25A", "--release", "RVU26B")) == (
        "RVU25A-r1 unchanged\nRVU26B-r1 unchanged\n")
    assert inodes(out) == after


def test_a_new_revision_replaces_the_partitions_of_its_release(store, next_revision, tmp_path):
    out = tmp_path / "out"
    done(to_parquet(store, out))
    next_revision()
    assert done(to_parquet(store, out)) == "RVU26A-r2 replaced\n"
    for table in ("releases", "editorial", "relative_values"):
        assert {row[0] for row in ask(f"SELECT revision FROM '{part(out, table)}'")} == {2}
    assert ask(f"SELECT count(*) FROM '{part(out, 'editorial')}'") == [(18,)]
    assert done(to_parquet(store, out, "--release", "RVU26A-r1")) == "RVU26A-r1 replaced\n"


def test_a_table_that_the_new_revision_lacks_is_gone(store, next_revision, tmp_path):
    out = tmp_path / "out"
    done(to_parquet(store, out, "--payments"))
    next_revision()
    done(to_parquet(store, out))
    assert not (out / "payments").exists()


def test_a_withdrawn_revision_gives_way_to_the_one_before_and_then_goes(store, next_revision, tmp_path):
    out = tmp_path / "out"
    next_revision()
    done(to_parquet(store, out))

    def withdraw(*names):
        (store / "withdrawn.json").write_text(json.dumps({"revisions": [
            {"revision": name, "reason": "a wrong text", "use": None, "date": "2026-01-20"} for name in names]}))

    withdraw("RVU26A-r2")
    assert done(to_parquet(store, out)) == "RVU26A-r1 replaced\n"
    asked = to_parquet(store, out, "--release", "RVU26A-r2")
    assert done(asked) == "RVU26A-r2 replaced\n" and "RVU26A-r2 was withdrawn: a wrong text" in asked.stderr
    withdraw("RVU26A-r1", "RVU26A-r2")
    assert done(to_parquet(store, out)) == "RVU26A withdrawn\n"
    assert inodes(out) == {}
    (store / "withdrawn.json").write_text("{}")
    assert to_parquet(store, out).returncode == 2


def test_computed_payments_are_those_of_the_program_on_every_row(rvu26a_inputs, four_as_parquet, tmp_path):
    result = ingest(*run_arguments(tmp_path / "store", "RVU26A", rvu26a_inputs), "--payments")
    assert_published(result)
    done(to_parquet(tmp_path / "store", tmp_path / "out"))
    taken, computed = (part(folder, "payments") for folder in (tmp_path / "out", four_as_parquet))
    ((rows, filled, capped),) = ask(f"SELECT count(*), count(payment), count(cap) FROM '{taken}'")
    assert rows > 4_000_000 and filled > 2_000_000 and capped > 100_000
    assert ask(f"SELECT count(*) FROM '{computed}'") == [(rows,)]
    columns = ("code", "modifier", "mac", "locality", "setting", "track", "fee", "cap", "payment", "reason")
    differs = " OR ".join(f"taken.{name} IS DISTINCT FROM computed.{name}" for name in columns)
    assert ask(f"SELECT taken, computed FROM '{taken}' AS taken POSITIONAL JOIN '{computed}' AS computed WHERE {differs} LIMIT 5") == []


def test_payments_of_the_samples_are_those_of_the_program(samples, tmp_path):
    result = ingest(*run_arguments(tmp_path / "store", "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS), "--payments")
    assert_published(result)
    published = read_table(tmp_path / "store" / "releases" / "RVU26A" / "r1" / "tables" / "payments.csv")
    done(to_parquet(samples.store, tmp_path / "out", "--payments"))
    columns = list(published[0])
    found = ask(f"SELECT {', '.join(columns)} FROM '{part(tmp_path / 'out', 'payments')}'")
    assert [[as_text(value) or "" for value in row] for row in found] == [list(row.values()) for row in published]
    assert sum(row["cap"] != "" for row in published) > 100, "no cap is looked at"


def test_a_changed_file_is_refused_by_name_and_the_partitions_stay(store, next_revision, tmp_path):
    out = tmp_path / "out"
    done(to_parquet(store, out))
    before = inodes(out)
    next_revision()
    change(store / "releases" / "RVU26A" / "r2", "tables/relative_values.csv", b"99213", b"99214")
    refused = to_parquet(store, out)
    assert refused.returncode == 2 and "r2/tables/relative_values.csv: its SHA-256" in refused.stderr, refused.stderr
    assert refused.stdout == "" and inodes(out) == before


@pytest.mark.parametrize("path, old, new, said", [
    ("tables/relative_values.csv", b",1.30,", b",1.305,", "work is '1.305', which DECIMAL(12,2)"),
    ("tables/relative_values.csv", b",1.30,", b",1.3,", "work is '1.3'"),
    ("tables/relative_values.csv", b",1.30,", b",,", "work is empty"),
    ("tables/relative_values.csv", b",true,", b",yes,", "'yes', which BOOLEAN"),
    ("tables/codes.csv", b"2002-01-01", b"2002-02-30", "'2002-02-30', which DATE"),
    ("tables/conversion_factors.csv", b"20.497540", b"20.4975401", "DECIMAL(18,6)"),
    ("tables/localities.csv", b"\n01112,", b"\n01112,x,", "fields, expected"),
    ("tables/localities.csv", b"mac,", b"contractor,", ":1: has the columns"),
])
def test_a_value_that_its_type_does_not_hold_is_refused_at_its_line(path, old, new, said, store, tmp_path):
    revision = store / "releases" / "RVU26A" / "r1"
    change(revision, path, old, new)
    set_hash(revision, path)
    refused = to_parquet(store, tmp_path / "out")
    assert refused.returncode == 2, refused.stderr
    assert said in refused.stderr and path in refused.stderr, refused.stderr
    assert inodes(tmp_path / "out") == {}


@pytest.mark.parametrize("stop", [0, 1, 2, 9, 17])
def test_whatever_interrupts_it_every_table_is_whole_and_the_next_run_ends_it(stop, store, next_revision, tmp_path):
    """The process dies before one of its renames."""
    out, other = tmp_path / "out", tmp_path / "other"
    done(to_parquet(store, out))
    before = {path: data for path, (_, data) in inodes(out).items()}
    next_revision()
    done(to_parquet(store, other))
    after = {path: data for path, (_, data) in inodes(other).items()}
    dying = f"""
import os, sys
sys.argv = ["to-parquet", "--store", {str(store)!r}, "--out", {str(out)!r}]
left = [{stop}]
def dies(function):
    def call(*arguments, **more):
        if left[0] == 0: os._exit(9)
        left[0] -= 1
        return function(*arguments, **more)
    return call
os.rename, os.replace = dies(os.rename), dies(os.replace)
import runpy
runpy.run_path({str(SCRIPTS / 'to-parquet')!r}, run_name="__main__")
"""
    died = subprocess.run([sys.executable, "-c", dying], capture_output=True, text=True, env=environment())
    assert died.returncode in (0, 9), died.stderr
    found = {path: data for path, (_, data) in inodes(out).items() if not path.startswith(".")}
    assert set(found) == set(before)
    assert all(data in (before[path], after[path]) for path, data in found.items())
    done(to_parquet(store, out))
    assert {path: data for path, (_, data) in inodes(out).items()} == after
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == [".lock"]


def test_a_half_written_release_is_thrown_away(store, tmp_path):
    out = tmp_path / "out"
    done(to_parquet(store, out))
    left = out / ".staging-RVU26A" / "codes"
    left.mkdir(parents=True)
    (left / "part.parquet").write_bytes(b"PAR1")
    assert done(to_parquet(store, out)) == "RVU26A-r1 unchanged\n"
    assert not left.parent.exists()


def test_a_disk_without_room_leaves_nothing_behind(store, tmp_path):
    out = tmp_path / "out"
    limited = ("import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000)); "
               f"sys.argv = ['to-parquet', '--store', {str(store)!r}, '--out', {str(out)!r}]; "
               f"runpy.run_path({str(SCRIPTS / 'to-parquet')!r}, run_name='__main__')")
    refused = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, env=environment())
    assert refused.returncode == 73 and "Traceback" not in refused.stderr and "error:" in refused.stderr, refused.stderr
    assert [path.name for path in out.iterdir()] == [".lock"]


def test_a_second_writer_is_refused(store, tmp_path):
    import fcntl

    out = tmp_path / "out"
    done(to_parquet(store, out))
    with open(out / ".lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = to_parquet(store, out)
    assert refused.returncode == 73 and "another run" in refused.stderr


def test_a_folder_with_other_files_is_not_written_into(store, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    refused = to_parquet(store, tmp_path / "out")
    assert refused.returncode == 73 and "other files" in refused.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("arguments, code", [
    (["--store", "nowhere", "--out", "x"], 69), (["--out", "x"], 64), (["--store", "x"], 64),
    (["--store", "{store}", "--out", "x", "--release", "RVU99A"], 64),
    (["--store", "{store}", "--out", "x", "--release", "RVU26A-r7"], 64),
    (["--store", "{store}", "--out", "/proc/nothing"], 73)])
def test_exit_codes_are_those_of_the_program(arguments, code, store, tmp_path):
    arguments = [one.replace("{store}", str(store)) for one in arguments]
    result = subprocess.run([sys.executable, SCRIPTS / "to-parquet", *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == code, result.stderr
    assert "error" in result.stderr and "Traceback" not in result.stderr and result.stdout == ""
    assert not (tmp_path / "x" / "releases").exists()


def test_a_licensed_release_does_not_join_public_ones(store, rvu25d_licensed, tmp_path):
    done(to_parquet(store, tmp_path / "out"))
    refused = to_parquet(rvu25d_licensed.store, tmp_path / "out")
    assert refused.returncode == 2 and "tier" in refused.stderr
    assert {path.parent.name for path in (tmp_path / "out").rglob("*.parquet")} == {"release=RVU26A"}
