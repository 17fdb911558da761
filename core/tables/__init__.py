"""From CSV bytes to a typed table: decoding, dialect, type inference and the Parquet file. Heavy: needs Arrow."""
