"""The function that exports predictions as a file."""
