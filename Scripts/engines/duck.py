"""DuckDB: the Parquet tables of a folder, in this process."""

from pathlib import Path

from . import parquet


class DuckDB:
    packages = ("duckdb",)

    def __init__(self, folder):
        self.folder = Path(folder)

    def __enter__(self):
        self.database = parquet.connect()
        return self

    def __exit__(self, *_):
        self.database.close()

    def open(self, table):
        files = str(self.folder / table / "*" / parquet.PART)
        self.database.execute(
            f"CREATE OR REPLACE VIEW {parquet.quoted(table)} AS SELECT * FROM read_parquet({parquet.literal(files)}, "
            "hive_partitioning = true, hive_types = {'release': 'VARCHAR'}, union_by_name = true)")

    def ask(self, sql):
        """Names of the columns, and the rows as Python's values."""
        found = self.database.execute(sql)
        return [column[0] for column in found.description], found.fetchall()
