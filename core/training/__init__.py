"""What makes models of datasets: one, several side by side, raced for a time, and the same again."""
