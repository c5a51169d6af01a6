#!/usr/bin/env python3
"""The CSV tables of one of CMS's archives as typed columns, with DuckDB: parse_duckdb.py ARCHIVE

Codes and marks are VARCHAR, amounts DECIMAL, in tables of a database in memory. DuckDB reads files, so the members lie
in a temporary folder (in memory, where the system has one). Prints row counts and column sums as JSON.
"""

import json
import os
import sys
import tempfile

import duckdb
from layouts import MARKS, members


def main():
    numbers = {}
    connection = duckdb.connect()
    shared = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        for table, columns, data in members(sys.argv[1]):
            path = os.path.join(folder, table)
            with open(path, "wb") as file:
                file.write(data)
            types = {name: "VARCHAR" if places is None else f"DECIMAL(12,{places})" for name, places in columns}
            # Spacers and footnotes.
            rows = "WHERE mac SIMILAR TO '[0-9].*'" if columns[0][0] == "mac" else ""
            connection.execute(
                f"CREATE TABLE {table} AS SELECT * FROM read_csv(?, columns = {types}, header = false,"
                " auto_detect = false,"
                f" delim = ',', quote = '\"', escape = '\"', new_line = '\\r\\n', null_padding = true) {rows}",
                [path],
            )
            wanted = ["count(*)"]
            names = [f"{table}_rows"]
            for name, places in columns:
                if places is not None:
                    wanted.append(f"CAST(sum({name}) * {10**places} AS BIGINT)")
                    names.append(name)
                elif table == "pprrvu" and name in MARKS:
                    wanted.append(f"count(*) FILTER (trim({name}) <> '')")
                    names.append(MARKS[name] or name)
            numbers |= zip(names, connection.execute(f"SELECT {', '.join(wanted)} FROM {table}").fetchone())
    print(json.dumps({"numbers": numbers}))


main()
