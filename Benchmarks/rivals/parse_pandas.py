#!/usr/bin/env python3
"""The CSV tables of one of CMS's archives as typed columns, with pandas: parse_pandas.py ARCHIVE

Codes and marks are text, amounts whole numbers of their last place. Prints row counts and column sums as JSON.
"""

import io
import json
import sys

import pandas as pd
from layouts import MARKS, members


def read(data, columns):
    amounts = {name: places for name, places in columns if places is not None}
    is_small = columns[0][0] == "mac"
    frame = pd.read_csv(
        io.BytesIO(data),
        header=None,
        names=[name for name, _ in columns],
        keep_default_na=False,
        na_filter=False,
        dtype={name: "float64" if places is not None and not is_small else str for name, places in columns},
    )
    if is_small:
        # Tables of localities have spacers and footnotes.
        frame = frame[frame["mac"].str[:1].str.isdigit()].copy()
    for name, places in amounts.items():
        # A double holds such an amount to far more than its last place, so the rounding is exact.
        frame[name] = ((pd.to_numeric(frame[name]) if is_small else frame[name]) * 10**places).round().astype("int64")
    return frame


def main():
    numbers = {}
    for table, columns, data in members(sys.argv[1]):
        frame = read(data, columns)
        numbers[f"{table}_rows"] = len(frame)
        for name, places in columns:
            if places is not None:
                numbers[name] = int(frame[name].sum())
            elif table == "pprrvu" and name in MARKS:
                numbers[MARKS[name] or name] = int((frame[name].str.strip() != "").sum())
    print(json.dumps({"numbers": numbers}))


main()
