"""How Regatta gets into a LocalStack that starts: its init hook and what that runs."""
