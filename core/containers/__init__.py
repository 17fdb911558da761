"""Read the table of a container (workbook, Parquet, JSON, zip or gzip) as a canonical text. Loaded for these alone."""
