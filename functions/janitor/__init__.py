"""The function that tidies up once a day."""
