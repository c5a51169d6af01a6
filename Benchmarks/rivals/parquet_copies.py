#!/usr/bin/env python3
"""Partitions of real releases under the labels of others: parquet_copies.py OUT LABELS.json

OUT holds releases as Scripts/to-parquet writes them. LABELS.json lists [label, first day, last day, label of the source].
A partition says which release it is of by its folder's name alone, so that copies are the same bytes; only `releases`, one
row, is written anew with the days of its label. The sources are taken away at the end, unless a label is their own.
"""

import json
import shutil
import sys
from pathlib import Path

import duckdb


def main():
    out, labels = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    for table in sorted(path for path in out.iterdir() if path.is_dir()):
        for label, first, last, source in labels:
            old, new = table / f"release={source}", table / f"release={label}"
            if table.name == "releases":
                new.mkdir(exist_ok=True)
                duckdb.execute(
                    f"COPY (SELECT * REPLACE (DATE '{first}' AS effective_from, DATE '{last}' AS effective_to) FROM "
                    f"read_parquet('{old}/part.parquet', hive_partitioning = false)) TO '{new}/aside' (FORMAT parquet)")
                (new / "aside").rename(new / "part.parquet")
            elif old.is_dir() and old != new:
                shutil.copytree(old, new)
    for source in {source for *_, source in labels} - {label for label, *_ in labels}:
        for folder in out.glob(f"*/release={source}"):
            shutil.rmtree(folder)


main()
