"""The function that does jobs."""
