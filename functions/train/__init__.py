"""The function that trains models."""
