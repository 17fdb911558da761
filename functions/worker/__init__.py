"""The function that carries out jobs."""
