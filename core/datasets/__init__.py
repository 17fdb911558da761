"""What can be done with a dataset: sent, ingested, looked at, cleaned, given back."""
