"""Use cases of one request: predict rows, and export them with their predictions. Light."""
