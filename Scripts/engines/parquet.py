"""A store as Parquet: OUT/TABLE/release=LABEL/part.parquet, one file for each table of each release.

A release is written aside in full, then put in place by one rename (`.ready-LABEL`, the commit) and one more for each
table. Whoever comes after an interruption finishes what was committed and throws away what was not. Readers see each
file whole, the old one or the new one.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from . import payments
from .dataset import RELEASES, check
from .environment import BAD_DATA, CANNOT_WRITE, Failure, say

#: A new number writes every release anew: what the files hold for the same manifest has changed.
FORM = 1
STAGING, READY = ".staging-", ".ready-"
PART = "part.parquet"
MEMORY = "2GB"
#: Values that a row group holds: small enough that a question about one code skips most of a table.
ROW_GROUP = 122_880


def connect():
    import duckdb

    return duckdb.connect(config={
        "memory_limit": MEMORY, "preserve_insertion_order": True, "autoinstall_known_extensions": False,
        "temp_directory": str(Path(tempfile.gettempdir()) / f"ingest-duckdb-{os.getpid()}")})


def literal(value):
    return "NULL" if value is None else str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


@contextlib.contextmanager
def opened(out):
    """The folder, held against a second writer, with what an interrupted one left finished or thrown away."""
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()) and not (out / ".lock").exists():
            raise Failure(CANNOT_WRITE, f"{out} holds other files; name a new folder with --out")
        with open(out / ".lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Failure(CANNOT_WRITE, f"{out} is being written by another run; wait for its end") from None
            for left in sorted(out.glob(f"{READY}*")):
                say(f"finishing {left.name.removeprefix(READY)}, which was interrupted")
                put_in_place(out, left.name.removeprefix(READY))
            for left in out.glob(f"{STAGING}*"):
                shutil.rmtree(left)
            yield out
    except OSError as error:
        raise Failure(CANNOT_WRITE, f"{error.filename or out} cannot be written: {error.strerror}; is there room?") from None


def write(revision, out, with_payments=False):
    """Writes a revision's partitions. Returns written, replaced or unchanged."""
    database = connect()
    before = known(database, out / "releases" / f"release={revision.label}" / PART)
    tables = list(revision.tables)
    is_computed = with_payments and "payments" not in {table.name for table in tables} and payments.can_be_computed(revision)
    facts = revision.facts | {"payments": "computed" if is_computed else None, "form": FORM}
    if before is not None and before == {name: str(value) for name, value in facts.items() if value is not None}:
        return "unchanged"
    for other in sorted((out / "releases").glob(f"release=*/{PART}")):
        tier = known(database, other)["tier"]
        if tier != facts["tier"] and other.parent.name != f"release={revision.label}":
            raise Failure(BAD_DATA, f"{revision} is of the {facts['tier']} tier, {other.parent.name} of the {tier} one; "
                                    "name another --out for it")
    staging = out / f"{STAGING}{revision.label}"
    try:
        for table in tables:
            check(table)
            load(database, table)
            write_table(database, table, revision, staging)
        if is_computed:
            write_table(database, payments.compute(database, revision), revision, staging)
        write_releases(database, revision, facts, staging)
        for folder in (*staging.iterdir(), staging):
            synced(folder)
        os.rename(staging, out / f"{READY}{revision.label}")
    except BaseException as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise said(error, revision) or error
    finally:
        database.close()
    synced(out)
    put_in_place(out, revision.label)
    return "replaced" if before else "written"


def said(error, revision):
    """An error of DuckDB's with where and what to try; `None` for any other."""
    import duckdb

    if not isinstance(error, duckdb.Error):
        return None
    is_disk = isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException))
    hint = "is there room on the disk?" if is_disk else "is it of another version?"
    return Failure(CANNOT_WRITE if is_disk else BAD_DATA, f"{revision}: {' '.join(str(error).split())}; {hint} Nothing was written")


def remove(label, out):
    """Takes a release away whose every revision was withdrawn. Returns whether it was there."""
    if not (out / "releases" / f"release={label}").exists():
        return False
    (out / f"{READY}{label}").mkdir()
    put_in_place(out, label)
    return True


def load(database, table):
    """The CSV as a table with the types of its columns. What the types would round, `check` has refused."""
    names = "{" + ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in table.columns) + "}"
    database.execute(
        f"CREATE TABLE {quoted(table.name)} AS SELECT {', '.join(map(value_of, table.columns))} FROM read_csv("
        f"{literal(table.path)}, header = true, auto_detect = false, columns = {names}, delim = ',', quote = '\"', "
        "escape = '\"', nullstr = '', max_line_size = 16777216)")


def value_of(column):
    name = quoted(column.name)
    if column.kind == "text":
        return f"coalesce({name}, '') AS {name}" if column.is_never_null else name
    return f"CAST({name} AS {column.type}) AS {name}"


def write_table(database, table, revision, staging):
    columns = ", ".join(quoted(column.name) for column in table.columns)
    rows = write_file(
        database, f"SELECT CAST({revision.number} AS INTEGER) AS revision, {columns} FROM {quoted(table.name)}",
        staging, table.name)
    if rows != table.rows:
        raise Failure(BAD_DATA, f"{table.path}: DuckDB reads {rows} rows, manifest.json says {table.rows}")


def write_releases(database, revision, facts, staging):
    columns = ", ".join(f"CAST({literal(facts[column.name])} AS {column.type}) AS {column.name}" for column in RELEASES.columns)
    metadata = {name: str(value) for name, value in facts.items() if value is not None}
    write_file(database, f"SELECT {columns}", staging, "releases", metadata)


def write_file(database, select, staging, table, metadata=None):
    """One Parquet file below `staging`, synced to disk. Returns its rows."""
    folder = staging / table
    folder.mkdir(parents=True)
    more = f", KV_METADATA {{{', '.join(f'{name}: {literal(value)}' for name, value in metadata.items())}}}" if metadata else ""
    path = folder / PART
    (rows,) = database.execute(
        f"COPY ({select}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}{more})").fetchone()
    synced(path)
    synced(folder)
    return rows


def known(database, path):
    """What the release's file was written from, see `facts` in `write`; `None` when it is not there."""
    if not path.exists():
        return None
    rows = database.execute(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata({literal(path)})").fetchall()
    return dict(rows)


def put_in_place(out, label):
    """What was committed replaces the release's partitions; a table that the revision lacks has none any more."""
    ready = out / f"{READY}{label}"
    staged = {path.name for path in ready.iterdir()}
    # `releases` is the last: its file names the revision whose files are all there.
    for name in sorted(staged, key=lambda name: (name == "releases", name)):
        folder = out / name / f"release={label}"
        folder.mkdir(parents=True, exist_ok=True)
        if (ready / name / PART).exists():
            os.replace(ready / name / PART, folder / PART)
        synced(folder)
        synced(out / name)
    for folder in sorted(out.glob(f"*/release={label}")):
        if folder.parent.name not in staged:
            shutil.rmtree(folder)
            with contextlib.suppress(OSError):
                folder.parent.rmdir()
    synced(out)
    shutil.rmtree(ready)


def synced(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def tables_in(out):
    """The tables that are there, by name."""
    return sorted(path.name for path in Path(out).iterdir() if path.is_dir() and any(path.glob(f"release=*/{PART}")))
