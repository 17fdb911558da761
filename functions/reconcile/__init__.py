"""The function that looks every few minutes for lost events and silent jobs."""
