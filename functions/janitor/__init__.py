"""The function that cleans up once a day."""
