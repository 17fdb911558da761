"""The function behind `/` and `/system/status`."""
