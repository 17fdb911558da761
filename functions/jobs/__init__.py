"""The function that shows, cancels and retries jobs."""
