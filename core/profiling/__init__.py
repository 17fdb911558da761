"""What a table looks like and what is odd about it: figures, relations, findings, outliers, and the target."""
