"""The function that tells how far jobs are."""
