"""What the tests of the SQL engines share: running the scripts, and what the tables hold by Python's csv and decimal alone."""

import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from support import REPO, SCHEMAS, environment, sha256

SCRIPTS = REPO / "Scripts"
sys.path.append(str(SCRIPTS))
QUERIES = sorted((REPO / "samples" / "queries").glob("*.sql"))
#: Of every table: the numbers that are summed, exactly, and compared between engines.
COMPONENTS = {
    "relative_values": ["work", "pe_nonfacility", "pe_facility", "mp", "total_nonfacility", "total_facility",
                        "opps_pe_nonfacility", "opps_pe_facility", "opps_mp"],
    "localities": ["gpci_work", "gpci_pe", "gpci_mp"],
    "opps_caps": ["facility", "nonfacility"],
    "conversion_factors": ["conversion_factor"],
    "drug_payment_limits": ["payment_limit", "coinsurance"],
    "drug_products": ["package_size", "billing_units"],
}


def script(name, *arguments, timeout=600, **changes):
    """Runs a script in this interpreter, which has the packages."""
    return subprocess.run(
        [sys.executable, str(SCRIPTS / name), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
        env=environment(**changes))


def done(result):
    assert result.returncode == 0, f"{' '.join(map(str, result.args))}\n{result.stderr}"
    return result.stdout


def dictionary():
    """Type, places, key and need of each column, in order, by table: Schemas/dataset/tables.csv."""
    tables = {}
    with open(SCHEMAS / "dataset" / "tables.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            tables.setdefault(row["table"], {})[row["column"]] = row
    return tables


def sql_type(row):
    if row["type"] == "decimal":
        return f"DECIMAL(12,{row['places']})" if row["places"] else "DECIMAL(18,6)"
    return {"integer": "INTEGER", "boolean": "BOOLEAN", "date": "DATE", "string": "VARCHAR", "list": "VARCHAR"}[row["type"]]


def table_names(revision):
    return sorted(path.stem for path in (revision / "tables").glob("*.csv"))


def csv_rows(revision, table):
    """A table's rows as text, with the header."""
    with open(revision / "tables" / f"{table}.csv", encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        return next(reader), list(reader)


def csv_sums(store):
    """Rows of every table and the exact sum of each component, by release and table."""
    found = {}
    for revision in sorted((store / "releases").glob("*/r*")):
        for table in table_names(revision):
            header, rows = csv_rows(revision, table)
            sums = []
            for name in COMPONENTS.get(table, ()):
                at = header.index(name)
                sums.append(sum((Decimal(row[at]) for row in rows if row[at]), Decimal(0)))
            found[revision.parent.name, table] = [Decimal(len(rows)), *sums]
    return found


def sums_sql(table, name):
    """Rows and sums by release, for an engine where the table is called `name`."""
    columns = "".join(f", SUM({column})" for column in COMPONENTS.get(table, ()))
    return f"SELECT release, COUNT(*){columns} FROM {name} GROUP BY release"


class Databases:
    """Databases of one PostgreSQL, each made empty."""

    def __init__(self, server):
        self.server = server

    def database(self, name):
        import psycopg

        with psycopg.connect(self.server.conninfo, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.server.conninfo.replace("dbname=postgres", f"dbname={name}")


def postgres_program(name):
    """One of PostgreSQL's own programs, of the version that is started."""
    from engines.postgres import Server

    return Server._find().parent / name


@contextlib.contextmanager
def postgres_server():
    """PostgreSQL as Scripts/load-postgres starts it. In a folder that its own user reaches: pytest's are for one user."""
    folder = tempfile.mkdtemp(prefix="ingest-postgres-")
    from engines.postgres import Server

    try:
        with Server(folder, "fsync=off", "full_page_writes=off") as server:
            yield Databases(server)
    finally:
        shutil.rmtree(folder)


def inodes(folder):
    """Identity and hash of each file: what changes when it is written anew."""
    return {str(path.relative_to(folder)): (path.stat().st_ino, sha256(path.read_bytes()))
            for path in sorted(Path(folder).rglob("*.parquet"))}


def set_hash(revision, path):
    """Writes a changed file's hash and bytes into the manifest: somebody who publishes wrong data, not a bad disk."""
    manifest = revision / "manifest.json"
    content = json.loads(manifest.read_text())
    for file in content["files"]:
        if file["path"] == path:
            data = (revision / path).read_bytes()
            file["sha256"], file["bytes"] = sha256(data), len(data)
    os.chmod(manifest, 0o644)
    manifest.write_text(json.dumps(content))


def change(revision, path, old, new):
    """Changes bytes of a published file, once."""
    file = revision / path
    data = file.read_bytes()
    assert old in data
    os.chmod(file, 0o644)
    file.write_bytes(data.replace(old, new, 1))
