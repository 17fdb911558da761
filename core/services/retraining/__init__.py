"""The retraining of a series: check a new file, train a challenger, decide and report. Heavy."""
