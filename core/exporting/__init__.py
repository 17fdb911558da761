"""Predictions as files: CSV, Excel and JSON."""
