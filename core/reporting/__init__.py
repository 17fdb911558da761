"""What is known of a dataset as one HTML page: no script, and nothing that is loaded from elsewhere."""
