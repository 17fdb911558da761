"""The function that shows and manages what was uploaded."""
