"""The function that shows and manages models."""
