#!/usr/bin/env python3
"""The full-text query that an app would make, with Python's sqlite3: search_sqlite.py DATABASE QUERY"""

import sqlite3
import sys

database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
for (code,) in database.execute(
    "SELECT codes.code FROM search JOIN codes ON codes.rowid = search.rowid WHERE search MATCH ?"
    " ORDER BY bm25(search, 20, 8, 4, 1, 8, 2, 8), codes.code LIMIT 20",
    (sys.argv[2],),
):
    print(code)
