"""The function behind `/`, `/system/status` and the documentation."""
