"""The function that takes a CSV."""
