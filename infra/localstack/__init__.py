"""The deployment into a LocalStack that starts: its init hook, and the program that the hook runs."""
