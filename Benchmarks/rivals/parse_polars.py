#!/usr/bin/env python3
"""The CSV tables of one of CMS's archives as typed columns, with polars: parse_polars.py ARCHIVE

Codes and marks are text, amounts decimals, read as such by polars's own multi-threaded reader. Prints row counts and
column sums, in their last place, as JSON.
"""

import json
import sys

import polars as pl
from layouts import MARKS, members


def read(data, columns):
    """Lazily: nothing is read before all tables are collected together."""
    is_small = columns[0][0] == "mac"
    types = {name: pl.String if places is None else pl.Decimal(12, places) for name, places in columns}
    # Tables of localities have spacers, footnotes and blanks behind amounts.
    schema = dict.fromkeys(types, pl.String) if is_small else types
    frame = pl.scan_csv(data, has_header=False, schema=schema, truncate_ragged_lines=True)
    if is_small:
        amounts = [pl.col(name).str.strip_chars().cast(kind) for name, kind in types.items() if kind != pl.String]
        frame = frame.filter(pl.col("mac").str.contains(r"^\d")).with_columns(amounts)
    return frame


def main():
    tables = [(table, columns, read(data, columns)) for table, columns, data in members(sys.argv[1])]
    numbers = {}
    for (table, columns, _), frame in zip(tables, pl.collect_all([frame for _, _, frame in tables])):
        numbers[f"{table}_rows"] = len(frame)
        for name, places in columns:
            if places is not None:
                numbers[name] = int(frame[name].sum().scaleb(places))
            elif table == "pprrvu" and name in MARKS:
                numbers[MARKS[name] or name] = int((frame[name].fill_null("").str.strip_chars(" ") != "").sum())
    print(json.dumps({"numbers": numbers}))


main()
