"""The function that predicts."""
