"""The delta of a revision: applied to the one before it, it gives the tables of the revision, to the byte and to the row."""

import csv
import io
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import jsonschema
import pytest

from support import (
    INGEST, SAMPLE_INPUTS, SAMPLE_OVERLAYS, SCHEMAS, Published, assert_published, exact_json, files_below, ingest, run, run_samples,
    sha256)

SEARCHES = ["aminolevulinic", "injection", "topical", "\"inj\"", "hc*", "e0100 OR a4*", "drugs", "wheelchair", "office", "99213", "j7308"]


def text_of(folder, table):
    return (folder / "tables" / f"{table}.csv").read_bytes()


def tables_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "tables").iterdir() if path.name != "payments.csv"}


def content_hash(folder):
    """As the manifest has it, from the bytes of a folder's tables."""
    facts = sorted(path.name for path in (folder / "tables").iterdir() if path.name != "provenance.csv")
    return "sha256:" + sha256("".join(f"tables/{name} {sha256((folder / 'tables' / name).read_bytes())}\n" for name in facts).encode())


def contents(database):
    """Every row of every table with the types of its values, in the order of the file; and what searches find. Declarations
    without their comments: those are not part of a delta."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        names = [name for name, in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search%' AND name NOT LIKE 'sqlite_%'")]
        found = {name: connection.execute(f'SELECT rowid, * FROM "{name}" ORDER BY rowid').fetchall() for name in names}
        found["declared"] = sorted(
            (kind, name, table, re.sub(r"\n(?= *--| *\n)[^\n]*", "", sql)) for kind, name, table, sql in
            connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        for words in SEARCHES:
            found[f"search {words}"] = connection.execute(
                "SELECT rowid, round(bm25(search, 20, 8, 4, 1, 8, 2, 8), 9) FROM search WHERE search MATCH ? ORDER BY 2, 1", [words]
            ).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchone() is None
        # Contentless: this looks at the index's own structure.
        connection.execute("SELECT count(*) FROM search WHERE search MATCH 'a*'").fetchone()
    return found


def make_delta(base, head, out):
    result = ingest("delta", base, head, "--out", out)
    assert result.code == 0, result
    return out


def update(dataset, delta, *extra):
    return ingest("update", "--dataset", dataset, "--delta", delta, *extra)


class Pair:
    """Two revisions and the delta from one to the other."""

    def __init__(self, base, head, delta):
        self.base, self.head, self.delta = base, head, delta

    @property
    def manifest(self):
        return json.loads((self.delta / "manifest.json").read_text())


def edited_overlays(folder):
    """The samples' overlays with one text changed and one overlay gone."""
    shutil.copytree(SAMPLE_OVERLAYS, folder)
    files = sorted((folder / "codes").glob("*.yaml"))
    files[0].unlink()
    text = files[1].read_text()
    changed = re.sub(r"^(summary: )", r"\1Changed, with \"marks\", a comma and é, ", text, count=1, flags=re.M)
    if changed == text:
        changed = text + "billing: Changed, with \"marks\", a comma and é.\n"
    files[1].write_text(changed)
    return folder


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """The samples as r1, and r2 with edited overlays."""
    folder = tmp_path_factory.mktemp("edited")
    store = folder / "store"
    assert_published(run_samples(store))
    assert_published(run_samples(store, overlays=edited_overlays(folder / "overlays")))
    r1, r2 = (store / "releases" / "RVU26A" / name for name in ("r1", "r2"))
    return Pair(r1, r2, r2 / "delta")


@pytest.fixture(scope="module")
def quarters(data, tmp_path_factory):
    """RVU25D and RVU26B, published one after the other."""
    store = tmp_path_factory.mktemp("quarters") / "store"
    assert_published(run(store, "RVU25D", [data / "rvu25d"]))
    assert_published(run(store, "RVU26B", [data / "rvu26b"]))
    base, head = (store / "releases" / label / "r1" for label in ("RVU25D", "RVU26B"))
    return Pair(base, head, head / "delta")


@pytest.fixture(scope="module")
def back(quarters, tmp_path_factory):
    """From RVU26B back to RVU25D."""
    delta = make_delta(quarters.head, quarters.base, tmp_path_factory.mktemp("back") / "delta")
    return Pair(quarters.head, quarters.base, delta)


@pytest.fixture(scope="module")
def unlike(rvu25a, rvu26a, tmp_path_factory):
    """Two releases of which every table differs: with drugs, editors' texts and another HCPCS list."""
    delta = make_delta(rvu25a.folder, rvu26a.folder, tmp_path_factory.mktemp("unlike") / "delta")
    return Pair(rvu25a.folder, rvu26a.folder, delta)


@pytest.fixture(params=["edited", "quarters", "back", "unlike"])
def pair(request):
    return request.getfixturevalue(request.param)


# What a delta is


def test_every_revision_but_the_first_carries_the_delta_from_the_one_before(edited, quarters):
    for base, head in (edited.base, edited.head), (quarters.base, quarters.head):
        assert not (base / "delta").exists()
        manifest = json.loads((head / "manifest.json").read_text())
        listed = {file["path"]: file for file in manifest["files"] if file["path"].startswith("delta/")}
        assert sorted(listed) == sorted(f"delta/{path.name}" for path in (head / "delta").iterdir())
        for path, file in listed.items():
            assert sha256((head / path).read_bytes()) == file["sha256"]
        delta = json.loads((head / "delta" / "manifest.json").read_text())
        older = json.loads((base / "manifest.json").read_text())
        for side, of in (delta["base"], older), (delta["head"], manifest):
            assert side["content_hash"] == of["content_hash"] and side["schema_version"] == of["schema_version"]
            assert side["release"] == {key: of["release"][key] for key in ("label", "revision", "effective")}


def test_its_manifest_validates_against_its_schema(pair):
    schema = json.loads((SCHEMAS / "delta.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(pair.manifest, schema)
    for change in {"format_version": "2.0.0"}, {"tables": None}, {"more": 1}:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**pair.manifest, **change}, schema)


def test_the_command_gives_the_bytes_that_a_run_published(edited, quarters, tmp_path):
    for number, pair in enumerate((edited, quarters)):
        assert files_below(make_delta(pair.base, pair.head, tmp_path / str(number))) == files_below(pair.delta)


def test_tables_that_did_not_change_have_no_file(edited):
    changed = {table["name"] for table in edited.manifest["tables"] if table["sha256"]["before"] != table["sha256"]["after"]}
    assert changed and "relative_values" not in changed
    files = {path.stem for path in edited.delta.glob("*.ndjson")}
    assert files <= changed | {"provenance"}
    assert sum(path.stat().st_size for path in edited.delta.iterdir()) < 60_000


def test_the_delta_of_a_quarter_takes_a_few_hundred_kilobytes_when_it_is_compressed(quarters):
    packed = subprocess.run(["gzip", "-9"], input=b"".join(files_below(quarters.delta).values()), capture_output=True, check=True)
    assert len(packed.stdout) < 500_000


def apply_by_hand(base, delta, table):
    """A table of the delta applied by what the format says, with Python's csv and json."""
    header = [column["name"] for column in table["columns"]]
    key = [column["name"] for column in table["columns"] if column["key"]]
    path = base / "tables" / f"{table['name']}.csv"
    rows = [{name: row.get(name, "") for name in header} for row in csv.DictReader(open(path, encoding="utf-8", newline=""))] \
        if path.exists() and not table["whole"] else []
    lines = [exact_json(line) for line in (delta / table["file"]).read_text().split("\n")[:-1]] if table["file"] else []

    def text(value):
        return {None: "", True: "true", False: "false"}.get(value, value)

    def name(row):
        return tuple(text(row[column]) for column in key)

    changes = {name(line["upsert"]): line for line in lines if "upsert" in line} if key and not table["whole"] else {}
    gone = {name(line["delete"]) for line in lines if "delete" in line}
    kept, there = [], {}
    for row in rows:
        if name(row) in gone:
            gone.remove(name(row))
            continue
        there[name(row)] = row
        change = changes.get(name(row))
        if change:
            row.update({column: text(value) for column, value in change["upsert"].items()})
        if not (change and "at" in change):
            kept.append(row)
    assert not gone
    for line in lines:
        if "at" in line:
            found = there.get(name(line["upsert"]), dict.fromkeys(header, "")) if not table["whole"] else dict.fromkeys(header, "")
            kept.insert(int(line["at"]) - 1, {**found, **{column: text(value) for column, value in line["upsert"].items()}})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([row[column] for column in header] for row in kept)
    assert (table["upserts"], table["deletes"]) == (
        sum("upsert" in line for line in lines), sum("delete" in line for line in lines))
    return out.getvalue().encode()


def test_its_lines_say_all_that_turns_one_table_into_the_other(pair):
    for table in pair.manifest["tables"]:
        assert table["sha256"]["after"] == sha256(text_of(pair.head, table["name"]))
        if table["sha256"]["before"] != table["sha256"]["after"]:
            assert apply_by_hand(pair.base, pair.delta, table) == text_of(pair.head, table["name"]), table["name"]


# Applying it


def test_applied_to_a_folder_it_gives_the_tables_of_the_other_to_the_byte(pair, tmp_path):
    before = files_below(pair.base)
    result = update(pair.base, pair.delta, "--out", tmp_path / "new")
    assert result.code == 0, result
    assert tables_of(tmp_path / "new") == tables_of(pair.head)
    assert content_hash(tmp_path / "new") == json.loads((pair.head / "manifest.json").read_text())["content_hash"]
    assert files_below(pair.base) == before
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_database_that_it_updates_has_every_row_and_finds_every_word_of_the_other(pair, tmp_path):
    database = tmp_path / "dataset.sqlite"
    shutil.copy(pair.base / "dataset.sqlite", database)
    result = update(database, pair.delta)
    assert result.code == 0, result
    found, expected = contents(database), contents(pair.head / "dataset.sqlite")
    assert found.keys() == expected.keys()
    for name in expected:
        assert found[name] == expected[name], name
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.sqlite"]


def test_applying_it_twice_says_that_it_is_there_already(pair, tmp_path):
    database = tmp_path / "dataset.sqlite"
    shutil.copy(pair.base / "dataset.sqlite", database)
    assert update(database, pair.delta).code == 0
    before = database.read_bytes()
    again = update(database, pair.delta)
    assert again.code == 0 and "already" in again.err, again
    assert database.read_bytes() == before
    folder = update(pair.head, pair.delta, "--out", tmp_path / "new")
    assert folder.code == 0 and "already" in folder.err, folder
    assert not (tmp_path / "new").exists()


def test_there_and_back_again_gives_the_rows_that_were_there(quarters, back, tmp_path):
    database = tmp_path / "dataset.sqlite"
    shutil.copy(quarters.base / "dataset.sqlite", database)
    assert update(database, quarters.delta).code == 0
    assert update(database, back.delta).code == 0
    assert contents(database) == contents(quarters.base / "dataset.sqlite")


def test_a_database_that_was_declared_before_shape_1_4_is_declared_anew(edited, tmp_path):
    database = tmp_path / "dataset.sqlite"
    old = {"DECIMAL(18,2)": "DECIMAL", "DECIMAL(18,3)": "DECIMAL", "BOOLEAN": "INTEGER"}
    with sqlite3.connect(edited.base / "dataset.sqlite") as source, sqlite3.connect(database) as target:
        source.backup(target)
        target.execute("PRAGMA writable_schema = ON")
        for new, was in old.items():
            target.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", [new, was])
        target.commit()
    source.close()
    target.close()
    assert "BOOLEAN" not in str(contents(database)["declared"])
    result = update(database, edited.delta)
    assert result.code == 0, result
    assert contents(database) == contents(edited.head / "dataset.sqlite")


def test_tables_of_an_apps_own_in_the_same_file_stay(edited, tmp_path):
    database = tmp_path / "dataset.sqlite"
    shutil.copy(edited.base / "dataset.sqlite", database)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE favourites (code TEXT REFERENCES codes (code) ON DELETE CASCADE)")
        connection.execute("INSERT INTO favourites SELECT code FROM codes LIMIT 5")
    connection.close()
    assert update(database, edited.delta).code == 0
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM favourites").fetchone() == (5,)


# Refusals


def assert_refused(result, database, before, *names):
    assert result.code == 2, result
    assert "Nothing was changed" in result.err and "Traceback" not in result.err, result
    for name in names:
        assert name in result.err, result
    assert database.read_bytes() == before
    assert sorted(path.name for path in database.parent.iterdir() if path.name.startswith("dataset")) == ["dataset.sqlite"]


@pytest.fixture
def copied(edited, tmp_path):
    """A database of r1 and a delta to r2 that can be damaged."""
    shutil.copy(edited.base / "dataset.sqlite", tmp_path / "dataset.sqlite")
    shutil.copytree(edited.delta, tmp_path / "delta")
    return Pair(tmp_path / "dataset.sqlite", edited.head, tmp_path / "delta")


def test_a_bit_flipped_in_any_file_of_a_delta_is_refused(copied, edited, tmp_path):
    before = copied.base.read_bytes()
    for path in sorted(copied.delta.iterdir()):
        whole = path.read_bytes()
        for position in {0, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
            damaged = bytearray(whole)
            damaged[position] ^= 1 << (position % 8)
            path.write_bytes(damaged)
            assert_refused(update(copied.base, copied.delta), copied.base, before)
            folder = update(edited.base, copied.delta, "--out", tmp_path / "new")
            assert folder.code == 2 and not (tmp_path / "new").exists(), folder
        path.write_bytes(whole)
    assert update(copied.base, copied.delta).code == 0


def test_a_file_of_a_delta_that_is_cut_short_or_missing_is_refused(copied):
    before = copied.base.read_bytes()
    for path in sorted(copied.delta.iterdir()):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        assert_refused(update(copied.base, copied.delta), copied.base, before, path.name.split(".sha256")[0])
        path.unlink()
        result = update(copied.base, copied.delta)
        assert result.code == 69 and path.name in result.err, result
        path.write_bytes(whole)
    assert copied.base.read_bytes() == before


def reseal(delta):
    """Makes every hash of a delta right again, as one would who changes it on purpose."""
    path = delta / "manifest.json"
    manifest = json.loads(path.read_text())
    for file in manifest["files"]:
        data = (delta / file["path"]).read_bytes()
        file.update(sha256=sha256(data), bytes=len(data))
    path.write_text(json.dumps(manifest))
    (delta / "manifest.json.sha256").write_text(f"{sha256(path.read_bytes())}  manifest.json\n")


@pytest.mark.parametrize("change", [
    lambda lines: lines[:-1], lambda lines: lines + lines[-1:], lambda lines: [b"{}"] + lines,
    lambda lines: [re.sub(rb'"upsert"', b'"insert"', lines[0])] + lines[1:],
    lambda lines: [re.sub(rb'"code":"[^"]*"', b'"code":"ZZZZZ"', lines[0])] + lines[1:],
    lambda lines: [b'{"delete":{"code":"ZZZZZ"}}'] + lines,
    lambda lines: [b'{"upsert":{"code":"ZZZZZ","no_column":1}}'] + lines,
    lambda lines: [b'{"upsert":{"code":"ZZZZZ","title":"new"},"at":999999}'] + lines,
])
def test_lines_that_were_changed_with_all_hashes_made_right_are_refused(copied, change):
    before = copied.base.read_bytes()
    path = copied.delta / "codes.ndjson"
    lines = change(path.read_bytes().split(b"\n")[:-1])
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    reseal(copied.delta)
    assert_refused(update(copied.base, copied.delta), copied.base, before)


def test_a_delta_for_another_dataset_is_refused(edited, quarters, tmp_path):
    database = tmp_path / "dataset.sqlite"
    shutil.copy(edited.base / "dataset.sqlite", database)
    assert_refused(update(database, quarters.delta), database, database.read_bytes(), "RVU25D-r1", "another dataset")
    result = update(edited.base, quarters.delta, "--out", tmp_path / "new")
    assert result.code == 2 and not (tmp_path / "new").exists(), result


def test_a_database_with_one_changed_value_is_refused(edited, tmp_path):
    database = tmp_path / "dataset.sqlite"
    shutil.copy(edited.base / "dataset.sqlite", database)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE relative_values SET work = work + 0.01 WHERE rowid = 3")
    connection.close()
    assert_refused(update(database, edited.delta), database, database.read_bytes(), "relative_values")


def test_what_is_no_database_or_cannot_be_written_is_refused(edited, tmp_path):
    database = tmp_path / "dataset.sqlite"
    database.write_bytes(b"no database" * 1000)
    assert_refused(update(database, edited.delta), database, b"no database" * 1000)
    assert update(tmp_path / "none.sqlite", edited.delta).code == 69
    assert not (tmp_path / "none.sqlite").exists()
    taken = update(edited.base, edited.delta, "--out", tmp_path)
    assert taken.code == 73, taken
    assert update(edited.base, edited.delta).code == 64
    assert update(database, edited.delta, "--out", tmp_path / "x").code == 64


def test_a_database_whose_update_is_killed_is_the_old_one_or_the_new_one(quarters, tmp_path):
    base, head = (contents(folder / "dataset.sqlite") for folder in (quarters.base, quarters.head))
    database = tmp_path / "dataset.sqlite"
    shutil.copy(quarters.base / "dataset.sqlite", database)
    start = time.monotonic()
    assert update(database, quarters.delta).code == 0
    whole = time.monotonic() - start
    seen = set()
    for turn in range(12):
        for path in tmp_path.glob("dataset.sqlite*"):
            path.unlink()
        shutil.copy(quarters.base / "dataset.sqlite", database)
        process = subprocess.Popen([INGEST, "update", "--dataset", database, "--delta", quarters.delta], stderr=subprocess.DEVNULL)
        time.sleep(whole * (turn + 1) / 13)
        had_journal = (tmp_path / "dataset.sqlite-journal").exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        # Whoever opens it for writing rolls back what was begun.
        with sqlite3.connect(database) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
        connection.close()
        found = contents(database)
        assert found in (base, head), f"killed after {turn + 1} of 13"
        seen.add((had_journal, found == base))
    assert (True, True) in seen, f"no kill came while it was being written: {seen}"


# The store


def test_a_revision_whose_delta_was_changed_does_not_validate(edited, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(edited.base.parents[2], store)
    assert ingest("validate", store).code == 0
    path = store / "releases" / "RVU26A" / "r2" / "delta" / "editorial.ndjson"
    path.write_bytes(path.read_bytes().replace(b"Changed", b"Chanced"))
    result = ingest("validate", store / "releases" / "RVU26A" / "r2")
    assert result.code != 0 and "delta/editorial.ndjson" in result.err + result.out.decode(), result


def test_a_revision_with_a_delta_to_another_does_not_validate(edited, tmp_path):
    folder = tmp_path / "r2"
    shutil.copytree(edited.head, folder)
    shutil.rmtree(folder / "delta")
    make_delta(edited.head, edited.base, folder / "delta")
    manifest = json.loads((folder / "manifest.json").read_text())
    others = [file for file in manifest["files"] if not file["path"].startswith("delta/")]
    manifest["files"] = others + [
        {**others[0], "path": f"delta/{name}", "sha256": sha256(data), "bytes": len(data), "rows": None}
        for name, data in files_below(folder / "delta").items()]
    data = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(data)
    (folder / "manifest.json.sha256").write_text(f"{sha256(data)}  manifest.json\n")
    result = ingest("validate", folder)
    assert result.code != 0 and "delta_head" in result.err + result.out.decode(), result


def test_a_run_with_nothing_changed_publishes_nothing_beside_a_delta(edited, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(edited.base.parents[2], store)
    before = files_below(store)
    assert_published(run_samples(store, overlays=edited_overlays(tmp_path / "overlays")))
    assert files_below(store) == before


def test_payments_are_left_out_and_everything_else_is_proven(tmp_path):
    store = tmp_path / "store"
    assert_published(run_samples(store, "--payments"))
    assert_published(run_samples(store, "--payments", overlays=edited_overlays(tmp_path / "overlays")))
    pair = Pair(*(store / "releases" / "RVU26A" / name for name in ("r1", "r2", "r2/delta")))
    assert [table["name"] for table in pair.manifest["left_out"]] == ["payments"]
    result = update(pair.base, pair.delta, "--out", tmp_path / "new")
    assert result.code == 0 and "payments" in result.err, result
    assert tables_of(tmp_path / "new") == tables_of(pair.head)
    database = tmp_path / "dataset.sqlite"
    shutil.copy(pair.base / "dataset.sqlite", database)
    assert update(database, pair.delta).code == 0
    assert contents(database) == contents(pair.head / "dataset.sqlite")


def test_a_delta_between_the_same_revision_changes_nothing(edited, tmp_path):
    delta = make_delta(edited.head, edited.head, tmp_path / "delta")
    result = update(edited.head, delta, "--out", tmp_path / "new")
    assert result.code == 0 and "already" in result.err, result
