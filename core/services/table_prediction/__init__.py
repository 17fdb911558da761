"""Predictions for a stored table of any size, as a job. Heavy: needs Arrow."""
