"""Scripts/load-postgres: revisions in a real PostgreSQL, whole or not at all, with keys, comments and what is in effect."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from engine_support import SCRIPTS, change, csv_rows, dictionary, done, script, set_hash
from support import SAMPLE_INPUTS, SAMPLE_OVERLAYS, assert_published, ingest, run, run_arguments

psycopg = pytest.importorskip("psycopg")


def load(store, conninfo, *more):
    return script("load-postgres", "--store", store, "--database", conninfo, *more)


def ask(conninfo, sql, *values):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(sql, values or None).fetchall()


def tables_of(conninfo):
    return [row[0] for row in ask(conninfo, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'fee_schedule' "
                                            "AND table_type = 'BASE TABLE' ORDER BY 1")]


def marks(conninfo):
    """Where every row lies and which transaction wrote it."""
    return {table: ask(conninfo, f"SELECT count(*), md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) "
                                 f"FROM fee_schedule.{table}") for table in tables_of(conninfo)}


@pytest.fixture
def store(samples, tmp_path):
    shutil.copytree(samples.store, tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def database(postgres, request):
    """An empty database."""
    name = "test_" + str(abs(hash(request.node.nodeid)))
    return postgres.database(name)


def second_revision(store, tmp_path):
    shutil.copytree(SAMPLE_OVERLAYS, tmp_path / "overlays")
    (tmp_path / "overlays" / "codes" / "J7308.yaml").unlink()
    assert_published(run(store, "RVU26A", SAMPLE_INPUTS, tmp_path / "overlays"))


def test_every_value_of_the_samples_is_that_of_the_csv(samples, database):
    done(load(samples.store, database))
    keys = {(table, name) for table, rows in dictionary().items() for name, row in rows.items() if row["key"] == "yes"}
    for table in samples.table_names:
        header, rows = csv_rows(samples.folder, table)
        columns = ", ".join(f'"{name}"::text' for name in header)
        found = ask(database, f"SELECT {columns} FROM fee_schedule.{table}")
        types = [dictionary()[table][name]["type"] for name in header]
        wide = [dictionary()[table][name]["places"] == "" and kind == "decimal" for name, kind in zip(header, types)]

        def text(value, is_wide):
            return value.rstrip("0").rstrip(".") if is_wide and value and "." in value else value

        expected = [
            tuple(text(value, is_wide) if value or (table, name) in keys else None
                  for name, value, is_wide in zip(header, row, wide)) for row in rows]
        assert sorted((tuple(text(v, w) for v, w in zip(row, wide)) for row in found), key=str) == sorted(expected, key=str), table


def test_types_are_exact_and_those_of_the_dictionary(four_in_postgres):
    found = {(table, column): kind for table, column, kind in ask(
        four_in_postgres, "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
                          "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
                          "WHERE n.nspname = 'fee_schedule' AND c.relkind = 'r' AND a.attnum > 0")}
    kinds = {"string": "text", "list": "text", "boolean": "boolean", "integer": "integer", "date": "date"}
    for table, rows in dictionary().items():
        for name, row in rows.items():
            if table == "payments":
                continue
            expected = kinds.get(row["type"]) or (f"numeric(12,{row['places']})" if row["places"] else "numeric(18,6)")
            assert found[table, name] == expected, (table, name)
    assert not {kind for kind in found.values()} & {"real", "double precision", "numeric"}


def test_every_table_has_its_keys(four_releases, four_in_postgres):
    package = json.loads((four_releases / "releases/RVU26A/r1/datapackage.json").read_text())
    found = dict(ask(four_in_postgres, "SELECT conrelid::regclass::text, replace(pg_get_constraintdef(oid), '\"', '') "
                                      "FROM pg_constraint WHERE contype = 'p'"))
    foreign = {tuple(row) for row in ask(
        four_in_postgres, "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'")}
    for resource in package["resources"]:
        name, key = f"fee_schedule.{resource['name']}", resource["schema"].get("primaryKey")
        if key:
            assert found[name] == f"PRIMARY KEY (release, revision, {', '.join(key)})", name
        assert (name, "FOREIGN KEY (release, revision) REFERENCES fee_schedule.releases(release, revision)") in foreign
        for one in resource["schema"].get("foreignKeys", []):
            text = (f"FOREIGN KEY (release, revision, {', '.join(one['fields'])}) REFERENCES fee_schedule."
                    f"{one['reference']['resource']}(release, revision, {', '.join(one['reference']['fields'])})")
            assert (name, text) in foreign, text
    with pytest.raises(psycopg.errors.UniqueViolation):
        ask(four_in_postgres, "INSERT INTO fee_schedule.relative_values SELECT * FROM fee_schedule.relative_values LIMIT 1")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        ask(four_in_postgres, "DELETE FROM fee_schedule.codes WHERE code = '99213' RETURNING 1")


def test_every_column_has_the_dictionarys_words_as_its_comment(four_releases, four_in_postgres):
    package = json.loads((four_releases / "releases/RVU26A/r1/datapackage.json").read_text())
    found = {(table, column): text for table, column, text in ask(
        four_in_postgres, "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c "
                          "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
                          "WHERE n.nspname = 'fee_schedule' AND c.relkind = 'r' AND a.attnum > 0")}
    assert all(found.values()), [key for key, text in found.items() if not text]
    for resource in package["resources"]:
        for field in resource["schema"]["fields"]:
            assert found[resource["name"], field["name"]].startswith(field["description"]), field["name"]
    meaning = dictionary()["relative_values"]["work"]
    text = found["relative_values", "work"]
    assert meaning["meaning"] in text and "RVU" in text and "PPRRVU WORK RVU" in text


def test_loading_twice_changes_not_a_row(four_releases, four_in_postgres):
    before = marks(four_in_postgres)
    assert sum(rows for ((rows, _),) in before.values()) > 100_000
    assert done(load(four_releases, four_in_postgres)) == "".join(
        f"{name}-r1 unchanged\n" for name in ("RVU25A", "RVU25D", "RVU26A", "RVU26B"))
    assert marks(four_in_postgres) == before


def test_current_is_the_release_in_effect(four_in_postgres):
    """Of those that have begun the one that began last; the day is the server's."""
    with psycopg.connect(four_in_postgres) as connection:
        ((release, revision),) = connection.execute("SELECT release, revision FROM fee_schedule.current").fetchall()
        ((expected,),) = connection.execute(
            "SELECT release FROM fee_schedule.releases WHERE effective_from <= CURRENT_DATE ORDER BY effective_from DESC LIMIT 1").fetchall()
        assert (release, revision) == (expected, 1)
        assert connection.execute("SELECT DISTINCT release FROM current.relative_values").fetchall() == [(release,)]
        ((work,),) = connection.execute("SELECT work FROM current.relative_values WHERE code = '99213' AND modifier = ''").fetchall()
        assert str(work) == "1.30"
        # A release that has not begun is not in effect.
        connection.execute("UPDATE fee_schedule.releases SET effective_from = CURRENT_DATE + 1 WHERE release = %s", (release,))
        ((other,),) = connection.execute("SELECT release FROM fee_schedule.current").fetchall()
        assert other != release
        connection.rollback()


def test_a_new_revision_is_current_and_the_old_one_stays(store, database, tmp_path):
    done(load(store, database))
    second_revision(store, tmp_path)
    assert done(load(store, database)) == "RVU26A-r2 loaded\n"
    assert ask(database, "SELECT revision, count(*) FROM fee_schedule.editorial GROUP BY 1 ORDER BY 1") == [(1, 19), (2, 18)]
    assert ask(database, "SELECT DISTINCT revision FROM current.editorial") == [(2,)]
    (store / "withdrawn.json").write_text(json.dumps({"revisions": [
        {"revision": "RVU26A-r2", "reason": "a text is missing", "use": "RVU26A-r1", "date": "2026-01-20"}]}))
    assert done(load(store, database)) == "RVU26A-r1 unchanged\nRVU26A-r2 withdrawn\n"
    assert ask(database, "SELECT DISTINCT revision FROM current.editorial") == [(1,)]
    before = marks(database)
    assert done(load(store, database)) == "RVU26A-r1 unchanged\n"
    assert marks(database) == before


def test_payments_are_loaded_where_they_were_published(database, tmp_path):
    result = ingest(*run_arguments(tmp_path / "store", "RVU26A", SAMPLE_INPUTS), "--payments")
    assert_published(result)
    done(load(tmp_path / "store", database))
    (file,) = (file for file in json.loads((tmp_path / "store/releases/RVU26A/r1/manifest.json").read_text())["files"]
               if file["path"] == "tables/payments.csv")
    assert ask(database, "SELECT count(*) FROM fee_schedule.payments") == [(file["rows"],)]
    ((payment,),) = ask(database, "SELECT payment FROM fee_schedule.payments WHERE code = '99213' AND mac = '01112' "
                                  "AND locality = '05' AND setting = 'nonfacility' AND track = 'non_qp'")
    assert str(payment) == "117.58", "CMS's own payment file has 117.58"


@pytest.mark.parametrize("path, old, new, is_hashed, said", [
    ("tables/relative_values.csv", b"99213", b"99214", False, "its SHA-256"),
    ("tables/relative_values.csv", b",1.30,", b",1.305,", True, "work is '1.305'"),
    ("tables/provenance.csv", b"relative_values,99213", b"relative_values\t,99213", False, "its SHA-256"),
    ("tables/opps_caps.csv", b"74170,", b"74171,", True, "foreign key"),
    ("tables/questions.csv", b",2,", b",1,", True, "duplicate key"),
])
def test_a_revision_that_is_wrong_leaves_nothing_behind(path, old, new, is_hashed, said, store, database):
    revision = store / "releases" / "RVU26A" / "r1"
    change(revision, path, old, new)
    if is_hashed:
        set_hash(revision, path)
    refused = load(store, database)
    assert refused.returncode == 2 and said in refused.stderr and "Traceback" not in refused.stderr, refused.stderr
    assert refused.stdout == "" and tables_of(database) == []


def test_a_revision_that_is_loaded_with_another_content_is_refused(store, database):
    done(load(store, database))
    before = marks(database)
    manifest = store / "releases/RVU26A/r1/manifest.json"
    content = manifest.read_text()
    manifest.chmod(0o644)
    manifest.write_text(content + "\n")
    refused = load(store, database)
    assert refused.returncode == 2 and "a revision never changes" in refused.stderr
    assert marks(database) == before


def test_a_server_of_ones_own_is_made_started_and_stopped(samples):
    folder = Path(tempfile.mkdtemp(prefix="ingest-postgres-"))
    try:
        for said in ("loaded", "unchanged"):
            result = script("load-postgres", "--store", samples.store, "--server", folder)
            assert done(result) == f"RVU26A-r1 {said}\n"
            assert not (folder / "data" / "postmaster.pid").exists(), "PostgreSQL still runs"
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("arguments, code", [
    (["--database", "x"], 64), (["--store", "{store}"], 64), (["--store", "{store}", "--database", "x", "--server", "y"], 64),
    (["--store", "nowhere", "--database", "host=/nonexistent"], 69), (["--store", "{store}", "--database", "host=/nonexistent"], 69),
    (["--store", "{store}", "--server", "/proc/x"], 73)])
def test_exit_codes_are_those_of_the_program(arguments, code, samples, tmp_path):
    arguments = [one.replace("{store}", str(samples.store)) for one in arguments]
    result = subprocess.run([sys.executable, SCRIPTS / "load-postgres", *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == code and result.stdout == "", result.stderr
    assert "error" in result.stderr and "Traceback" not in result.stderr
