"""The function that submits a job for each file that arrives below incoming/."""
