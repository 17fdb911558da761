"""Write rows to files: CSV, Excel and JSON. Light."""
