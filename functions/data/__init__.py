"""The function that shows and manages datasets."""
