"""The function that takes the upload of a CSV."""
