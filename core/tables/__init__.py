"""CSV in: decoding, dialect, kinds of columns, the typed table, and the packed columns that light functions read."""
