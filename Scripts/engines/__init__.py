"""A published store in other engines: Parquet, PostgreSQL, and the same questions to DuckDB and Spark."""
