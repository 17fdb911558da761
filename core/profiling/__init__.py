"""Profile a table: statistics, correlations, findings, outliers and relations to the target. Heavy."""
