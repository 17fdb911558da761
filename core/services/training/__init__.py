"""Use cases that make models: train, compare, search, refit and reproduce. Heavy."""
