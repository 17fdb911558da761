"""The function for use cases that need a whole table."""
