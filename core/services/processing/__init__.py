"""Use cases that need a whole table: ingest, process and download. Heavy."""
