"""Training and searching: the portfolio, its scheduler and forecasts, halving, ensembles and refitting."""
