"""The function that chooses how a table is cleaned."""
