"""The function that predicts into a file."""
