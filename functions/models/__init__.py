"""The function that tells what models there are."""
