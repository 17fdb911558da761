"""Contributions of columns to a prediction: Shapley values, computed from the compiled graph. Light."""
